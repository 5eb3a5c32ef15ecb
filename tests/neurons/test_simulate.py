"""The simulator against dense matrices, exact solutions and what any neuron must obey."""

import dataclasses

import jax
import numpy as np
import pytest
from scipy.linalg import expm
from spinebook.neurons import Leak, Neuron, State, graph_compartments, simulate, steady_state

from tests import tolerances
from tests.neurons.cells import DENSITIES, Squid, branched, forks, rest
from tests.neurons.passive import conductances
from tests.neurons.single_compartment import Compartment

pytestmark = pytest.mark.usefixtures("float64")
NEURON, NODES, STEPS, DT = branched(), list(range(10)), 200, 0.025
SCHEMES = ["backward_euler", "crank_nicolson"]
LEAK, REVERSAL = 0.1, -70.0
PASSIVE = branched((Leak(REVERSAL),))
# A spike from the root, and a smaller current into a twig.
STIMULI = np.zeros((STEPS, 2))
STIMULI[20:60, 0], STIMULI[100:, 1] = 3.0, 0.1
SITES = [0, 8]


def spread(stimuli, sites=SITES):
    currents = np.zeros((len(stimuli), 10))
    currents[:, sites] = stimuli
    return currents


def run(densities=DENSITIES, stimuli=STIMULI, neuron=NEURON, **changes):
    options = {"sites": SITES, "record": NODES, "dt_ms": DT} | changes
    return simulate(neuron, densities, stimuli, **options)


def passive_parts():
    graph = PASSIVE.graph
    membrane = 1e-5 * graph.areas_um2
    return membrane, conductances(graph, LEAK), membrane * LEAK * REVERSAL


def passive_start():
    """Voltages that differ; those of forks are what their neighbours make them."""
    membrane, matrix, _ = passive_parts()
    v = np.random.default_rng(1).uniform(-90, -50, 10)
    fork = membrane == 0
    v[fork] = np.linalg.solve(matrix[np.ix_(fork, fork)], -matrix[np.ix_(fork, ~fork)] @ v[~fork])
    return v


def test_passive_tree_step_by_step__brute_force():
    """Backward Euler with the dense matrix of all nodes, forks included."""
    capacitance, matrix, drive = passive_parts()
    v, expected = passive_start(), []
    implicit = np.diag(capacitance / DT) + matrix
    for current in spread(STIMULI):
        v = np.linalg.solve(implicit, capacitance / DT * v + drive + current)
        expected.append(v)
    start = State(passive_start(), (np.zeros((0, 10)),))
    found = run(np.array([[LEAK]]), neuron=PASSIVE, initial=start).v_mV
    np.testing.assert_allclose(found[1:], expected, rtol=tolerances.NEURONS_SIMULATE_DISCRETE)


