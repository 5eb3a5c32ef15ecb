"""The voltage of a neuron by an adaptive solver, to check a fixed step against."""

from __future__ import annotations

import functools
import math
from types import ModuleType

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from spinebook.checks import check_number
from spinebook.misuse import explains_misuse
from spinebook.neurons.channels import Channel
from spinebook.neurons.circuit import Circuit, dense_circuit
from spinebook.neurons.neuron import Neuron, State, steady_state
from spinebook.neurons.simulate import Simulation
from spinebook.neurons.simulation_checks import check_simulation
from spinebook.precision import float64_inside
from spinebook.types import AnyArray, Numbers

# A millisecond with a spike takes 240 steps at the default tolerances, 1,700 at 1e-12.
_MOST_STEPS_PER_MS = 5000


@explains_misuse
def simulate_adaptive(
    neuron: Neuron,
    densities_mS_cm2: Float[AnyArray, "channels #nodes"],
    stimuli_nA: Float[AnyArray, "steps sites"],
    *,
    sites: Numbers,
    record: Numbers,
    dt_ms: float = 0.025,
    initial: float | State = -65.0,
    t_ms: Numbers | None = None,
    rtol: float = 1e-8,
    atol: float = 1e-8,
) -> Simulation:
    r"""Solve the equations of :func:`simulate` to a tolerance, one cell, for checks.

    Gates and voltages move together,

    .. math::

        C_i \frac{dv_i}{dt} = \sum_j g_{ij}\,(v_j - v_i)
            - \sum_c \bar g_{ci}\,\phi_c(x_{ci})\,(v_i - E_c) + I_i, \qquad
        \frac{dx}{dt} = k(v)\,\big(x_\infty(v) - x\big)

    under currents that are constant during each step of ``dt_ms`` and may jump between two. Forks
    have no equation of their own: their voltage is eliminated. The solver of diffrax (Kidger 2021)
    is of fourth order, implicit and L-stable (Kvaerno 2004), because the couplings of short
    compartments are stiff. It uses dense matrices and takes time with the cube of the nodes, always
    runs in float64, and is not meant for gradients.

    Args:
        neuron: Compartments and channels.
        densities_mS_cm2: Maximal conductance of each channel, at least 0. An axis of one node
            means the same density all over.
        stimuli_nA: Current during each step into each site, positive inwards.
        sites: Nodes the stimuli go into, each once.
        record: Nodes whose voltage is returned.
        dt_ms: Duration of each row of the stimuli, 1e-4 to 0.25; the solver's steps are its own.
        initial: Voltage at the start (mV), with gates steady at it, or a state. Voltages of forks
            are not read.
        t_ms: Times of the samples, increasing, from 0 to the end of the stimuli; the start and
            the end of each step if not given.
        rtol: Relative tolerance of a step, positive. After a spike at the default tolerances the
            voltage is off by some 2e-5 mV, and by a tenth of it at a tenth of them.
        atol: Absolute tolerance of a step, mV and shares of open gates, positive.

    Returns:
        Times, voltages and the final state, in float64 whatever JAX is set to: go on with
        ``numpy.asarray``.

    Raises:
        ImportError: If diffrax is not installed.
        TypeError: If an argument has the wrong type.
        ValueError: If one is out of range, shapes do not fit, or a fork is connected to nothing.
        FloatingPointError: If the solver does not get to the end.

    Examples:
        >>> from spinebook.neurons import Leak, compartments, cylinder
        >>> neuron = Neuron(compartments(cylinder(100.0, 2.0), counts=1), (Leak(-65.0),))
        >>> run = simulate_adaptive(
        ...     neuron, np.array([[0.1]]), np.zeros((80, 1)), sites=[0], record=[0],
        ...     dt_ms=0.25, initial=-55.0, t_ms=[0.0, 10.0, 20.0],
        ... )
        >>> np.asarray(run.v_mV)[:, 0].round(4)  # 10 mV decay with a time constant of 10 ms
        array([-55.    , -61.3212, -63.6466])
    """
    _diffrax()
    check_simulation(
        neuron, densities_mS_cm2, stimuli_nA, sites, record, dt_ms, "backward_euler", 1, None
    )
    _check_one_cell(densities_mS_cm2, stimuli_nA, initial)
    end = dt_ms * len(stimuli_nA)
    if t_ms is not None:
        check_number("t_ms", t_ms)
    times = dt_ms * np.arange(len(stimuli_nA) + 1) if t_ms is None else np.asarray(t_ms, float)
    _check_times(times, end)
    for name, value in (("rtol", rtol), ("atol", atol)):
        check_number(name, value)
        if not value > 0:
            raise ValueError(f"{name} must be above 0, got {value}.")
    circuit = dense_circuit(neuron, densities_mS_cm2)
    run, arrived = _solve(
        neuron, circuit, np.asarray(stimuli_nA, float), sites, record, dt_ms, initial,
        np.minimum(times, end), np.array([rtol, atol]),
    )  # fmt: skip
    if not arrived:
        raise FloatingPointError(
            f"the adaptive solver did not get to {end:g} ms with {_MOST_STEPS_PER_MS} steps for "
            "each. Raise rtol and atol, or look at the densities and stimuli."
        )
    return run


