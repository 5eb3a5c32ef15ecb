"""Stationary Gaussian vectors of any length, drawn exactly through the fast Fourier transform."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from spinebook.checks import check_number
from spinebook.geometry._arrays import as_vector
from spinebook.misuse import explains_misuse
from spinebook.types import Numbers


@explains_misuse
def alternating_autocovariance(features: int, exponent: float) -> Float[np.ndarray, " features"]:
    r"""Return the input autocovariance of the paper's linear-regression experiment.

    .. math:: C_k = \frac{(-1)^k}{1 + k^p}, \qquad k = 0, \dots, D - 1

    (public code of Pogodin et al. 2024 at commit c29c1a3).

    Args:
        features: number D of inputs, at least 1.
        exponent: decay p > 0 of the correlations with distance; the experiment uses 2 and 1.

    Returns:
        D autocovariances; the first, the variance, is 1.

    Raises:
        ValueError: ``features`` below 1 or ``exponent`` not positive.

    Examples:
        >>> alternating_autocovariance(3, 2.0)
        array([ 1. , -0.5,  0.2])
    """
    check_number("exponent", exponent)
    if features < 1:
        raise ValueError(f"features must be at least 1, got {features}")
    if not exponent > 0:
        raise ValueError(f"exponent must be positive, got {exponent!r}")
    lag = np.arange(features, dtype=np.float64)
    return (-1.0) ** lag / (1.0 + lag**exponent)


def circulant_spectrum(autocovariance: Float[np.ndarray, " n"]) -> Float[np.ndarray, " m"]:
    """Return the eigenvalues of the smallest even circulant matrix that holds the covariance.

    Raises:
        ValueError: an eigenvalue is clearly negative, so that circulant sampling is not exact.
    """
    circle = np.concatenate([autocovariance, autocovariance[-2:0:-1]])
    spectrum = np.fft.rfft(circle).real
    if spectrum.min() < -1e-9 * spectrum.max():
        raise ValueError(
            "this autocovariance has no non-negative circulant extension of length "
            f"{len(circle)} (smallest eigenvalue {spectrum.min():.3g}), so it cannot be sampled "
            "exactly this way; extend it with more lags until it has decayed"
        )
    return np.maximum(spectrum, 0.0)


@explains_misuse
def toeplitz_gaussian(
    samples: int, autocovariance: Numbers, *, key: PRNGKeyArray
) -> Float[Array, "samples n"]:
    r"""Draw independent Gaussian vectors with a stationary covariance, :math:`C_{|i-j|}`.

    Circulant embedding (Dietrich and Newsam 1997): exact, O(n log n) a vector, no n-by-n matrix.

    Args:
        samples: number of vectors, at least 1.
        autocovariance: covariance at lags 0 to n - 1, concrete (not traced) values.
        key: random key.

    Returns:
        One vector a row, in the default float type of JAX.

    Raises:
        ValueError: empty or non-finite autocovariance, ``samples`` below 1, or a covariance that
            the embedding cannot represent.

    Examples:
        >>> draws = toeplitz_gaussian(4000, np.array([1.0, -0.5]), key=jax.random.key(0))
        >>> bool(abs(jnp.mean(draws[:, 0] * draws[:, 1]) + 0.5) < 0.05)
        True
    """
    autocovariance = as_vector(autocovariance, "autocovariance")
    if samples < 1:
        raise ValueError(f"samples must be at least 1, got {samples}")
    if len(autocovariance) == 1:
        return jnp.sqrt(autocovariance[0]) * jax.random.normal(key, (samples, 1))
    spectrum = jnp.asarray(circulant_spectrum(autocovariance))
    length = 2 * (len(autocovariance) - 1)
    # White noise filtered by the square root of the spectrum has exactly this covariance.
    noise = jnp.fft.rfft(jax.random.normal(key, (samples, length)), axis=-1)
    smooth = jnp.fft.irfft(noise * jnp.sqrt(spectrum), n=length, axis=-1)
    return smooth[:, : len(autocovariance)]
