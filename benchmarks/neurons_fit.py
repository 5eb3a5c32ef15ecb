"""The loss of the published fit and its gradient, against diffrax (PF-1i).

Six compartments, 100 stimuli of 5 ms, voltages of all compartments every 0.1 ms, their mean square
distance from a target and its gradient along 12 conductances, at the fit's start. The peer is
diffrax's Tsit5 in float64, one step size for all stimuli of a core: once told when currents jump
and once not, with the loosest tolerance of a few whose gradient is finite and accurate. Ours is
Crank and Nicolson's rule with a step of 1/320 ms. All gradients must lie within 0.3 % of that of
a solver of eighth order at a tolerance of 1e-11, which is written down here. Stimuli are shared out
over the cores, a thread each, for both.

    python benchmarks/neurons_fit.py [PAIRS]
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from pairs import Case, cores_as_devices, main
from reports import Bar

NODES, STIMULI, END_MS, SAMPLE_MS, STEP_MS = 6, 100, 5.0, 0.1, 0.003125
LOSS = 35.0845446
GRADIENT = np.array(
    [
        [0.12476967, 0.61336408, 0.07074873, -0.04417731, 0.19336793, 0.68765532],
        [-0.34774640, -0.91546742, -0.21392475, -0.01115271, -0.34081582, -0.92777327],
    ]
)
TIMES_MS = SAMPLE_MS * np.arange(1, round(END_MS / SAMPLE_MS) + 1)


class Solver(NamedTuple):
    """A function from conductances and currents to voltages, and how long each current lasts."""

    voltages: Callable[[Any, Any], Any]
    hold_ms: float


def stimuli(dt_ms: float) -> Any:
    """Return currents of each step, compartment and stimulus."""
    import jax
    from spinebook.neurons.published_toy import published_stimuli

    return published_stimuli(jax.random.key(0), stimuli=STIMULI, nodes=NODES, dt_ms=dt_ms)


def toy() -> tuple[Any, Any]:
    """Return the neuron and its state at the start."""
    from spinebook.neurons.published_toy import published_start, toy_neuron

    neuron = toy_neuron(range(-1, NODES - 1), 0.5)
    return neuron, published_start(neuron)


def ours(dtype: str) -> Solver:
    """Return our solver."""
    import jax
    import jax.numpy as jnp
    from spinebook.neurons import simulate
    from spinebook.neurons.published_toy import steps_per_sample, toy_densities

    neuron, start = toy()
    start = jax.tree.map(lambda values: jnp.asarray(values, dtype), start)

    def voltages(conductances: Any, currents: Any) -> Any:
        run = simulate(
            neuron,
            toy_densities(conductances[:, :, None]),
            currents,
            sites=range(NODES),
            record=range(NODES),
            dt_ms=STEP_MS,
            initial=start,
            scheme="crank_nicolson",
            record_every=steps_per_sample(STEP_MS),
        )
        return run.v_mV[1:]

    return Solver(voltages, STEP_MS)


def diffrax_solver(tolerance: float, told: bool) -> Solver:
    """Return an adaptive solver; its step is the same for all stimuli that it is given."""
    import diffrax
    import jax.numpy as jnp
    from spinebook.neurons.published_toy import LEAK_MS_CM2

    neuron, start = toy()
    leak, sodium, potassium = neuron.channels
    laplacian = np.diag([1.0, 2, 2, 2, 2, 1]) - np.eye(NODES, k=1) - np.eye(NODES, k=-1)

    def field(t: Any, state: Any, given: Any) -> Any:
        conductances, currents = given
        v, gates = state
        m, h, n = gates
        opening, closing = map(
            jnp.concatenate,
            zip(
                sodium.transition_rates(v + sodium.shift_mV),
                potassium.transition_rates(v + potassium.shift_mV),
                strict=True,
            ),
        )
        speed = jnp.array([1.0, 1.0, potassium.speed])[:, None, None]
        total = opening + closing + sodium.floor_per_ms
        flow = currents[jnp.searchsorted(TIMES_MS[:-1], t, side="right")] - 0.5 * laplacian @ v
        flow -= LEAK_MS_CM2 * (v - leak.reversal_mV)
        flow -= conductances[0][:, None] * m**2 * h * (v - sodium.reversal_mV)
        flow -= conductances[1][:, None] * n * (v - potassium.reversal_mV)
        return flow / neuron.capacitance_uF_cm2, speed * (opening - total * gates)

    v = jnp.asarray(start.v_mV, float)[:, None]
    gates = jnp.concatenate([jnp.asarray(x, float) for x in start.gates])
    control: Any = diffrax.PIDController(rtol=tolerance, atol=tolerance)
    if told:
        control = diffrax.ClipStepSizeController(control, jump_ts=TIMES_MS[:-1])

    def voltages(conductances: Any, currents: Any) -> Any:
        shape = (NODES, currents.shape[-1])
        return diffrax.diffeqsolve(
            diffrax.ODETerm(field),
            diffrax.Tsit5(),
            t0=0.0,
            t1=END_MS,
            dt0=None,
            y0=(
                jnp.broadcast_to(v, shape),
                jnp.broadcast_to(gates[:, :, None], (len(gates), *shape)),
            ),
            args=(conductances, currents),
            saveat=diffrax.SaveAt(ts=TIMES_MS, fn=lambda t, state, _: state[0]),
            stepsize_controller=control,
            max_steps=4096,
        ).ys

    return Solver(voltages, SAMPLE_MS)


def case(make: Callable[[], Solver], dtype: str) -> Case:
    """Time a loss and its gradient, to which each core adds those of its share of the stimuli."""
    import jax
    import jax.numpy as jnp
    from spinebook.neurons.published_toy import NOMINAL_MS_CM2, published_targets

    cores_as_devices()
    jax.config.update("jax_enable_x64", True)
    exact = jax.jit(diffrax_solver(1e-9, True).voltages)
    true = published_targets(20230619, NODES)
    target = exact(true, jnp.asarray(stimuli(SAMPLE_MS), float)).astype(dtype)
    solver, cores = make(), jax.devices()
    start = jnp.broadcast_to(jnp.asarray(NOMINAL_MS_CM2, dtype)[:, None], (2, NODES))
    currents = jnp.asarray(stimuli(solver.hold_ms), dtype)

    @jax.jit
    @jax.value_and_grad
    def run(conductances: Any, currents: Any, target: Any) -> Any:
        errors = solver.voltages(conductances, currents) - target
        return jnp.sum(errors**2) / (NODES * STIMULI * len(TIMES_MS))

    # diffrax's reverse rule cannot stand inside shard_map, so each core has a thread.
    cuts = (jnp.array_split(values, len(cores), axis=-1) for values in (currents, target))
    parts = [jax.device_put((start, *cut), core) for core, *cut in zip(cores, *cuts, strict=True)]
    pool = ThreadPoolExecutor(len(cores))

    def call() -> Any:
        done = list(pool.map(lambda part: jax.device_get(run(*part)), parts))
        return jax.tree.map(lambda *shares: sum(shares), *done)

    def check(result: Any) -> tuple[bool, str]:
        loss, gradient = float(result[0]), np.asarray(result[1], float)
        error = np.linalg.norm(gradient - GRADIENT) / np.linalg.norm(GRADIENT)
        passed = abs(loss / LOSS - 1) < 3e-3 and error < 3e-3
        return bool(passed), f"loss {loss:.4f} for {LOSS:.4f}, gradient off by {error:.1e}"

    return Case(call, check, 5)


CASES = {
    "diffrax, told of jumps": partial(case, partial(diffrax_solver, 1e-4, True), "float64"),
    "diffrax, not told": partial(case, partial(diffrax_solver, 5e-7, False), "float64"),
    "ours, float32": partial(case, partial(ours, "float32"), "float32"),
    "ours, float64": partial(case, partial(ours, "float64"), "float64"),
}
BARS = [
    Bar("PF-1i", "diffrax, told of jumps", "ours, float32", 2.5, 8.0),
    Bar("PF-1i", "diffrax, not told", "ours, float64", 2.5, 8.0),
    Bar("PF-1i", "diffrax, told of jumps", "ours, float64", None, None),
]

if __name__ == "__main__":
    main(__file__, CASES, BARS, ["jax", "jaxlib", "diffrax", "numpy"])
