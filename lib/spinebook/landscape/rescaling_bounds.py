"""Bounds whose sides do not change when ReLU layers trade scale."""

from __future__ import annotations

from typing import NamedTuple

from spinebook.landscape.bounds import Bound, array_module
from spinebook.landscape.measures import LayerMeasures
from spinebook.misuse import explains_misuse


class RescalingBounds(NamedTuple):
    """Four inequalities for elementwise and layerwise adaptive sharpness."""

    scaled_jacobian: Bound
    input_invariant: Bound
    normalised: Bound
    network_normalised: Bound


@explains_misuse
def rescaling_bounds(measures: LayerMeasures) -> RescalingBounds:
    r"""Bound scale-free sensitivities by scale-free sharpness.

    .. math::
        \frac1n\sum_i \|J_i\,\mathrm{diag}(x_i)\|_F^2 &\le d_1 S_{ad,1} \\
        \frac{1}{nM}\sum_i \|J_i x_i\|^2 &\le d_1 S_{ad,1} \\
        \frac1n\sum_i s_1(J_i)^2 \|x_i\|^2 &\le \|W_1\|_2^2\, \mathrm{Tr}\,H_{W_1} \\
        \sum_l \frac1n\sum_i s_1(J_{l,i})^2 \|h_{l-1,i}\|^2 &\le
        \sum_l \|W_l\|_2^2\, \mathrm{Tr}\,H_{W_l}

    with d_1 units in the first layer, its adaptive sharpness :math:`S_{ad,1}` (weights only) and
    :math:`\mathrm{Tr}\,H_{W_l} = \frac1n\sum_i\|\partial f_i/\partial W_l\|_F^2`. The claim is
    that of Chen et al. 2310.01770, App. E; the constants are derived here, and without d_1
    the first two fail.

    Args:
        measures: from :func:`layer_measures`.

    Returns:
        Both sides of all four, in this order.

    Examples:
        >>> import numpy as np
        >>> from spinebook.landscape import DenseNetwork, layer_measures
        >>> network = DenseNetwork((2, 1), "linear", biases=False)
        >>> measures = layer_measures(network, ({"weight": np.ones((2, 1))},), np.ones((1, 2)))
        >>> all(bool(bound.holds) for bound in rescaling_bounds(measures))
        True
    """
    xp = array_module(measures)
    inputs, units = measures.sizes[:2]
    adaptive = units * xp.mean(measures.adaptive_gradients[:, 0])
    tops = xp.stack([values[:, 0] for values in measures.singular_values], axis=1)
    left = xp.mean(tops**2 * measures.input_norms**2, axis=0)
    right = measures.weight_norms**2 * xp.mean(measures.weight_gradients, axis=0)
    return RescalingBounds(
        Bound(xp.mean(measures.scaled_jacobians[:, 0]), adaptive),
        Bound(xp.mean(measures.responses[:, 0]) / inputs, adaptive),
        Bound(left[0], right[0]),
        Bound(xp.sum(left), xp.sum(right)),
    )
