"""Starting weights away from zero, for geometries in which zero is absorbing."""

from __future__ import annotations

import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from spinebook.misuse import explains_misuse


@explains_misuse
def signed_lognormal(
    shape: Sequence[int],
    scale: float = 1.0,
    *,
    key: PRNGKeyArray,
    mean_sd_ratio: float = 1.0,
) -> Float[Array, "..."]:
    r"""Draw weights with log-normal magnitudes and random signs.

    With r the ratio of mean to standard deviation of the magnitudes,

    .. math::
        \log|w| \sim N(\mu, \sigma^2), \quad \sigma^2 = \log(1 + r^{-2}), \quad
        \mu = \log m - \tfrac12\sigma^2, \quad m = \frac{\text{scale}\; r}{\sqrt{1 + r^2}},

    so that the root mean square of the weights is ``scale``. r = 1 and scale
    :math:`\sqrt{2/D}` is the log-normal start of the robustness experiment of Pogodin et al.
    2024; Cornford et al. 2024 train recurrent networks from r = 1.5.

    Args:
        shape: shape of the weights.
        scale: root mean square of the weights, positive.
        key: random key.
        mean_sd_ratio: r, positive; the larger it is, the more alike the magnitudes are.

    Returns:
        Weights of that shape, none of them zero.

    Raises:
        ValueError: scale or ratio not positive and finite.

    Examples:
        >>> weights = signed_lognormal((1000,), 0.1, key=jax.random.key(0))
        >>> bool(jnp.all(weights != 0)), bool(abs(jnp.sqrt(jnp.mean(weights**2)) - 0.1) < 0.02)
        (True, True)
    """
    for name, value in (("scale", scale), ("mean_sd_ratio", mean_sd_ratio)):
        if not 0.0 < value < math.inf:
            raise ValueError(f"{name} must be positive and finite, got {value!r}")
    sigma = math.sqrt(math.log1p(mean_sd_ratio**-2))
    mean = scale * mean_sd_ratio / math.hypot(1.0, mean_sd_ratio)
    magnitude_key, sign_key = jax.random.split(key)
    magnitude = jax.random.normal(magnitude_key, tuple(shape))
    log_magnitude = math.log(mean) - 0.5 * sigma**2 + sigma * magnitude
    return jnp.exp(log_magnitude) * jax.random.rademacher(
        sign_key, tuple(shape), dtype=log_magnitude.dtype
    )