@pytest.mark.parametrize(("scheme", "order"), [("backward_euler", 1), ("crank_nicolson", 2)])
def test_passive_tree_converges_to_its_exponential__closed_form(scheme, order):
    """v' = -C^-1 (S v - b), where S is the Schur complement over the forks."""
    capacitance, matrix, drive = passive_parts()
    there, fork = np.flatnonzero(capacitance), forks(PASSIVE)
    s, up = matrix[np.ix_(there, there)], matrix[np.ix_(fork, there)]
    s = s - up.T @ np.linalg.solve(matrix[np.ix_(fork, fork)], up)
    current = drive[there] + spread(np.array([[0.5, 0.0]]))[0, there]
    steady = np.linalg.solve(s, current)
    start = passive_start()
    exact = steady + expm(-s / capacitance[there, None] * STEPS / 2 * DT) @ (start[there] - steady)
    stimuli = np.tile([0.5, 0.0], (STEPS, 1))
    state = State(start, (np.zeros((0, 10)),))
    values = [
        np.asarray(
            run(np.array([[LEAK]]), stimuli, PASSIVE, initial=state, scheme=scheme, dt_ms=dt).v_mV
        )[at, there]
        for dt, at in ((DT, STEPS // 2), (DT / 2, STEPS))
    ]
    errors = [np.abs(value - exact).max() for value in values]
    assert errors[0] / errors[1] == pytest.approx(2**order, rel=tolerances.NEURONS_SIMULATE_ORDER)
    left = values[1] + (values[1] - values[0]) / (2**order - 1) - exact
    assert np.abs(left).max() < tolerances.NEURONS_SIMULATE_EXTRAPOLATED * errors[1]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_spike_step_by_step__brute_force(scheme):
    """NumPy's own rates, gates by exponential Euler, voltages by a dense solve."""
    found = run(scheme=scheme).v_mV
    assert found.max() > 20
    expected = Squid(NEURON).steps(scheme, spread(STIMULI), DT)
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerances.NEURONS_SIMULATE_SPIKE_MV)


@pytest.mark.parametrize(("scheme", "order"), [("backward_euler", 1), ("crank_nicolson", 2)])
def test_order_of_convergence__independent_package(scheme, order):
    """A spike of the whole tree against SciPy's LSODA, 2.5 ms, always 200 samples."""
    stimuli = np.tile([3.0, 0.0], (1600, 1))
    exact = Squid(NEURON).solve(spread(stimuli[:1]), [0, 2.5], DT / 2 * np.arange(201))
    assert exact.max() > 20
    errors = []
    for every in (4, 8):
        found = run(stimuli=stimuli, scheme=scheme, dt_ms=DT / 2 / every).v_mV
        errors.append(np.abs(found[: 200 * every + 1 : every] - exact).max())
    assert errors[0] / errors[1] == pytest.approx(2**order, rel=tolerances.NEURONS_SIMULATE_ORDER)


def test_uncoupled_nodes_are_cells_of_their_own__property():
    rng = np.random.default_rng(2)
    densities = DENSITIES * rng.uniform(0.5, 1.5, (3, 3))
    stimuli = rng.uniform(0, 20, (1, 3)) * np.ones((STEPS, 1))
    apart = Neuron(graph_compartments([-1, 0, 1], 0.0), NEURON.channels)
    found = run(densities, stimuli, apart, sites=[0, 1, 2], record=[0, 1, 2]).v_mV
    cells = Compartment(NEURON.channels, densities)
    states, step = [cells.at_rest(np.full(3, -65.0))], jax.jit(cells.step)
    for current in stimuli:
        states.append(step(states[-1], current, DT))
    expected = [state[0] for state in states]
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerances.NEURONS_SIMULATE_SPIKE_MV)


def test_uniform_tree_is_one_compartment__property():
    """The same current on all membrane: no axial current flows, and forks follow."""
    areas = NEURON.graph.areas_um2
    there = np.flatnonzero(areas)
    per_cm2 = np.where(np.arange(STEPS) < 40, 20.0, 0.0)[:, None]
    found = run(stimuli=1e-5 * areas[there] * per_cm2, sites=there).v_mV
    point = Neuron(graph_compartments([-1], 0.0), NEURON.channels)
    expected = run(stimuli=per_cm2, neuron=point, sites=[0], record=[0]).v_mV
    assert expected.max() > 20
    np.testing.assert_allclose(
        found, np.tile(expected, 10), rtol=0, atol=tolerances.NEURONS_SIMULATE_SPIKE_MV
    )


@pytest.mark.parametrize("scheme", SCHEMES)
def test_charge_stays_without_channels__closed_form(scheme):
    """Sum of C dv is the current times the step, for axial currents cancel."""
    found = np.asarray(run(np.zeros((3, 1)), scheme=scheme).v_mV)
    charge = (found[1:] - found[0]) @ (1e-5 * NEURON.graph.areas_um2)
    injected = DT * np.cumsum(STIMULI.sum(1))
    np.testing.assert_allclose(charge, injected, rtol=0, atol=tolerances.NEURONS_SIMULATE_CHARGE)


