"""Many cells at a time are what each of them is alone."""

import functools

import jax
import numpy as np
import pytest
from spinebook.neurons import State, simulate

from tests import tolerances
from tests.neurons.cells import DENSITIES, branched, rest

pytestmark = pytest.mark.usefixtures("float64")
NEURON, STEPS = branched(), 80
RNG = np.random.default_rng(0)
# Seventeen cells that differ in all that may differ, the currents strong enough for spikes.
DENSITY = DENSITIES[..., None] * RNG.uniform(0.7, 1.3, (3, 10, 17))
STIMULI = RNG.uniform(0, 5, (STEPS, 2, 17))
START = rest(NEURON, RNG.uniform(-80, -60, 17), (17,))
run = functools.partial(simulate, NEURON, sites=[0, 8], record=[0, 9])
close = functools.partial(
    np.testing.assert_allclose, rtol=0, atol=tolerances.NEURONS_SIMULATE_SPIKE_MV
)


def start_of(which):
    return State(START.v_mV[:, which], tuple(gates[:, :, which] for gates in START.gates))


@pytest.fixture(scope="module")
def alone():
    """The voltages of each cell by itself; one program serves all."""
    with jax.enable_x64(True):
        runs = [
            run(DENSITY[..., cell], STIMULI[..., cell], initial=start_of(cell)).v_mV
            for cell in range(17)
        ]
        return np.stack(runs, axis=-1)


@pytest.mark.parametrize(
    "count",
    [pytest.param(1, marks=pytest.mark.slow), 3, 8, pytest.param(9, marks=pytest.mark.slow), 17],
)
def test_cells_at_a_time_are_cells_alone__property(count, alone):
    """Four cells fill a row in float64: rows in part, in full, and one cell more."""
    which = slice(17 - count, 17)
    found = run(DENSITY[..., which], STIMULI[..., which], initial=start_of(which))
    assert found.final.v_mV.shape == (10, count)
    assert (alone.max((0, 1)) > 20).sum() > 8
    close(found.v_mV, alone[..., which])


def test_two_axes_broadcast__property():
    """Densities of three seeds, stimuli of four kinds, starts of each pair or of all."""
    densities, stimuli = DENSITY[..., :3, None], STIMULI[..., None, :4]
    grid = (3, 4)
    whole = run(
        np.broadcast_to(densities, (3, 10, *grid)), np.broadcast_to(stimuli, (STEPS, 2, *grid))
    )
    assert whole.v_mV.shape == (STEPS + 1, 2, *grid)
    close(run(densities, stimuli).v_mV, whole.v_mV)
    # As in NumPy, an axis that is not there is one of length 1 in front.
    close(run(densities, STIMULI[..., :4]).v_mV, whole.v_mV)
    for seed, kind in ((0, 3), (2, 1)):
        single = run(DENSITY[..., seed], STIMULI[..., kind])
        close(whole.v_mV[..., seed, kind], single.v_mV)
        close(whole.final.v_mV[:, seed, kind], single.final.v_mV)
        for gates, expected in zip(whole.final.gates, single.final.gates, strict=True):
            close(gates[:, :, seed, kind], expected)


def test_only_the_start_differs__property(alone):
    """Cells of the state alone; densities and stimuli have none."""
    found = run(DENSITY[..., 0], STIMULI[..., 0], initial=start_of(slice(0, 3)))
    assert found.v_mV.shape == (STEPS + 1, 2, 3)
    close(found.v_mV[..., 0], alone[..., 0])
    assert np.ptp(found.v_mV[10], axis=-1).min() > 0.1


def test_mapped_over_cells_it_is_the_same__property(alone):
    mapped = jax.vmap(
        lambda densities, stimuli, start: run(densities, stimuli, initial=start).v_mV,
        in_axes=(-1, -1, -1),
        out_axes=-1,
    )
    which = slice(0, 3)
    found = mapped(DENSITY[..., which], STIMULI[..., which], start_of(which))
    close(found, alone[..., which])


def test_one_neuron_serves_both_precisions_inside_compiled_functions__property():
    """JAX must not meet the float64 arrays of the graph themselves, which it would remember."""
    neuron = branched()
    current = np.zeros((3, 1))

    def last(densities):
        return simulate(neuron, densities, current, sites=[0], record=[1], dt_ms=0.025).v_mV[-1, 0]

    fine = jax.jit(last)(np.asarray(DENSITIES))
    with jax.enable_x64(False):
        coarse = jax.jit(last)(np.asarray(DENSITIES, np.float32))
    assert fine.dtype == np.float64
    assert coarse.dtype == np.float32
    np.testing.assert_allclose(coarse, fine, atol=tolerances.NEURONS_SIMULATE_FLOAT32_MV)
