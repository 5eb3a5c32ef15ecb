"""Cells of 65 and 64 compartments, their loss and its gradient, against Jaxley and NEURON (PF-1).

A soma with 16 branches and a cable, squid membrane, 20 ms in 800 steps, float32, batches of 1, 16
and 64 cells whose densities differ. The gradient is that with respect to three densities in each
compartment of each cell. NEURON runs one cell after the other, once with the same rates as the
others and once with its table of them. Batches are shared out over the cores, as devices of JAX,
for ours and for Jaxley. Losses and sums of gradients must be those written down from a run of ours
in float64, which NEURON shares to 9 digits and Jaxley to 10. Building is timed without imports.
With numba a loop written by hand stands beside them: it knows this membrane only, and shows what
the processor can do.

    python benchmarks/neurons.py [PAIRS]
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
from neurons_peers import SHAPES, Compiled, jaxley, jaxley_losses, neuron_losses, our_losses, ours
from pairs import Case, cores_as_devices, main
from reports import Bar

os.environ["NEURON_MODULE_OPTIONS"] = "-nogui"  # nothing to print about a missing display
STEPS, LONG = 800, 4000
# Sum of the losses of all cells, and of their slopes along sodium, potassium and leak (cm2/mS).
EXPECTED = {
    ("tree", 1, STEPS): (601.3061666, 2.542137160, -6.528704603, -178.6272618),
    ("tree", 16, STEPS): (9633.613083, 38.75596942, -99.58101996, -2717.591899),
    ("tree", 64, STEPS): (38534.49353, 155.0116984, -398.2930310, -10869.41389),
    ("tree", 16, LONG): (2242.463880, 6.661117403, -7.071237111, -1636.686870),
    ("cable", 1, STEPS): (637.3874253, 2.194684772, -4.298527727, -316.7041770),
    ("cable", 16, STEPS): (10208.67780, 33.37178468, -64.91091225, -4872.348953),
    ("cable", 64, STEPS): (40834.74915, 133.4757719, -259.6168318, -19488.30563),
}
# Jaxley's fastest of eight settings on two devices: lengths of nested stretches.
CHECKPOINTS = {
    ("tree", 64, STEPS): [80, 10],
    ("cable", 64, STEPS): [200, 4],
    ("tree", 16, LONG): [80, 50],
}
USUAL_CHECKPOINTS = [32, 25]
# Ours: steps between states that are kept; of 16 cells few are, of 64 all, which is faster.
OUR_CHECKPOINTS = {1: 1, 16: 25, 64: 1}
BY_HAND = "a loop by hand"
# Largest relative errors over 20 ms of the loss and of a sum of slopes; roundings add up: as many
# times more over longer ones (in float32 our loss is off by 9e-6 over 20 ms, 2e-4 over 100 ms, and
# by nothing in float64). NEURON's table moves voltages by up to 0.1 mV. Jaxley's rates are 0/0 at
# -40 and -55 mV: in float32 a compartment that comes near may give a slope of any size, so only its
# loss is judged (in float64 its slopes are those of ours).
ERRORS = {
    "ours": (1e-4, 1e-3),
    "Jaxley": (1e-3, np.inf),
    BY_HAND: (1e-4, 0),
    "NEURON": (1e-8, 0),
    "NEURON with its table": (1e-3, 0),
}


def sums(tool: str, result: Any) -> np.ndarray:
    """Return a loss, and the sums of its slopes if it came with them."""
    if not isinstance(result, tuple):
        return np.array([np.sum(result)])
    loss, slopes = result
    if tool == "Jaxley":  # in S/cm2
        slopes = [1e-3 * value for entry in slopes for value in entry.values()]
    return np.array([loss, *(np.sum(slope) for slope in slopes)], float)


def running(tool: str, name: str, cells: int, steps: int, slopes: bool, warm: int = 5) -> Case:
    """Time a batch, forwards or with its gradient."""
    import jax
    from spinebook.devices import over_devices

    cores_as_devices()
    if tool == BY_HAND:
        from neurons_by_hand import losses_by_hand

        call: Any = losses_by_hand(SHAPES[name], cells, steps)
    elif tool.startswith("NEURON"):
        call = neuron_losses(SHAPES[name], cells, steps, "table" in tool)
    else:
        if tool == "ours":
            checkpoint = OUR_CHECKPOINTS[cells]
            losses, argument = our_losses(SHAPES[name], cells, steps, checkpoint)
        else:
            checkpoints = CHECKPOINTS.get((name, cells, steps), USUAL_CHECKPOINTS)
            checkpoints = checkpoints if slopes else None
            losses, argument = jaxley_losses(SHAPES[name], cells, steps, checkpoints)
        if cells > 1:
            losses = over_devices(losses, axis=-1 if tool == "ours" else 0)
        total = jax.value_and_grad(lambda argument: losses(argument).sum())
        call = Compiled(total if slopes else losses, argument)

    allowed = np.array(ERRORS[tool]) * steps / STEPS

    def check(result: Any) -> tuple[bool, str]:
        found = sums(tool, result)
        errors = np.abs(found / EXPECTED[name, cells, steps][: len(found)] - 1)
        passed = errors[0] < allowed[0] and (errors[1:] < allowed[1]).all()
        slope = f", slopes off by up to {errors[1:].max():.1e}" if slopes else ""
        memory = f", {call.memory():.1f} MiB" if slopes else ""
        return bool(passed), f"loss {found[0]:.3f}, off by {errors[0]:.1e}{slope}{memory}"

    return Case(call, check, warm, memory=call.memory if slopes else None)


def building(tool: str, name: str) -> Case:
    """Time the making of a cell and the arrays that would be fitted."""
    import jax

    if tool == "Jaxley":
        importlib.import_module("jaxley")
    shape = SHAPES[name]

    def call() -> Any:
        _, parameters = jaxley(shape, STEPS) if tool == "Jaxley" else ours(shape)
        return jax.block_until_ready(parameters)

    def check(result: Any) -> tuple[bool, str]:
        rows = jax.tree.leaves(result) if tool == "Jaxley" else result
        return {len(row) for row in rows} <= {sum(shape.counts), sum(shape.counts) + 1}, (
            f"{len(rows)} densities in {len(rows[0])} nodes"
        )

    return Case(call, check, warm=1)


CASES: dict[str, Callable[[], Case]] = {}
BARS: list[Bar] = []


def compare(
    bar: str,
    what: str,
    tools: tuple[str, str],
    make: Callable[[str], Case],
    must: float | None,
    stretch: float | None,
    **options: Any,
) -> None:
    """Add the cases of two tools, if they are not there yet, and a bar between them."""
    names = [f"{tool}, {what}" for tool in tools]
    for tool, name in zip(tools, names, strict=True):
        CASES.setdefault(name, partial(make, tool))
    BARS.append(Bar(bar, *names, must, stretch, **options))


JAXLEY = ("Jaxley", "ours")
GRADIENTS = [
    ("PF-1a", "tree", 16, 1.7, 4.0),
    ("PF-1b", "tree", 64, 5.0, 10.0),
    ("PF-1c", "cable", 16, 1.3, 4.0),
    ("PF-1c", "cable", 64, 3.5, 8.0),
    ("PF-1d", "tree", 1, 1.0, 4.0),
    ("PF-1d", "cable", 1, 1.0, 3.0),
]
for bar, name, cells, must, stretch in GRADIENTS:

    def gradient(tool: str, name: str = name, cells: int = cells) -> Case:
        return running(tool, name, cells, STEPS, True)

    compare(bar, f"gradient, {name}, {cells} cells", JAXLEY, gradient, must, stretch)
for name, must, stretch in (("tree", 3.0, 6.0), ("cable", 2.0, 6.0)):

    def forward(tool: str, name: str = name) -> Case:
        return running(tool, name, 64, STEPS, False, 2 if "NEURON" in tool else 5)

    what = f"forward, {name}, 64 cells"
    if find_spec("numba"):
        compare("limit", what, (BY_HAND, "ours"), forward, None, None)
    compare("PF-1e", what, JAXLEY, forward, must, stretch)
    compare("PF-1e", what, ("NEURON", "ours"), forward, 15.0, 30.0)
    compare("PF-1e", what, ("NEURON with its table", "ours"), forward, None, None)
MEMORY: dict[str, Any] = {"faster": False, "quantity": "memory"}
for name in SHAPES:
    BARS.append(
        Bar(
            "PF-1f", *(f"{tool}, gradient, {name}, 16 cells" for tool in JAXLEY), 2.0, 1.0, **MEMORY
        )
    )


def long(tool: str) -> Case:
    return running(tool, "tree", 16, LONG, True, 1)


compare("PF-1f", "gradient over 100 ms, tree, 16 cells", JAXLEY, long, 4.0, 1.0, **MEMORY)
compare("PF-1f", "gradient over 100 ms, tree, 16 cells", JAXLEY, long, None, None)
# 1.5 s where Jaxley takes 9 s for the tree and 5 s for the cable, and 0.2 s.
for name, must, stretch in (("tree", 6.0, 45.0), ("cable", 3.3, 25.0)):
    build = partial(building, name=name)
    compare("PF-1g", f"building, {name}", JAXLEY, build, must, stretch, quantity="first")

if __name__ == "__main__":
    main(__file__, CASES, BARS, ["jax", "jaxlib", "jaxley", "neuron", "numpy"])
