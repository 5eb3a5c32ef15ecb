"""What one training step does, as a hashable value that JAX compiles once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import optax


@dataclass(frozen=True)
class Recipe:
    r"""How a run is trained: where batches come from, what is minimised, by which optimiser.

    Step :math:`t` of a run draws a batch :math:`b_t` and moves the parameters

    .. math:: \theta_{t+1} = \theta_t + u(\nabla_\theta\, \ell(\theta_t, b_t)),

    where :math:`u` is the update of an optax optimiser. The four parts are plain functions. A
    recipe is compiled once for each set of shapes, so make it once, at the top level of a module or
    cell, and put what differs between runs (learning rate, rank, task) into ``own``.

    Attributes:
        draw: ``draw(key, shared, own)`` returns the batch of one step, any pytree.
        loss: ``loss(parameters, batch)`` returns a scalar.
        optimiser: an optax transformation, or a function that makes one from ``own``.
        record: ``record(parameters, shared, own)`` returns a dictionary of arrays: what is to be
            known at the chosen steps. Nothing by default.

    Examples:
        >>> import jax.numpy as jnp
        >>> recipe = Recipe(
        ...     draw=lambda key, shared, own: shared,
        ...     loss=lambda w, target: jnp.sum((w - target) ** 2),
        ...     optimiser=lambda own: optax.sgd(own["rate"]),
        ... )
        >>> recipe == recipe and hash(recipe) == hash(recipe)
        True
    """

    draw: Callable[[Any, Any, Any], Any]
    loss: Callable[[Any, Any], Any]
    optimiser: optax.GradientTransformation | Callable[[Any], optax.GradientTransformation]
    record: Callable[[Any, Any, Any], Mapping[str, Any]] | None = None

    def optimiser_for(self, own: Any) -> optax.GradientTransformation:
        """Return the optimiser of a run."""
        if isinstance(self.optimiser, optax.GradientTransformation):
            return self.optimiser
        return self.optimiser(own)

    def recorded(self, parameters: Any, shared: Any, own: Any) -> dict[str, Any]:
        """Return what is recorded of a run at its present parameters."""
        return {} if self.record is None else dict(self.record(parameters, shared, own))
