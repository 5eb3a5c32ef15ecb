"""What the simulator refuses, and where it says a voltage was lost."""

import dataclasses
import inspect
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from spinebook.neurons import GateRates, Leak, Neuron, simulate
from spinebook.neurons.simulation_checks import check_simulation

from tests.neurons.cells import DENSITIES, branched, rest

NEURON, STEPS = branched(), 20
STIMULI = np.zeros((STEPS, 2))


def run(densities=DENSITIES, stimuli=STIMULI, neuron=NEURON, **changes):
    """By the function itself, as for a reader who runs without the shape checks of the tests."""
    options = {"sites": [0, 8], "record": [0]} | changes
    return inspect.unwrap(simulate)(neuron, densities, stimuli, **options)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scheme": "forward_euler"}, "scheme must be one of backward_euler, crank_nicolson"),
        ({"dt_ms": 2.5e-5}, "is it in s"),
        ({"dt_ms": 0.5}, "at most 0.25 ms with gated channels"),
        ({"dt_ms": float("nan")}, "dt_ms must be finite"),
        ({"dt_ms": np.array([0.025, 0.05])}, "dt_ms must be one number"),
        ({"densities": np.full((3, 1), -1.0)}, "must not be negative, got -1; .* node 0"),
        ({"densities": np.full((3, 1), 2e5)}, "1 S/cm2 is 1,000"),
        ({"densities": np.full((3, 1), np.inf)}, "densities_mS_cm2 must be finite"),
        ({"densities": np.ones((2, 1))}, r"shape \(3 channels, 10 nodes or 1, cells\)"),
        ({"densities": np.ones((3, 9))}, r"got \(3, 9\)"),
        ({"densities": np.ones(3)}, r"got \(3,\)"),
        ({"stimuli": np.zeros((STEPS, 3))}, r"shape \(steps, 2 sites, cells\)"),
        ({"stimuli": np.zeros(STEPS)}, r"shape \(steps, 2 sites, cells\)"),
        ({"stimuli": np.zeros((0, 2))}, "at least one step"),
        ({"stimuli": np.full((STEPS, 2), np.nan)}, "stimuli_nA must be finite"),
        ({"stimuli": np.full((STEPS, 2), 1000.0)}, "1 pA is 0.001 nA"),
        ({"sites": [0, 10]}, "sites has node 10, but the tree ends at node 9"),
        ({"sites": [0, -1]}, "sites must be at least 0"),
        ({"sites": [0, 0.5]}, "sites must be a whole number"),
        ({"sites": [3, 3]}, "sites must differ"),
        ({"sites": 0}, "sites must be a list of nodes"),
        ({"sites": [0, 3], "scheme": "crank_nicolson"}, "node 3, a fork without membrane"),
        ({"record": [12]}, "record has node 12"),
        ({"record": [[0]]}, "record must be a list of nodes"),
        ({"record_every": 3}, "record_every = 3 does not divide the 20 steps"),
        ({"record_every": 0}, "record_every must be at least 1"),
        ({"record_every": 2.5}, "record_every must be a whole number"),
        ({"checkpoint_steps": 0}, "checkpoint_steps must be at least 1"),
        (
            {"densities": np.ones((3, 1, 2)), "stimuli": np.zeros((STEPS, 2, 3))},
            r"do not broadcast together: densities_mS_cm2 \(2,\), stimuli_nA \(3,\)",
        ),
        ({"initial": rest(NEURON, cells=(2,)), "stimuli": np.zeros((STEPS, 2, 3))}, r"initial \(2"),
    ],
)
def test_bad_input_is_refused__property(changes, message):
    with pytest.raises(ValueError, match=message):
        run(**changes)


@pytest.mark.parametrize(
    ("capacitance", "message"),
    [
        (0.01, "0.01 F/m2 is 1 uF/cm2"),
        (100.0, "between 0.05 and 50"),
        (np.ones(9), "one for each of 10 nodes"),
        (np.nan, "capacitance_uF_cm2 must be finite"),
    ],
)
def test_capacitance_in_other_units_is_refused__property(capacitance, message):
    with pytest.raises(ValueError, match=message):
        run(neuron=dataclasses.replace(NEURON, capacitance_uF_cm2=capacitance))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"densities": "much"}, "densities_mS_cm2 must be a number"),
        ({"dt_ms": "0.025"}, "dt_ms must be a number"),
    ],
)
def test_wrong_types_are_refused__property(changes, message):
    with pytest.raises(TypeError, match=message):
        run(**changes)


def test_a_graph_is_no_neuron__property():
    with pytest.raises(TypeError, match="must be a Neuron, got Compartments"):
        inspect.unwrap(check_simulation)(NEURON.graph, *[None] * 8)


def test_nodes_may_not_be_traced__property():
    with pytest.raises(TypeError, match="sites must be known before compiling"):
        jax.jit(lambda sites: run(sites=sites).v_mV)(jnp.array([0, 8]))


def test_long_steps_are_fine_without_gates__property():
    neuron = branched((Leak(-70.0),))
    assert np.isfinite(run(np.array([[0.1]]), neuron=neuron, dt_ms=10.0).v_mV).all()


def test_limits_themselves_are_allowed__property():
    run(dt_ms=0.25, record_every=STEPS, checkpoint_steps=1)
    empty = run(np.zeros((3, 1)), np.zeros((STEPS, 0)), sites=[], record=[])
    assert empty.v_mV.shape == (STEPS + 1, 0)


@dataclass(frozen=True)
class Broken:
    """A channel whose steady state has no value above 0 mV."""

    reversal_mV: float = -70.0
    n_gates = 1

    def rates(self, v_mV):
        steady = jnp.where(v_mV > 0, jnp.nan, 0.5)[None]
        return GateRates(steady, jnp.ones_like(steady))

    def conductance(self, gates):
        return gates[0]


@pytest.mark.parametrize("scheme", ["backward_euler", "crank_nicolson"])
def test_a_lost_voltage_is_traced_to_its_node_cell_and_time__property(scheme):
    """One strong row of current lifts node 8 of cell (1, 0) above 0 mV; the next step fails."""
    neuron = Neuron(NEURON.graph, (Broken(),))
    stimuli = np.zeros((STEPS, 2, 2, 1))
    stimuli[11, 1, 1, 0] = 100.0
    assert np.isfinite(run(np.ones((1, 1)), stimuli[:12], neuron, scheme=scheme).v_mV).all()
    message = r"node 8 of cell \(1, 0\) is not finite after step 13, 0.325 ms from the start"
    with pytest.raises(FloatingPointError, match=message):
        run(np.ones((1, 1)), stimuli, neuron, scheme=scheme)


def test_a_start_that_is_no_number_is_found__property():
    voltages = np.full((10, 1), -65.0)
    voltages[4] = np.nan
    state = rest(NEURON)._replace(v_mV=voltages[:, 0])
    with pytest.raises(FloatingPointError, match="voltage of node 4 is not finite after step 0"):
        run(initial=state)


def test_compiled_it_does_not_look__property():
    """There are no values yet: whoever compiles checks the result."""
    neuron = Neuron(NEURON.graph, (Broken(),))
    stimuli = jnp.zeros((STEPS, 2)).at[11].set(100.0)
    v = jax.jit(lambda stimuli: run(np.ones((1, 1)), stimuli, neuron).v_mV)(stimuli)
    assert not np.isfinite(v).all()
