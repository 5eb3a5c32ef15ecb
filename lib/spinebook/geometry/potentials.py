"""Potentials: the convex functions whose divergences measure distance between weight vectors."""

from __future__ import annotations

import abc
import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from spinebook.misuse import explains_misuse
from spinebook.types import Numbers


def signed_power(x: Float[Array, "*shape"], exponent: float) -> Float[Array, "*shape"]:
    r"""Return :math:`\mathrm{sign}(x)\,|x|^q`, by products and roots where the exponent allows it.

    Args:
        x: real values.
        exponent: q > 0.

    Returns:
        An array of the shape of ``x``.

    Examples:
        >>> signed_power(jnp.array([-4.0, 9.0]), 0.5)
        Array([-2.,  3.], dtype=float32)
    """
    # XLA's general power is about ten times the cost of a product or a square root on a CPU.
    if exponent == 1.0:
        return x
    if exponent == 2.0:
        return x * jnp.abs(x)
    if exponent == 0.5:
        return jnp.copysign(jnp.sqrt(jnp.abs(x)), x)
    return jnp.copysign(jnp.abs(x) ** exponent, x)


class Potential(abc.ABC):
    r"""A separable convex function :math:`\phi(w) = \sum_i \varphi(w_i)` and the maps it defines.

    The mirror map :math:`d = \nabla\phi(w)` takes weights to their dual variables, in which
    learning is additive; the inverse map brings them back. All methods but :meth:`value`,
    :meth:`conjugate` and :meth:`bregman_divergence` act element by element and keep the shape.
    """

    name: str

    @abc.abstractmethod
    def density(self, weights: Numbers) -> Float[Array, "*shape"]:
        r"""Return :math:`\varphi(w)` for each weight, the terms that :meth:`value` sums."""

    @abc.abstractmethod
    def dual(self, weights: Numbers) -> Float[Array, "*shape"]:
        r"""Map weights to dual variables, :math:`d = \varphi'(w)`."""

    @abc.abstractmethod
    def primal(self, dual: Numbers, sign: Numbers | None = None) -> Float[Array, "*shape"]:
        r"""Map dual variables back to weights, :math:`w = (\varphi')^{-1}(d)`."""

    @abc.abstractmethod
    def hessian_diagonal(self, weights: Numbers) -> Float[Array, "*shape"]:
        r"""Return :math:`\varphi''(w)`, the local metric of each weight."""

    @abc.abstractmethod
    def conjugate(self, dual: Numbers, sign: Numbers | None = None) -> Float[Array, ""]:
        r"""Return the convex conjugate :math:`\phi^*(d) = \langle d, w\rangle - \phi(w)`."""

    def value(self, weights: Numbers) -> Float[Array, ""]:
        r"""Return :math:`\phi(w)`, summed over all weights."""
        return jnp.sum(self.density(jnp.asarray(weights)))

    def bregman_divergence(self, u: Numbers, v: Numbers) -> Float[Array, ""]:
        r"""Return :math:`D_\phi(u, v) = \phi(u) - \phi(v) - \langle\nabla\phi(v), u - v\rangle`.

        Args:
            u: weights, any shape.
            v: reference weights of the same shape; under negative entropy of the same signs.

        Returns:
            A scalar, never negative up to rounding, zero where ``u == v``.

        Raises:
            ValueError: the two shapes differ.

        Examples:
            >>> round(float(PNorm(2.0).bregman_divergence(jnp.array([0.3]), jnp.array([0.2]))), 6)
            0.005
        """
        u, v = jnp.asarray(u), jnp.asarray(v)
        if u.shape != v.shape:
            raise ValueError(
                f"the two weight arrays must have one shape; got {u.shape} and {v.shape}"
            )
        return jnp.sum(self.density(u) - self.density(v) - self.dual(v) * (u - v))

    def mirror_step(
        self, weights: Float[Array, "*shape"], step: Float[Array, "*shape"]
    ) -> Float[Array, "*shape"]:
        r"""Return what to add to the weights so that their dual variables fall by ``step``.

        .. math:: \Delta w = (\varphi')^{-1}(\varphi'(w) - \text{step}) - w
        """
        return self.primal(self.dual(weights) - step, jnp.sign(weights)) - weights