def test_charge_of_a_step_with_channels__closed_form():
    """C dv/dt + g phi(x) (v - E) is what went in, summed over the tree, in mid-spike."""
    before = run(stimuli=STIMULI).final._replace(v_mV=np.linspace(-60, 0, 10))
    after = run(stimuli=STIMULI[20:21], initial=before).final
    squid = Squid(NEURON)
    conductance, drive = squid.channels(np.concatenate(after.gates[:2]))
    charging = squid.capacitance * np.subtract(after.v_mV, before.v_mV) / DT
    total = charging + conductance * after.v_mV - drive
    assert total.sum() == pytest.approx(3.0, abs=tolerances.NEURONS_SIMULATE_CHARGE)


def test_numbering_of_nodes_does_not_matter__property():
    """Another order of the tree in which parents come before children."""
    order = np.array([0, 1, 4, 5, 9, 2, 8, 3, 7, 6])  # order[new] = old
    place = np.argsort(order)
    graph = NEURON.graph
    parents = np.array([-1 if old == 0 else place[graph.parents[old]] for old in order])
    renamed = graph._replace(
        parents=parents.astype(np.int32),
        areas_um2=graph.areas_um2[order],
        axial_uS=graph.axial_uS[order],
    )
    densities = DENSITIES * np.random.default_rng(3).uniform(0.5, 1.5, (3, 10))
    found = run(
        densities[:, order],
        neuron=dataclasses.replace(NEURON, graph=renamed),
        sites=place[SITES],
    ).v_mV
    expected = run(densities).v_mV[:, order]
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerances.NEURONS_SIMULATE_SPIKE_MV)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_gates_stay_shares__property(scheme):
    """Under currents that throw the voltage by hundreds of millivolts in each step."""
    rng = np.random.default_rng(4)
    stimuli = rng.normal(0, 50, (STEPS, 2, 17))
    densities = DENSITIES[..., None] * rng.uniform(0, 5, (3, 10, 17))
    result = run(densities, stimuli, scheme=scheme, dt_ms=0.25)
    assert np.ptp(result.v_mV) > 300
    for gates in result.final.gates:
        assert ((gates >= 0) & (gates <= 1)).all()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_state_goes_on__property(scheme):
    whole = run(scheme=scheme)
    first = run(stimuli=STIMULI[: STEPS // 2], scheme=scheme)
    second = run(stimuli=STIMULI[STEPS // 2 :], initial=first.final, scheme=scheme)
    joined = np.concatenate([first.v_mV, second.v_mV[1:]])
    np.testing.assert_allclose(
        whole.v_mV, joined, rtol=0, atol=tolerances.NEURONS_SIMULATE_SPIKE_MV
    )
    np.testing.assert_array_equal(first.v_mV[-1], second.v_mV[0])
    assert [gates.shape for gates in second.final.gates] == [(2, 10), (1, 10), (0, 10)]


@pytest.mark.parametrize("every", [8, STEPS])
def test_samples_are_every_so_many_steps__property(every):
    """Of the nodes in the order asked for, one of them twice."""
    whole, sparse = run(), run(record_every=every, record=[7, 0, 7])
    expected = whole.v_mV[::every, np.array([7, 0, 7])]
    np.testing.assert_allclose(
        sparse.v_mV, expected, rtol=0, atol=tolerances.NEURONS_SIMULATE_SPIKE_MV
    )
    np.testing.assert_allclose(sparse.t_ms, DT * np.arange(0, STEPS + 1, every), rtol=1e-15)


def test_start_is_steady_in_full_precision__closed_form():
    """Gates by NumPy's rates; the scalar start once passed through float32."""
    found, expected = steady_state(NEURON, -65.0), rest(NEURON)
    assert found.v_mV.dtype == np.float64
    for mine, other in zip(found.gates, expected.gates, strict=True):
        np.testing.assert_allclose(mine, other, rtol=tolerances.NEURONS_CHANNELS_CLOSED_FORM)
    np.testing.assert_array_equal(run().v_mV, run(initial=found).v_mV)


def test_float32_is_close__property():
    """Whatever comes in float32 is run in it; the spike is the same to a hundredth of a mV."""
    single = run(DENSITIES.astype("f4"), STIMULI.astype("f4"))
    assert single.v_mV.dtype == np.float32
    np.testing.assert_allclose(
        single.v_mV, run().v_mV, rtol=0, atol=tolerances.NEURONS_SIMULATE_FLOAT32_MV
    )