def _diffrax() -> ModuleType:
    """Import diffrax only where it is used: it comes with the tests, not with the library."""
    try:
        import diffrax
    except ImportError:
        raise ImportError(
            "simulate_adaptive needs diffrax 0.7.1 or newer; install it with pip install diffrax."
        ) from None
    return diffrax


def _check_one_cell(densities: AnyArray, stimuli: AnyArray, initial: float | State) -> None:
    axes = {"densities_mS_cm2": np.ndim(densities), "stimuli_nA": np.ndim(stimuli)}
    if isinstance(initial, State):
        check_number("initial.v_mV", initial.v_mV)
        axes["initial.v_mV"] = np.ndim(initial.v_mV) + 1
    else:
        check_number("initial", initial)
    for name, found in axes.items():
        if found != 2:
            raise ValueError(
                f"{name} has axes of cells, but the adaptive solver takes one cell at a time; "
                "call it once for each."
            )


def _check_times(times: np.ndarray, end: float) -> None:
    check_number("t_ms", times)
    # The end is a product and a time may be a sum: one rounding more or less is no mistake.
    if times.ndim != 1 or times[0] < 0 or times[-1] > end * (1 + 1e-12):
        raise ValueError(f"t_ms must be a list of times from 0 to {end:g} ms, got {times}.")
    if (np.diff(times) <= 0).any():
        raise ValueError("t_ms must increase; sort the times and drop those that repeat.")


@float64_inside
def _solve(
    neuron: Neuron,
    circuit: Circuit,
    stimuli: np.ndarray,
    sites: Numbers,
    record: Numbers,
    dt_ms: float,
    initial: float | State,
    times: np.ndarray,
    tolerances: np.ndarray,
) -> tuple[Simulation, bool]:
    """Give the solver currents that change only where the stimuli do."""
    jumps = 1 + np.flatnonzero((stimuli[1:] != stimuli[:-1]).any(axis=1))
    currents = np.zeros((len(jumps) + 1, neuron.n_nodes))
    currents[:, np.asarray(sites, int)] = stimuli[np.append(0, jumps)]
    state = initial if isinstance(initial, State) else steady_state(neuron, float(initial))
    state = jax.tree.map(lambda values: jnp.asarray(values, float), state)
    end = dt_ms * len(stimuli)
    samples, final, arrived = _integrate(
        circuit,
        currents,
        # Diffrax takes no empty list of jumps, so that one comes last that never comes.
        np.append(dt_ms * jumps, np.inf),
        state,
        times,
        end,
        tolerances,
        neuron.channels,
        _MOST_STEPS_PER_MS * math.ceil(end),
    )
    run = Simulation(jnp.asarray(times), samples[:, np.asarray(record, int)], final)
    return run, bool(arrived)


@functools.partial(jax.jit, static_argnums=(7, 8))
def _integrate(
    circuit: Circuit,
    currents: Array,
    jumps: Array,
    state: State,
    times: Array,
    end: Array,
    tolerances: Array,
    channels: tuple[Channel, ...],
    most_steps: int,
) -> tuple[Array, State, Array]:
    """Return voltages of all nodes at the times, the last state, and whether it got there."""
    diffrax = _diffrax()

    def everywhere(t: Array, state: State) -> tuple[Array, Array]:
        current = currents[jnp.searchsorted(jumps, t)]
        v = jnp.asarray(circuit.lift @ state.v_mV + circuit.lift_MOhm @ current)
        return v, current

    def slopes(t: Array, state: State, _: None) -> State:
        v, current = everywhere(t, state)
        flow = (current - circuit.axial_uS @ v)[circuit.membrane]
        moves = []
        for channel, maximal, gates in zip(channels, circuit.maximal_uS, state.gates, strict=True):
            steady, relaxation = channel.rates(v)
            moves.append(relaxation * (steady - gates))
            share = channel.conductance(gates[:, circuit.membrane])
            flow -= maximal * share * (state.v_mV - channel.reversal_mV)
        return State(flow / circuit.capacitance_nF, tuple(moves))

    # The solver interpolates between its steps with less accuracy than they have: it shall step to
    # the samples, and stop before a jump of the current and start anew behind it.
    control = diffrax.ClipStepSizeController(
        diffrax.PIDController(rtol=tolerances[0], atol=tolerances[1]),
        step_ts=times,
        jump_ts=jumps,
    )
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(slopes),
        # Kvaerno's method of fifth order would look past the end of a step, beyond a jump.
        diffrax.Kvaerno4(),
        t0=jnp.zeros_like(end),
        t1=end,
        dt0=None,
        y0=State(state.v_mV[circuit.membrane], state.gates),
        saveat=diffrax.SaveAt(
            subs=[
                diffrax.SubSaveAt(ts=times, fn=lambda t, state, _: everywhere(t, state)[0]),
                diffrax.SubSaveAt(
                    t1=True, fn=lambda t, state, _: State(everywhere(t, state)[0], state.gates)
                ),
            ]
        ),
        stepsize_controller=control,
        max_steps=most_steps,
        throw=False,
    )
    samples, final = solution.ys
    arrived = solution.result == diffrax.RESULTS.successful
    return samples, jax.tree.map(lambda values: values[0], final), arrived
