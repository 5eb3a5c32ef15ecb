"""The cells of ``neurons.py`` in NEURON, Jaxley and ours: a tree and a cable of squid membrane.

All solve the same equations by the same scheme: gates by exponential Euler, then the voltage by
backward Euler. NEURON moves attachments to the nearest node; branches therefore start at the end of
a soma, where it has one. A call returns the loss of a batch of cells, the mean square of the last
compartment's voltage above -60 mV, or that and its gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

DT_MS = 0.025
DENSITIES_MS_CM2 = np.array([120.0, 36.0, 0.3])
RESISTIVITY_OHM_CM = 100.0


class Shape(NamedTuple):
    """Cylinders on a tree, how many compartments each has, and a current into the first."""

    parents: list[int]
    lengths_um: list[float]
    radii_um: list[float]
    counts: list[int]
    current_nA: float


SHAPES = {
    "tree": Shape([-1] + [0] * 16, [20] + [80] * 16, [10] + [1] * 16, [1] + [4] * 16, 0.8),
    "cable": Shape([-1], [1280], [1], [64], 0.3),
}


def pulse(shape: Shape, steps: int) -> np.ndarray:
    """Return the current of each step: on from 1 to 3 ms."""
    current = np.zeros(steps)
    current[round(1 / DT_MS) : round(3 / DT_MS)] = shape.current_nA
    return current


def scales(cells: int) -> np.ndarray:
    """Return what the densities of each cell are multiplied by."""
    return np.linspace(1.0, 1.1, cells)


class Compiled:
    """A function that is compiled when it is called first, and then knows what memory it needs."""

    def __init__(self, function: Callable[[Any], Any], argument: Any) -> None:
        self.function, self.argument, self.program = function, argument, None

    def __call__(self) -> Any:
        import jax

        if self.program is None:
            self.program = jax.jit(self.function).lower(self.argument).compile()
        return jax.block_until_ready(self.program(self.argument))

    def memory(self) -> float:
        """MiB beside arguments and results."""
        return self.program.memory_analysis().temp_size_in_bytes / 2**20


def ours(shape: Shape) -> tuple[Any, Any]:
    """Build a neuron, and its densities in each node."""
    import jax.numpy as jnp
    from spinebook.neurons import Leak, Neuron, PotassiumHH, SodiumHH, compartments, cylinders

    morphology = cylinders(shape.parents, shape.lengths_um, shape.radii_um)
    graph = compartments(
        morphology, axial_resistivity_ohm_cm=RESISTIVITY_OHM_CM, counts=shape.counts
    )
    neuron = Neuron(graph, (SodiumHH(), PotassiumHH(), Leak()))
    return neuron, jnp.broadcast_to(DENSITIES_MS_CM2[:, None], (3, neuron.n_nodes))


def our_losses(shape: Shape, cells: int, steps: int, checkpoint: int | None) -> tuple[Any, Any]:
    """Return a function of densities to the loss of each cell, and the densities."""
    import jax.numpy as jnp
    from spinebook.neurons import locate, simulate

    neuron, densities = ours(shape)
    stimuli = jnp.asarray(pulse(shape, steps))[:, None]
    last = locate(neuron.graph, len(shape.parents) - 1, 1.0)

    def losses(densities: Any) -> Any:
        run = simulate(
            neuron,
            densities,
            stimuli,
            sites=[0],
            record=[last],
            dt_ms=DT_MS,
            checkpoint_steps=checkpoint,
        )
        return jnp.mean((run.v_mV[:, 0] + 60) ** 2, axis=0)

    return losses, densities[:, :, None] * jnp.asarray(scales(cells))


def jaxley(
    shape: Shape, steps: int, *, both_ends: bool = False
) -> tuple[Any, list[dict[str, Any]]]:
    """Build a cell with its stimulus, recordings and trainable densities."""
    import jaxley as jx
    from jaxley.channels import HH

    compartment = jx.Compartment()
    branches = [jx.Branch(compartment, count) for count in shape.counts]
    cell = jx.Cell(branches, shape.parents)
    for number, count in enumerate(shape.counts):
        cell.branch(number).set("length", shape.lengths_um[number] / count)
        cell.branch(number).set("radius", shape.radii_um[number])
    cell.set("axial_resistivity", RESISTIVITY_OHM_CM)
    cell.set("v", -65.0)
    cell.insert(HH())
    cell.init_states()
    first = cell.branch(0).comp(0)
    first.stimulate(pulse(shape, steps), verbose=False)
    if both_ends:
        first.record(verbose=False)
    cell.branch(len(branches) - 1).comp(shape.counts[-1] - 1).record(verbose=False)
    for name in ("gNa", "gK", "gLeak"):
        cell.branch("all").comp("all").make_trainable(f"HH_{name}", verbose=False)
    return cell, cell.get_parameters()


def jaxley_losses(shape: Shape, cells: int, steps: int, checkpoints: Any) -> tuple[Any, Any]:
    """Return a function of parameters to the loss of each cell, and the parameters."""
    import jax
    import jax.numpy as jnp
    import jaxley as jx

    cell, parameters = jaxley(shape, steps)

    def loss(parameters: Any) -> Any:
        v = jx.integrate(cell, parameters, delta_t=DT_MS, checkpoint_lengths=checkpoints)
        return jnp.mean((v[0] + 60) ** 2)

    factors = jnp.asarray(scales(cells))[:, None]
    return jax.vmap(loss), jax.tree.map(lambda value: value * factors, parameters)


def neuron_cell(shape: Shape, *, table: bool) -> tuple[Any, list[Any], list[Any]]:
    """Build a cell: NEURON itself, the sections, and the voltages of both ends as they will be."""
    from neuron import h

    sections = []
    for number, parent in enumerate(shape.parents):
        section = h.Section(name=f"section{number}")
        section.L, section.diam = shape.lengths_um[number], 2 * shape.radii_um[number]
        section.nseg, section.Ra, section.cm = shape.counts[number], RESISTIVITY_OHM_CM, 1.0
        section.insert("hh")
        if parent >= 0:
            section.connect(sections[parent](1))
        sections.append(section)
    ends = sections[0](0.5 / shape.counts[0]), sections[-1](1 - 0.5 / shape.counts[-1])
    stimulus = h.IClamp(ends[0])
    stimulus.delay, stimulus.dur, stimulus.amp = 1.0, 2.0, shape.current_nA
    voltages = [h.Vector().record(end._ref_v) for end in ends]
    h.secondorder, h.dt, h.celsius, h.usetable_hh = 0, DT_MS, 6.3, int(table)
    # NEURON lets go of what nobody holds.
    return h, [*sections, stimulus], voltages


def neuron_losses(shape: Shape, cells: int, steps: int, table: bool) -> Callable[[], Any]:
    """Return a function that runs NEURON for one cell after the other; it has no gradient."""
    h, parts, (_, voltage) = neuron_cell(shape, table=table)
    context = h.ParallelContext()
    context.set_maxstep(10.0)

    def run(scale: float) -> float:
        for section in parts[:-1]:
            for segment in section:
                segment.hh.gnabar, segment.hh.gkbar, segment.hh.gl = scale * DENSITIES_MS_CM2 / 1e3
        h.finitialize(-65.0)
        context.psolve(steps * DT_MS)
        v = np.asarray(voltage)
        assert len(v) == steps + 1
        return float(np.mean((v + 60) ** 2))

    def losses() -> np.ndarray:
        return np.array([run(scale) for scale in scales(cells)])

    return losses