@explains_misuse
@jax.tree_util.register_static
@dataclasses.dataclass(frozen=True)
class PNorm(Potential):
    r"""The p-norm potential :math:`\phi(w) = \tfrac1p \sum_i |w_i|^p`; p = 2 is Euclidean.

    Its dual variable is :math:`\mathrm{sign}(w)|w|^{p-1}`. Weights may change sign. As p falls
    to 1, the geometry scaled by 1/(p - 1) tends to that of :class:`NegativeEntropy`.

    Args:
        p: exponent, greater than 1 and finite; the literature uses 1 < p <= 3.

    Raises:
        ValueError: p is not a finite number above 1 (the mirror map would not be invertible).

    Examples:
        >>> PNorm(3.0).dual(jnp.array([-0.5, 2.0]))
        Array([-0.25,  4.  ], dtype=float32)
    """

    p: float | int

    def __post_init__(self) -> None:
        """Refuse exponents whose mirror map has no inverse."""
        if not (isinstance(self.p, int | float) and 1.0 < self.p < float("inf")):
            raise ValueError(
                f"p must be a finite number above 1, got {self.p!r}; "
                "for the limit p = 1 use NegativeEntropy()"
            )
        object.__setattr__(self, "p", float(self.p))

    @property
    def name(self) -> str:  # type: ignore[override]
        """Return a short label for axes and tables, such as ``3-norm``."""
        return f"{self.p:g}-norm"

    def density(self, weights: Numbers) -> Float[Array, "*shape"]:
        r"""Return :math:`|w|^p / p` for each weight."""
        return jnp.abs(jnp.asarray(weights)) ** self.p / self.p

    def dual(self, weights: Numbers) -> Float[Array, "*shape"]:
        r"""Return :math:`\mathrm{sign}(w)|w|^{p-1}`."""
        return signed_power(jnp.asarray(weights), self.p - 1.0)

    def primal(self, dual: Numbers, sign: Numbers | None = None) -> Float[Array, "*shape"]:
        r"""Return :math:`\mathrm{sign}(d)|d|^{1/(p-1)}`; ``sign`` is not needed and not used."""
        return signed_power(jnp.asarray(dual), 1.0 / (self.p - 1.0))

    def hessian_diagonal(self, weights: Numbers) -> Float[Array, "*shape"]:
        r"""Return :math:`(p-1)|w|^{p-2}`: zero at w = 0 if p > 2, infinite there if p < 2."""
        return (self.p - 1.0) * jnp.abs(jnp.asarray(weights)) ** (self.p - 2.0)

    def conjugate(self, dual: Numbers, sign: Numbers | None = None) -> Float[Array, ""]:
        r"""Return :math:`\tfrac1q\sum|d|^q` with :math:`q = p/(p-1)`."""
        q = self.p / (self.p - 1.0)
        return jnp.sum(jnp.abs(jnp.asarray(dual)) ** q) / q


@jax.tree_util.register_static
@dataclasses.dataclass(frozen=True)
class NegativeEntropy(Potential):
    r"""Negative entropy on signed weights, :math:`\phi(w) = \sum_i |w_i|\log|w_i|`.

    Its mirror step is the exponentiated gradient,
    :math:`w \leftarrow w\,e^{-\eta\,\mathrm{sign}(w)g}`: signs never change and a weight of zero
    stays zero. It is a mirror map on each orthant only,
    because :math:`|w|\log|w|` is not convex across zero. The dual variable of a zero weight is
    undefined and comes back as NaN.

    Examples:
        >>> NegativeEntropy().dual(jnp.array([1.0, -1.0]))
        Array([ 1., -1.], dtype=float32)
        >>> NegativeEntropy().primal(jnp.array([1.0, -1.0]), jnp.array([1.0, -1.0]))
        Array([ 1., -1.], dtype=float32)
    """

    name = "negative entropy"

    def density(self, weights: Numbers) -> Float[Array, "*shape"]:
        r"""Return :math:`|w|\log|w|`, continued by 0 at w = 0."""
        magnitude = jnp.abs(jnp.asarray(weights))
        return jax.scipy.special.xlogy(magnitude, magnitude)

    def dual(self, weights: Numbers) -> Float[Array, "*shape"]:
        r"""Return :math:`\mathrm{sign}(w)(\log|w| + 1)`; NaN at w = 0."""
        weights = jnp.asarray(weights)
        return jnp.sign(weights) * (jnp.log(jnp.abs(weights)) + 1.0)

    def primal(self, dual: Numbers, sign: Numbers | None = None) -> Float[Array, "*shape"]:
        r"""Return :math:`s\,e^{s d - 1}`, where s is the sign of the weight.

        Args:
            dual: dual variables.
            sign: sign of each weight before learning (-1, 0 or 1), broadcast against ``dual``;
                it is needed because one dual value belongs to a positive and to a negative weight.

        Returns:
            The weights; zero where ``sign`` is zero.

        Raises:
            ValueError: ``sign`` is missing.
        """
        if sign is None:
            raise ValueError(
                "the inverse mirror map of negative entropy needs sign=, the sign of each weight "
                "before learning: a dual value alone fits one positive and one negative weight"
            )
        sign = jnp.asarray(sign)
        magnitude = jnp.exp(sign * jnp.asarray(dual) - 1.0)
        return jnp.where(sign == 0, 0.0, sign * magnitude)

    def hessian_diagonal(self, weights: Numbers) -> Float[Array, "*shape"]:
        r"""Return :math:`1/|w|`."""
        return 1.0 / jnp.abs(jnp.asarray(weights))

    def conjugate(self, dual: Numbers, sign: Numbers | None = None) -> Float[Array, ""]:
        r"""Return :math:`\sum e^{s d - 1}`; ``sign`` as in :meth:`primal`."""
        return jnp.sum(jnp.abs(self.primal(dual, sign)))

    def mirror_step(
        self, weights: Float[Array, "*shape"], step: Float[Array, "*shape"]
    ) -> Float[Array, "*shape"]:
        r"""Return :math:`w\,(e^{-\mathrm{sign}(w)\,\text{step}} - 1)`, which needs no logarithm."""
        return weights * jnp.exp(-jnp.sign(weights) * step) - weights


