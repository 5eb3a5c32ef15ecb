"""The adaptive solver against SciPy's, and the fixed steps against it."""

import inspect
import sys

import numpy as np
import pytest
from spinebook.neurons import Neuron, graph_compartments, simulate, simulate_adaptive

from tests import tolerances
from tests.neurons.cells import DENSITIES, SQUID, Squid, branched, rest

NEURON, SITES, NODES = branched(), [0, 3], list(range(10))
# Five rows of 1 ms: a spike from the root, and a current into a fork. They jump four times.
ROWS = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 0.2], [-0.5, 0.2], [0.0, 0.0]])
STIMULI = np.repeat(ROWS, 10, axis=0)


def adaptive(**changes):
    """All tests have arrays of the same shapes, for compiling takes seconds."""
    arguments = {"densities_mS_cm2": DENSITIES, "stimuli_nA": STIMULI, "dt_ms": 0.1}
    arguments |= {"sites": SITES, "record": NODES} | changes
    return inspect.unwrap(simulate_adaptive)(NEURON, **arguments)


@pytest.fixture(scope="module")
def expected():
    currents = np.zeros((5, 10))
    currents[:, SITES] = ROWS
    return Squid(NEURON).solve(currents, np.arange(6.0), 0.1 * np.arange(51))


@pytest.mark.slow
def test_a_spike_under_jumping_currents__independent_package(expected):
    """SciPy restarts LSODA at each jump; NumPy eliminates the forks and has its own rates."""
    errors = [
        np.abs(np.asarray(adaptive(rtol=tolerance, atol=tolerance).v_mV) - expected).max()
        for tolerance in (1e-6, 1e-8)
    ]
    assert expected.max() > 20
    assert errors[1] < tolerances.NEURONS_REFERENCE_MV
    assert errors[0] > 20 * errors[1]


@pytest.mark.slow
def test_it_runs_in_float64_for_any_caller__property():
    run = adaptive()
    assert run.t_ms.dtype == run.v_mV.dtype == run.final.v_mV.dtype == np.float64
    np.testing.assert_allclose(
        np.asarray(run.final.v_mV), np.asarray(run.v_mV)[-1], rtol=tolerances.NEURONS_REFERENCE_END
    )
    assert [gates.shape for gates in run.final.gates] == [(2, 10), (1, 10), (0, 10)]


def test_it_starts_from_a_state_whatever_its_forks_have__property(expected):
    voltages = np.full(10, -65.0)
    voltages[[1, 3, 5]] = 0.0
    state = rest(NEURON, voltages)
    found = np.asarray(adaptive(initial=state).v_mV)
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerances.NEURONS_REFERENCE_MV)


@pytest.mark.parametrize(
    ("scheme", "order"),
    [pytest.param("backward_euler", 1, marks=pytest.mark.slow), ("crank_nicolson", 2)],
)
@pytest.mark.usefixtures("float64")
def test_fixed_steps_converge_to_it__independent_package(scheme, order):
    """The stimuli jump between steps, never within one, so that the order is kept."""
    stimuli = STIMULI * [1.0, 0.0]
    run = adaptive(stimuli_nA=stimuli, rtol=1e-10, atol=1e-10)
    errors = []
    for parts in (16, 32):
        fine = simulate(
            NEURON,
            DENSITIES,
            np.repeat(stimuli[:, :1], parts, axis=0),
            sites=SITES[:1],
            record=NODES,
            dt_ms=0.1 / parts,
            scheme=scheme,
            record_every=parts,
        )
        states = (fine.v_mV, *fine.final.gates), (run.v_mV, *run.final.gates)
        errors.append([np.abs(a - b).max(initial=0) for a, b in zip(*states, strict=True)][:3])
    ratios = np.divide(*errors)
    np.testing.assert_allclose(ratios, 2**order, rtol=tolerances.NEURONS_SIMULATE_ORDER)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"densities_mS_cm2": np.ones((3, 10, 2))}, "densities_mS_cm2 has axes of cells"),
        ({"stimuli_nA": np.ones((50, 2, 2))}, "stimuli_nA has axes of cells"),
        ({"initial": rest(NEURON, cells=(2,))}, "initial.v_mV has axes of cells"),
        ({"initial": rest(NEURON, np.nan)}, "initial.v_mV must be finite"),
        ({"initial": float("nan")}, "initial must be finite"),
        ({"t_ms": [0.0, 5.1]}, "from 0 to 5 ms"),
        ({"t_ms": [-0.1, 5.0]}, "from 0 to 5 ms"),
        ({"t_ms": 5.0}, "list of times"),
        ({"t_ms": [0.0, 2.0, 2.0]}, "must increase"),
        ({"rtol": 0.0}, "rtol must be above 0"),
        ({"atol": -1e-8}, "atol must be above 0"),
        ({"record": [10]}, "the tree ends at node 9"),
    ],
)
def test_bad_input_is_refused__property(changes, message):
    with pytest.raises(ValueError, match=message):
        adaptive(**changes)


def test_a_fork_connected_to_nothing_is_refused__property():
    graph = graph_compartments([-1, 0], 0.0)
    loose = Neuron(graph._replace(areas_um2=np.array([1e5, 0.0])), SQUID)
    with pytest.raises(ValueError, match="node 1 has neither membrane nor neighbours"):
        simulate_adaptive(loose, DENSITIES, STIMULI[:, :1], sites=[0], record=[0])


@pytest.mark.slow
def test_a_tolerance_out_of_reach_is_said__property():
    with pytest.raises(FloatingPointError, match="did not get to 5 ms"):
        adaptive(rtol=1e-17, atol=1e-17)


def test_without_diffrax_it_says_what_to_install__property(monkeypatch):
    monkeypatch.setitem(sys.modules, "diffrax", None)
    with pytest.raises(ImportError, match="pip install diffrax"):
        adaptive()
