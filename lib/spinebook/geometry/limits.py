"""What a wrong potential must show: distances in the limit of small changes."""

from __future__ import annotations

import numpy as np
from scipy import special

from spinebook.checks import check_count
from spinebook.geometry.gaussianity import GRID_EDGE
from spinebook.misuse import explains_misuse


@explains_misuse
def small_change_limit(exponent_difference: float, nodes: int = 4000) -> float:
    r"""Return the distance from Gaussian under a potential with too large an exponent.

    If the change is Gaussian under the p-norm, its image under the q-norm is, for small changes,
    :math:`|w_0|^a\,\xi` up to scale, with :math:`a = q - p` (negative entropy counts as p = 1).
    For normal initial weights this has the distribution function

    .. math:: F(x) = E_z\,\Phi\!\left(\frac{x\,s}{|z|^a}\right), \quad
        s^2 = E|z|^{2a} = \frac{2^a\,\Gamma(a + \tfrac12)}{\sqrt\pi},

    and the function returns :math:`\int_{-5}^{5}|F - \Phi|\,dx`.

    Args:
        exponent_difference: a, at least 0; for a <= -1/2 the variance is infinite.
        nodes: points of each of the two quadratures.

    Returns:
        The limit of :func:`spinebook.geometry.gaussianity_distance`, independent of all scales.

    Raises:
        ValueError: a negative or non-finite exponent difference.

    Examples:
        >>> round(small_change_limit(1.0), 3)
        0.239
    """
    a = float(exponent_difference)
    check_count("nodes", nodes, minimum=1)
    if not 0.0 <= a < np.inf:
        raise ValueError(f"exponent_difference must be finite and at least 0, got {a}")
    scale = np.sqrt(2.0**a * special.gamma(a + 0.5) / np.sqrt(np.pi))
    # |z| at its quantiles; x dense near 0, where F may have an infinite slope.
    z = special.ndtri(0.5 + (np.arange(nodes) + 0.5) / (2.0 * nodes))
    x = GRID_EDGE * np.linspace(0.0, 1.0, 400) ** 3
    below = special.ndtr(x[:, None] * scale / z**a).mean(axis=1)
    return float(2.0 * np.trapezoid(np.abs(below - special.ndtr(x)), x))
