"""The loss of the published fit and its gradient, against diffrax (PF-1i).

Six compartments, 100 stimuli of 5 ms, voltages of all compartments every 0.1 ms, their mean square
distance from a target and its gradient along 12 conductances, at the fit's start. The peer is
diffrax's Tsit5 in float64, one solver and one step size for all stimuli: once told when currents
jump, with the loosest tolerance of a few that gave a finite gradient, and once not told. Ours is
Crank and Nicolson's rule with a step of 1/320 ms. All gradients must lie within 0.3 % of that of
a solver of eighth order at a tolerance of 1e-11, which is written down here.

    python benchmarks/neurons_fit.py [PAIRS]
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from pairs import Bar, Case, main

NODES, STIMULI, END_MS, SAMPLE_MS, STEP_MS = 6, 100, 5.0, 0.1, 0.003125
LOSS = 35.0845446
GRADIENT = np.array(
    [
        [0.12476967, 0.61336408, 0.07074873, -0.04417731, 0.19336793, 0.68765532],
        [-0.34774640, -0.91546742, -0.21392475, -0.01115271, -0.34081582, -0.92777327],
    ]
)
TIMES_MS = SAMPLE_MS * np.arange(1, round(END_MS / SAMPLE_MS) + 1)


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


def ours(dtype: str) -> Callable[[Any], Any]:
    """Return a function from conductances to voltages."""
    import jax
    import jax.numpy as jnp
    from spinebook.neurons import simulate
    from spinebook.neurons.published_toy import steps_per_sample, toy_densities

    neuron, start = toy()
    start = jax.tree.map(lambda values: jnp.asarray(values, dtype), start)
    currents = jnp.asarray(stimuli(STEP_MS), dtype)

    def voltages(conductances: Any) -> Any:
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

    return voltages


def diffrax_voltages(tolerance: float, told: bool) -> Callable[[Any], Any]:
    """Return the same function, of an adaptive solver."""
    import diffrax
    import jax.numpy as jnp
    from spinebook.neurons.published_toy import LEAK_MS_CM2

    neuron, start = toy()
    leak, sodium, potassium = neuron.channels
    currents = jnp.asarray(stimuli(SAMPLE_MS), float)
    laplacian = np.diag([1.0, 2, 2, 2, 2, 1]) - np.eye(NODES, k=1) - np.eye(NODES, k=-1)

    def field(t: Any, state: Any, conductances: Any) -> Any:
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

    shape = (NODES, STIMULI)
    v = jnp.broadcast_to(jnp.asarray(start.v_mV, float)[:, None], shape)
    gates = jnp.concatenate([jnp.asarray(x, float) for x in start.gates])
    control: Any = diffrax.PIDController(rtol=tolerance, atol=tolerance)
    if told:
        control = diffrax.ClipStepSizeController(control, jump_ts=TIMES_MS[:-1])

    def voltages(conductances: Any) -> Any:
        return diffrax.diffeqsolve(
            diffrax.ODETerm(field),
            diffrax.Tsit5(),
            t0=0.0,
            t1=END_MS,
            dt0=None,
            y0=(v, jnp.broadcast_to(gates[:, :, None], (len(gates), *shape))),
            args=conductances,
            saveat=diffrax.SaveAt(ts=TIMES_MS, fn=lambda t, state, _: state[0]),
            stepsize_controller=control,
            max_steps=4096,
        ).ys

    return voltages


def case(make: Callable[[], Callable[[Any], Any]], dtype: str) -> Case:
    """Time a loss and its gradient."""
    import jax
    import jax.numpy as jnp
    from spinebook.neurons.published_toy import NOMINAL_MS_CM2, published_targets

    jax.config.update("jax_enable_x64", True)
    exact = diffrax_voltages(1e-9, True)
    target = jax.jit(exact)(published_targets(20230619, NODES)).astype(dtype)
    voltages = make()
    start = jnp.broadcast_to(jnp.asarray(NOMINAL_MS_CM2, dtype)[:, None], (2, NODES))
    run = jax.jit(jax.value_and_grad(lambda g: jnp.mean((voltages(g) - target) ** 2)))

    def check(result: Any) -> tuple[bool, str]:
        loss, gradient = float(result[0]), np.asarray(result[1], float)
        error = np.linalg.norm(gradient - GRADIENT) / np.linalg.norm(GRADIENT)
        passed = abs(loss / LOSS - 1) < 3e-3 and error < 3e-3
        return bool(passed), f"loss {loss:.4f} for {LOSS:.4f}, gradient off by {error:.1e}"

    return Case(lambda: jax.block_until_ready(run(start)), check, 5)


CASES = {
    "diffrax, told of jumps": partial(case, partial(diffrax_voltages, 1e-4, True), "float64"),
    "diffrax, not told": partial(case, partial(diffrax_voltages, 1e-6, False), "float64"),
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
