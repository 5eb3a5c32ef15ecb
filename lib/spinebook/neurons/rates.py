"""Functions that rates of gates are made of, finite in value and in gradient wherever v goes."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from spinebook.checks import check_number
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray

# B_2k / (2k)!, k = 1 to 6, from Bernoulli's numbers: linoid(x) = 1 - x/2 + sum_k B_2k x^2k / (2k)!.
_SERIES = (1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000)
# Below it the seventh term is under 1e-18; above it 1 - exp(-|x|) loses no more than two bits.
_NEAR_ZERO = 0.25


@explains_misuse
def linoid(x: Float[AnyArray, "*shape"] | float) -> Float[Array, "*shape"]:
    r"""Compute :math:`x / (e^x - 1)`, the linear-exponential form of many rates, also at 0.

    .. math:: B(x) = \frac{x}{e^x - 1}, \qquad B(0) = 1, \quad B'(0) = -\tfrac12

    Hodgkin and Huxley (1952) write :math:`\alpha_m` and :math:`\alpha_n` with it. The quotient is
    0/0 at a voltage that every action potential crosses, its derivative loses all digits nearby,
    and :math:`e^x` overflows float32 beyond 88. Here a series serves near 0 and exponentials of
    negative numbers elsewhere, so that value and derivatives keep nearly full precision.

    Args:
        x: any real numbers.

    Returns:
        B(x), at least 0, in the precision of ``x``.

    Examples:
        >>> linoid(jnp.array([-1000.0, 0.0, 1000.0])).tolist()
        [1000.0, 1.0, 0.0]
        >>> jax.grad(linoid)(0.0)
        Array(-0.5, dtype=float32, weak_type=True)
    """
    return _linoid(_as_float(x))


@jax.custom_jvp
def _linoid(x: Array) -> Array:
    near, even = jnp.abs(x) < _NEAR_ZERO, _even_series(x, _SERIES)
    apart, decay, inverse = _parts(x, near)
    far = jnp.abs(apart) * jnp.where(apart > 0, decay, 1) * inverse
    return jnp.where(near, 1 - x / 2 + even * x * x, far)


@_linoid.defjvp
def _linoid_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    """Give one slope a value, where automatic rules would store one number per operation."""
    (x,), (tangent,) = primals, tangents
    value = _linoid(x)
    near = jnp.abs(x) < _NEAR_ZERO
    odd = _even_series(x, tuple(2 * (k + 1) * term for k, term in enumerate(_SERIES)))
    _, decay, inverse = _parts(x, near)
    # (1 - B e^x) / (e^x - 1), for x > 0 with numerator and denominator multiplied by e^-x.
    far = inverse * jnp.where(x > 0, decay - value, value * decay - 1)
    return value, jnp.where(near, odd * x - 0.5, far) * tangent


def _parts(x: Array, near: Array) -> tuple[Array, Array, Array]:
    """Return x kept off 0, exp(-|x|) and 1 / (1 - exp(-|x|)); where x is near 0 nobody reads."""
    apart = jnp.where(near, 1, x)
    decay = jnp.exp(-jnp.abs(apart))
    return apart, decay, 1 / (1 - decay)


def _even_series(x: Array, terms: tuple[float, ...]) -> Array:
    """Sum terms[k] x^2k near 0, and something finite elsewhere."""
    square = jnp.minimum(x * x, _NEAR_ZERO)
    total = jnp.full_like(square, terms[-1])
    for term in reversed(terms[:-1]):
        total = total * square + term
    return total


@explains_misuse
def softplus_rate(
    voltage_mV: Float[AnyArray, "*shape"] | float, scale: float, weight: float, slope: float
) -> Float[Array, "*shape"]:
    r"""Compute a rate that goes from exponential to linear without a removable 0/0.

    .. math:: r(u) = A \ln\big(1 + w\,e^{s u}\big)

    with :math:`w\,e^{su}` folded into one exponent, which may then be of any size.

    Args:
        voltage_mV: u, mV.
        scale: A, 1/ms, at least 0.
        weight: w, above 0.
        slope: s, 1/mV, of either sign.

    Returns:
        The rate, 1/ms.

    Raises:
        ValueError: If ``weight`` is not positive.

    Examples:
        >>> rates = softplus_rate(jnp.array([-1000.0, 0.0, 1000.0]), 1.841, 0.102, 0.17)
        >>> [round(rate, 2) for rate in rates.tolist()]
        [0.0, 0.18, 308.77]
    """
    check_number("weight", weight)
    if not weight > 0:
        raise ValueError(f"weight must be positive, got {weight}.")
    return scale * jax.nn.softplus(slope * _as_float(voltage_mV) + math.log(weight))


@explains_misuse
def open_fraction(
    opening: Float[AnyArray, "*shape"], closing: Float[AnyArray, "*shape"]
) -> Float[Array, "*shape"]:
    r"""Compute the steady state :math:`\alpha/(\alpha+\beta)` of a gate that opens and closes.

    The usual derivative of this quotient divides by :math:`(\alpha+\beta)^2`, which overflows
    float32 far outside the physiological range although the result is zero there; this one is made
    of quotients between 0 and 1.

    Args:
        opening: alpha, 1/ms, at least 0.
        closing: beta, 1/ms, at least 0 and not 0 together with alpha.

    Returns:
        Fraction of open gates, 0 to 1; not finite where alpha + beta is 0.

    Examples:
        >>> open_fraction(jnp.array([1e30, 1.0]), jnp.array([1e30, 3.0])).tolist()
        [0.5, 0.25]
    """
    return _open_fraction(_as_float(opening), _as_float(closing))


@jax.custom_jvp
def _open_fraction(opening: Array, closing: Array) -> Array:
    return opening / (opening + closing)


@_open_fraction.defjvp
def _open_fraction_jvp(
    primals: tuple[Array, Array], tangents: tuple[Array, Array]
) -> tuple[Array, Array]:
    opening, closing = primals
    total = opening + closing
    open_, closed = _open_fraction(opening, closing), _open_fraction(closing, opening)
    return open_, closed * (tangents[0] / total) - open_ * (tangents[1] / total)


def _as_float(value: Any) -> Array:
    """Convert a number or an array; an array keeps its precision."""
    return jnp.asarray(value, jnp.result_type(value, float))
