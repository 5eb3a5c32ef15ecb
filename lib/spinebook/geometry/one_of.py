"""A potential chosen while a compiled program runs, so that one program serves several."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from spinebook.geometry.potentials import Potential
from spinebook.types import Numbers


@dataclasses.dataclass(frozen=True)
class OneOf(Potential):
    """The ``which``-th of several potentials, for use inside ``jit``.

    Training and Newton's method cost seconds to compile for each potential that is fixed in a
    program; a choice at run time costs next to nothing.

    Examples:
        >>> from spinebook.geometry import NegativeEntropy, PNorm
        >>> family = (NegativeEntropy(), PNorm(3.0))
        >>> dual = jax.jit(lambda which, w: OneOf(family, which).dual(w))
        >>> [round(float(dual(which, 0.5)), 4) for which in (0, 1)]
        [0.3069, 0.25]
    """

    family: Sequence[Potential]
    which: Int[Array, ""] | int
    name = "one of several"

    def _call(self, method: str, *arguments: Numbers | None) -> Float[Array, "..."]:
        branches = [getattr(potential, method) for potential in self.family]
        return jax.lax.switch(self.which, branches, *arguments)

    def density(self, weights: Numbers) -> Float[Array, "*shape"]:
        """Return the density of the chosen potential."""
        return self._call("density", jnp.asarray(weights))

    def dual(self, weights: Numbers) -> Float[Array, "*shape"]:
        """Return the dual variables of the chosen potential."""
        return self._call("dual", jnp.asarray(weights))

    def primal(self, dual: Numbers, sign: Numbers | None = None) -> Float[Array, "*shape"]:
        """Return the weights of the chosen potential."""
        return self._call("primal", jnp.asarray(dual), sign)

    def hessian_diagonal(self, weights: Numbers) -> Float[Array, "*shape"]:
        """Return the local metric of the chosen potential."""
        return self._call("hessian_diagonal", jnp.asarray(weights))

    def conjugate(self, dual: Numbers, sign: Numbers | None = None) -> Float[Array, ""]:
        """Return the convex conjugate of the chosen potential."""
        return self._call("conjugate", jnp.asarray(dual), sign)

    def mirror_step(
        self, weights: Float[Array, "*shape"], step: Float[Array, "*shape"]
    ) -> Float[Array, "*shape"]:
        """Return the mirror step of the chosen potential."""
        return self._call("mirror_step", weights, step)
