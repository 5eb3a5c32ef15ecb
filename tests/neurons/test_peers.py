"""NEURON and Jaxley on the same cells: the same voltages, the same gradients.

Written against NEURON 9.0.2 and Jaxley 0.14.0, of the group ``bench``; without them these tests are
skipped. Both take the same steps, gates by exponential Euler and then the voltage by backward
Euler, so what is left are roundings. Branches start at the end of the soma: NEURON has a node there
and would move other attachments to the nearest one.
"""

import os
import warnings
from importlib.util import find_spec

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from spinebook.neurons import locate, simulate

from benchmarks import neurons_peers as peers
from tests.tolerances import NEURONS_PEERS_SLOPE, NEURONS_PEERS_VOLTAGE

STEPS = 800
both_shapes = pytest.mark.parametrize("shape", peers.SHAPES.values(), ids=peers.SHAPES)

os.environ.setdefault("NEURON_MODULE_OPTIONS", "-nogui")  # no message about a missing display
with warnings.catch_warnings():  # their own deprecations are not ours to answer for
    warnings.simplefilter("ignore")
    for name in ("neuron", "jaxley"):
        if find_spec(name):
            __import__(name)

needs_neuron = pytest.mark.skipif(
    not find_spec("neuron"), reason="NEURON is not installed (make bench)"
)
needs_jaxley = pytest.mark.skipif(
    not find_spec("jaxley"), reason="Jaxley is not installed (make bench)"
)


def ours(shape):
    """A function from densities to voltages of the first and the last compartment."""
    neuron, densities = peers.ours(shape)
    stimuli = jnp.asarray(peers.pulse(shape, STEPS))[:, None]
    ends = [0, locate(neuron.graph, len(shape.parents) - 1, 1.0)]

    def voltages(densities):
        run = simulate(neuron, densities, stimuli, sites=[0], record=ends, dt_ms=peers.DT_MS)
        return run.v_mV

    return voltages, densities


def by_neuron(shape):
    """NEURON's voltages, with exact rates in place of its table."""
    h, _parts, traces = peers.neuron_cell(shape, table=False)
    h.finitialize(-65.0)
    for _ in range(STEPS):
        h.fadvance()
    return np.array(traces).T


def by_jaxley(shape):
    """A function from Jaxley's parameters to its voltages, and the parameters."""
    import jaxley

    cell, parameters = peers.jaxley(shape, STEPS, both_ends=True)

    def voltages(parameters):
        run = jaxley.integrate(cell, parameters, delta_t=peers.DT_MS, checkpoint_lengths=[28, 29])
        return run.T

    return voltages, parameters


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
