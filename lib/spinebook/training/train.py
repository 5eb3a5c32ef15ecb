"""Train a batch of runs in one compiled program, recording chosen quantities at chosen steps."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from functools import partial
from os import PathLike
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int, PRNGKeyArray

from spinebook.checks import check_count, check_number
from spinebook.misuse import explains_misuse
from spinebook.progress import Progress
from spinebook.training.checkpoints import Checkpoints
from spinebook.training.pace import Pace
from spinebook.training.programs import Kept, Work, run_keys
from spinebook.training.recipe import Recipe
from spinebook.types import AnyArray

# Below this many parameters a step is mostly overhead, which runs side by side share.
_SMALL = 20_000


class Trained(NamedTuple):
    """Runs after training, one row each; none is ever left out.

    Attributes:
        parameters: as ``start``, after the last step.
        steps: the steps at which was recorded.
        loss: mean training loss over the steps since the record before; NaN for step 0.
        recorded: what the recipe recorded, by name, each (runs, records, ...). Floating-point
            records of a run are NaN from the moment it diverged.
        diverged_at: step whose loss (or the record after which parameters) was not finite any more,
            -1 for a run that stayed finite.
    """

    parameters: Any
    steps: Int[np.ndarray, " records"]
    loss: Float[np.ndarray, "runs records"]
    recorded: dict[str, np.ndarray]
    diverged_at: Int[np.ndarray, " runs"]

    @property
    def diverged(self) -> np.ndarray:
        """Whether each run diverged."""
        return self.diverged_at >= 0


@explains_misuse
def train(
    recipe: Recipe,
    start: Any,
    *,
    key: PRNGKeyArray,
    steps: int,
    at: Sequence[int] | None = None,
    shared: Any = None,
    own: Any = None,
    draws: Sequence[int] | Int[AnyArray, " runs"] | None = None,
    together: int | None = None,
    label: str | None = None,
    checkpoint: str | PathLike[str] | None = None,
) -> Trained:
    r"""Train all runs by one recipe.

    Step :math:`t` moves :math:`\theta_{t+1} = \theta_t + u(\nabla\ell(\theta_t, b_t))`. It uses
    the key ``fold_in(fold_in(key, draw), t)``, so that a run does not depend on which others are
    trained beside it, on where it was interrupted, or on what is recorded.

    Args:
        recipe: batches, loss, optimiser and what to record; compiled once per recipe and shapes.
        start: pytree of initial parameters, every leaf with a leading axis of runs.
        key: random key of all batches.
        steps: number of steps, at least 1.
        at: steps at which to record, rising, from 0 (before training) to ``steps``; by default only
            the last.
        shared: pytree of arrays that all runs use, such as images; an argument of the compiled
            program, never a constant in it.
        own: pytree of arrays with a leading axis of runs: what differs between them.
        draws: number of each run's stream of batches; runs with the same number see the same
            batches, as a paired design needs. By default all differ.
        together: runs trained side by side (``jax.vmap``); groups follow one another
            (``jax.lax.map``). By default all on a GPU, and on a CPU one at a time unless the
            network is so small that a step is mostly overhead.
        label: what to call the training when it tells how far it is (only if it takes long).
        checkpoint: folder to keep the state in. An interrupted call with the same arguments goes
            on where it was saved, a finished one returns at once.

    Returns:
        A :class:`Trained`, with arrays in host memory.

    Raises:
        ValueError: no runs, leaves that disagree on the number of runs, counts below 1, steps to
            record at that do not rise or lie outside, or a checkpoint of another training.

    Examples:
        Three descents on one parabola, the last with a learning rate that is too high:

        >>> import optax
        >>> recipe = Recipe(
        ...     draw=lambda key, shared, own: shared,
        ...     loss=lambda w, target: 0.5 * (w - target) ** 2,
        ...     optimiser=lambda own: optax.sgd(own),
        ...     record=lambda w, shared, own: {"weight": w},
        ... )
        >>> trained = train(
        ...     recipe, jnp.zeros(3), key=jax.random.key(0), steps=400, at=(0, 1, 400),
        ...     shared=jnp.float32(2.0), own=jnp.array([0.5, 1.0, 3.0]),
        ... )
        >>> trained.recorded["weight"][:2].tolist()
        [[0.0, 1.0, 2.0], [0.0, 2.0, 2.0]]
        >>> trained.diverged.tolist()
        [False, False, True]
    """
    check_count("steps", steps, minimum=1)
    runs = _runs(start, own)
    at = _record_steps(at, steps)
    numbers = np.arange(runs) if draws is None else np.asarray(draws)
    if numbers.shape != (runs,):
        raise ValueError(f"draws must hold one number for each of {runs} runs, got {numbers.shape}")
    own, shared = jax.tree.map(jnp.asarray, (own, shared))
    start = jax.tree.map(partial(jnp.array, copy=True), start)  # its memory is given away below
    keys = run_keys(key, jnp.asarray(numbers))
    work = Work(recipe, _side_by_side(together, runs, start), keys, shared, own)
    identity = (start, own, shared, keys, np.array([steps, *at]))
    with closing(Checkpoints(checkpoint, identity)) as saved:
        kept = saved.restore(work.begin(start, len(at)))
        kept = _to_the_end(work, kept, at, steps, saved, Progress(label, int(kept.step), steps))
    parameters, diverged_at = jax.tree.map(np.asarray, kept.state[::2])
    return Trained(parameters, np.array(at), kept.loss, kept.recorded, diverged_at)


def _to_the_end(
    work: Work,
    kept: Kept,
    at: tuple[int, ...],
    steps: int,
    saved: Checkpoints,
    progress: Progress,
) -> Kept:
    """Advance from wherever ``kept`` stands, writing each record when its step is reached."""
    step, written, state = int(kept.step), int(kept.written), kept.state
    pace = Pace()
    while True:
        if written < len(at) and step == at[written]:
            state, record = work.record(state, step)
            for name, value in record.items():
                kept.recorded[name][:, written] = value
            since = step - (at[written - 1] if written else 0)
            kept.loss[:, written] = kept.loss[:, written] / since if since else np.nan
            written += 1
            continue
        if step == steps:
            break
        stop = min(step + pace.steps, at[written] if written < len(at) else steps)
        state, losses = pace.timed(work.advance, state, step, stop)
        if written < len(at):
            kept.loss[:, written] += losses
        step = stop
        kept = kept._replace(step=np.array(step), written=np.array(written), state=state)
        progress.tell(step)
        saved.save(kept)
    kept = kept._replace(step=np.array(step), written=np.array(written), state=state)
    saved.save(kept, last=True)
    return kept


def _runs(start: Any, own: Any) -> int:
    """Return the common number of runs."""
    leaves = jax.tree.leaves((start, own))
    if not jax.tree.leaves(start):
        raise ValueError("start holds no parameters; pass a pytree of arrays (runs, ...)")
    counts = {np.shape(leaf)[0] if np.ndim(leaf) else None for leaf in leaves}
    if len(counts) != 1 or None in counts or counts == {0}:
        shapes = [np.shape(leaf) for leaf in leaves]
        raise ValueError(
            "every leaf of start and own needs the same leading axis of one or more runs, "
            f"got shapes {shapes}"
        )
    return int(counts.pop() or 0)


def _record_steps(at: Sequence[int] | None, steps: int) -> tuple[int, ...]:
    if at is None:
        return (steps,)
    for step in at:
        check_number("at", step)
    rising = [int(step) for step in at]
    if not rising or rising != sorted(set(rising)) or rising[0] < 0 or rising[-1] > steps:
        raise ValueError(f"at must hold rising steps between 0 and {steps}, got {list(at)}")
    return tuple(rising)


def _side_by_side(together: int | None, runs: int, start: Any) -> int:
    """Return how many runs go side by side."""
    if together is not None:
        check_count("together", together, minimum=1)
        return min(together, runs)
    if jax.default_backend() != "cpu":
        return runs
    size = sum(np.size(leaf) for leaf in jax.tree.leaves(start)) // runs
    return runs if size < _SMALL else 1