@explains_misuse
@jax.tree_util.register_static
@dataclasses.dataclass(frozen=True)
class HyperbolicEntropy(Potential):
    r"""Hyperbolic entropy, a smooth bridge from Euclidean (large beta) to entropic (small beta).

    .. math:: \phi(w) = \sum_i w_i\,\mathrm{arcsinh}(w_i/\beta) - \sqrt{w_i^2 + \beta^2}

    (Ghai, Hazan and Singer, 2020). Unlike :class:`NegativeEntropy` it is convex on the whole line,
    so weights may start at zero and may change sign.

    Args:
        beta: weight scale of the bend, positive and finite, in units of the weights.

    Raises:
        ValueError: beta is not a positive finite number.

    Examples:
        >>> float(HyperbolicEntropy(1.0).dual(jnp.array(0.0)))
        0.0
    """

    beta: float | int

    def __post_init__(self) -> None:
        """Refuse scales that make the mirror map meaningless."""
        if not (isinstance(self.beta, int | float) and 0.0 < self.beta < float("inf")):
            raise ValueError(f"beta must be a positive finite number, got {self.beta!r}")
        object.__setattr__(self, "beta", float(self.beta))

    @property
    def name(self) -> str:  # type: ignore[override]
        """Return a short label for axes and tables."""
        return f"hyperbolic entropy ({self.beta:g})"

    def density(self, weights: Numbers) -> Float[Array, "*shape"]:
        r"""Return :math:`w\,\mathrm{arcsinh}(w/\beta) - \sqrt{w^2+\beta^2}`."""
        weights = jnp.asarray(weights)
        return weights * jnp.arcsinh(weights / self.beta) - jnp.sqrt(weights**2 + self.beta**2)

    def dual(self, weights: Numbers) -> Float[Array, "*shape"]:
        r"""Return :math:`\mathrm{arcsinh}(w/\beta)`."""
        return jnp.arcsinh(jnp.asarray(weights) / self.beta)

    def primal(self, dual: Numbers, sign: Numbers | None = None) -> Float[Array, "*shape"]:
        r"""Return :math:`\beta\sinh d`; ``sign`` is not needed and not used."""
        return self.beta * jnp.sinh(jnp.asarray(dual))

    def hessian_diagonal(self, weights: Numbers) -> Float[Array, "*shape"]:
        r"""Return :math:`1/\sqrt{w^2+\beta^2}`."""
        return 1.0 / jnp.sqrt(jnp.asarray(weights) ** 2 + self.beta**2)

    def conjugate(self, dual: Numbers, sign: Numbers | None = None) -> Float[Array, ""]:
        r"""Return :math:`\beta\sum\cosh d`."""
        return self.beta * jnp.sum(jnp.cosh(jnp.asarray(dual)))

    def mirror_step(
        self, weights: Float[Array, "*shape"], step: Float[Array, "*shape"]
    ) -> Float[Array, "*shape"]:
        r"""Return the step by :math:`w\cosh\delta - \sqrt{w^2+\beta^2}\sinh\delta - w`.

        The addition theorem of sinh replaces arcsinh and sinh, which are slow on a CPU, by one
        square root and one exponential, and :math:`e^\delta - 1` as a factor spares the
        subtraction of w itself.
        """
        grow = jnp.exp(step)
        more = grow - 1.0
        root = jnp.sqrt(weights * weights + self.beta**2)
        return more * (weights * more - root * (grow + 1.0)) / (grow + grow)
