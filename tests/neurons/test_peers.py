"""NEURON and Jaxley on the same cells: the same voltages, the same gradients.

Written against NEURON 9.0.2 and Jaxley 0.14.0, of the group ``bench``; without them these tests are
skipped. Both take the same steps, gates by exponential Euler and then the voltage by backward
Euler, so what is left are roundings. Branches start at the end of the soma: NEURON has a node there
and would move other attachments to the nearest one.
"""

import os
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from spinebook.neurons import (
    Leak,
    Neuron,
    PotassiumHH,
    SodiumHH,
    compartments,
    cylinders,
    locate,
    simulate,
)

from tests.tolerances import NEURONS_PEERS_SLOPE, NEURONS_PEERS_VOLTAGE

STEPS, DT_MS, RESISTIVITY_OHM_CM = 800, 0.025, 100.0
# Parents, lengths, radii (um) and numbers of compartments of sections, and the current (nA).
TREE = ([-1] + [0] * 16, [20] + [80] * 16, [10] + [1] * 16, [1] + [4] * 16, 0.8)
CABLE = ([-1], [1280], [1], [64], 0.3)
both_shapes = pytest.mark.parametrize("shape", [TREE, CABLE], ids=["tree", "cable"])

os.environ.setdefault("NEURON_MODULE_OPTIONS", "-nogui")  # no message about a missing display
with warnings.catch_warnings():  # their own deprecations are not ours to answer for
    warnings.simplefilter("ignore")
    try:
        import neuron
    except ImportError:
        neuron = None
    try:
        import jaxley
        from jaxley.channels import HH
    except ImportError:
        jaxley = None

needs_neuron = pytest.mark.skipif(neuron is None, reason="NEURON is not installed (make bench)")
needs_jaxley = pytest.mark.skipif(jaxley is None, reason="Jaxley is not installed (make bench)")


def pulse(current_nA):
    """Current from 1 to 3 ms."""
    return np.where((np.arange(STEPS) >= 40) & (np.arange(STEPS) < 120), current_nA, 0.0)


def ours(shape):
    """A function from densities to voltages of the first and the last compartment."""
    parents, lengths, radii, counts, current = shape
    graph = compartments(
        cylinders(parents, lengths, radii),
        axial_resistivity_ohm_cm=RESISTIVITY_OHM_CM,
        counts=counts,
    )
    cell = Neuron(graph, (SodiumHH(), PotassiumHH(), Leak(-54.3)))
    stimuli = jnp.asarray(pulse(current))[:, None]
    record = [0, locate(graph, len(parents) - 1, 1.0)]

    def voltages(densities):
        return simulate(cell, densities, stimuli, sites=[0], record=record, dt_ms=DT_MS).v_mV

    densities = np.repeat([[120.0], [36.0], [0.3]], cell.n_nodes, axis=1)
    return voltages, densities


def by_neuron(shape):
    """NEURON's voltages, with exact rates in place of its table."""
    parents, lengths, radii, counts, current = shape
    h = neuron.h
    sections = [h.Section(name=f"section{number}") for number in range(len(parents))]
    for number, section in enumerate(sections):
        section.L, section.diam, section.nseg = lengths[number], 2 * radii[number], counts[number]
        section.Ra, section.cm = RESISTIVITY_OHM_CM, 1.0
        section.insert("hh")
        if parents[number] >= 0:
            section.connect(sections[parents[number]](1))
    places = sections[0](0.5 / counts[0]), sections[-1](1 - 0.5 / counts[-1])
    traces = [h.Vector().record(place._ref_v) for place in places]
    stimulus = h.IClamp(places[0])
    stimulus.delay, stimulus.dur, stimulus.amp = 1.0, 2.0, current
    h.usetable_hh, h.secondorder, h.dt, h.celsius = 0, 0, DT_MS, 6.3
    h.finitialize(-65.0)
    for _ in range(STEPS):
        h.fadvance()
    return np.array(traces).T


def by_jaxley(shape):
    """A function from Jaxley's parameters to its voltages, and the parameters."""
    parents, lengths, radii, counts, current = shape
    compartment = jaxley.Compartment()
    cell = jaxley.Cell([jaxley.Branch(compartment, count) for count in counts], parents)
    for number, count in enumerate(counts):
        cell.branch(number).set("length", lengths[number] / count)
        cell.branch(number).set("radius", radii[number])
    cell.set("axial_resistivity", RESISTIVITY_OHM_CM)
    cell.set("v", -65.0)
    cell.insert(HH())
    cell.init_states()
    first, last = cell.branch(0).comp(0), cell.branch(len(counts) - 1).comp(counts[-1] - 1)
    first.stimulate(pulse(current), verbose=False)
    first.record(verbose=False)
    last.record(verbose=False)
    for name in ("gNa", "gK", "gLeak"):
        cell.branch("all").comp("all").make_trainable(f"HH_{name}", verbose=False)

    def voltages(parameters):
        run = jaxley.integrate(cell, parameters, delta_t=DT_MS, checkpoint_lengths=[28, 29])
        return run.T

    return voltages, cell.get_parameters()


def slopes_and_voltages(voltages, parameters):
    """The gradient of the last compartment's mean square above -60 mV, and the voltages."""

    def loss(parameters):
        v = voltages(parameters)
        return jnp.mean((v[:, 1] + 60.0) ** 2), v

    return jax.jit(jax.grad(loss, has_aux=True))(parameters)


@needs_neuron
@both_shapes
@pytest.mark.usefixtures("float64")
def test_voltages_of_neuron__independent_package(shape):
    voltages, densities = ours(shape)
    found = np.asarray(voltages(densities))
    assert found[:, 1].max() > 20, "no spike reached the last compartment"
    np.testing.assert_allclose(found, by_neuron(shape), rtol=0, atol=NEURONS_PEERS_VOLTAGE)


@pytest.mark.slow
@needs_jaxley
@both_shapes
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.usefixtures("float64")
def test_voltages_and_gradients_of_jaxley__independent_package(shape):
    """Slopes along the density of each channel, raised in all compartments together."""
    our_slopes, our_v = slopes_and_voltages(*ours(shape))
    their_slopes, their_v = slopes_and_voltages(*by_jaxley(shape))
    np.testing.assert_allclose(our_v, their_v, rtol=0, atol=NEURONS_PEERS_VOLTAGE)
    # Jaxley's densities are in S/cm2.
    theirs = [1e-3 * float(row.sum()) for entry in their_slopes for row in entry.values()]
    np.testing.assert_allclose(our_slopes.sum(axis=1), theirs, rtol=NEURONS_PEERS_SLOPE)
