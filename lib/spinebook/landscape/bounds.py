"""Bounds of flatness on sensitivity, with both sides of every inequality."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from spinebook.checks import check_count, check_number, is_traced
from spinebook.landscape.measures import LayerMeasures
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray

# Both sides are float64 sums of positive numbers; more than this is no rounding.
_TOLERANCE = 1e-9


class Bound(NamedTuple):
    """Left and right side of an inequality, left <= right if it holds."""

    left: Float[AnyArray, "*shape"] | float
    right: Float[AnyArray, "*shape"] | float

    @property
    def slack(self) -> Float[AnyArray, "*shape"] | float:
        """Right side minus left side."""
        return self.right - self.left

    @property
    def log_slack(self) -> Float[AnyArray, "*shape"] | float:
        """Logarithm of right side over left side; for sides that are no logarithms."""
        log = jnp.log if is_traced(self.left) else np.log
        return log(self.right) - log(self.left)

    @property
    def holds(self) -> Bool[AnyArray, "*shape"] | np.bool | bool:
        """Whether left <= right up to one part in 1e9; False if a side is NaN."""
        right: Any = self.right
        return self.left <= right + _TOLERANCE * abs(right)


# Without any active unit a layer's input has length zero, and its bound is rightly infinite.
infinite_allowed = np.errstate(divide="ignore", invalid="ignore")


def array_module(measures: LayerMeasures) -> Any:
    """Return NumPy for numbers (float64 stays float64) and ``jax.numpy`` while tracing."""
    return jnp if is_traced(measures.input_norms) else np


@explains_misuse
@infinite_allowed
def ma_ying_bound(measures: LayerMeasures, power: float | int = 2, layer: int = 0) -> Bound:
    r"""Bound moments of the input gradient by those of the weight gradient.

    .. math:: \frac1n\sum_i \|J_i\|_F^k \le \frac{\|W\|_2^k}{\min_i \|x_i\|^k}\,
        \frac1n\sum_i \Big\|\frac{\partial f(x_i)}{\partial W}\Big\|_F^k

    (Ma and Ying 2105.13462; Chen et al. 2310.01770, Eq. 5-6), because a linear layer's weight
    gradient is its output's gradient times its input.

    Args:
        measures: from :func:`layer_measures`.
        power: k, positive.
        layer: which layer's input and weights, counted from 0.

    Returns:
        Both sides.

    Raises:
        ValueError: a power that is not positive.

    Examples:
        >>> from spinebook.landscape import DenseNetwork, layer_measures
        >>> network = DenseNetwork((2, 1), "linear", biases=False)
        >>> measures = layer_measures(network, ({"weight": np.ones((2, 1))},), np.ones((1, 2)))
        >>> [round(float(side), 6) for side in ma_ying_bound(measures)]
        [2.0, 2.0]
    """
    check_number("power", power)
    if not power > 0:
        raise ValueError(f"power must be positive, got {power}")
    check_count("layer", layer)
    if layer >= len(measures.singular_values):
        raise ValueError(
            f"layer must be one of {len(measures.singular_values)}, counted from 0, got {layer}"
        )
    xp = array_module(measures)
    jacobian = xp.sum(measures.singular_values[layer] ** 2, axis=1)
    factor = measures.weight_norms[layer] / xp.min(measures.input_norms[:, layer])
    right = xp.mean(measures.weight_gradients[:, layer] ** (power / 2))
    return Bound(xp.mean(jacobian ** (power / 2)), factor**power * right)


class SensitivityChain(NamedTuple):
    """Four numbers, each at most the next, from the sensitivity to its bound by sharpness."""

    sensitivity: Float[AnyArray, ""] | float
    per_sample: Float[AnyArray, ""] | float
    first_layer: Float[AnyArray, ""] | float
    all_parameters: Float[AnyArray, ""] | float

    @property
    def bound(self) -> Bound:
        """The two ends of the chain."""
        return Bound(self.sensitivity, self.all_parameters)

    @property
    def links(self) -> tuple[Bound, Bound, Bound]:
        """Every link on its own."""
        return Bound(*self[:2]), Bound(*self[1:3]), Bound(*self[2:])


@explains_misuse
@infinite_allowed
def sensitivity_chain(measures: LayerMeasures, *, with_biases: bool = False) -> SensitivityChain:
    r"""Bound the maximum local sensitivity by sharpness, through two steps in between.

    .. math:: \mathrm{MLS} \le \frac{\|W\|_2}{n}\sum_i \frac{\|\partial f_i/\partial W\|_F}{\|x_i\|}
        \le \|W\|_2\, q \sqrt{\tfrac1n\textstyle\sum_i \|\partial f_i/\partial W\|_F^2}
        \le \|W\|_2\, q \sqrt{S}, \qquad q^2 = \frac1n\sum_i \frac{1}{\|x_i\|^2}

    with the first layer's W (Chen et al. 2310.01770, Eq. 11; the public code's A, B, C and D).

    Args:
        measures: from :func:`layer_measures`.
        with_biases: count the first layer's biases as weights of one more input that is always 1,
            so that :math:`\|x\|^2 + 1` replaces :math:`\|x\|^2`: tighter, for trained biases only.

    Returns:
        The four numbers.

    Raises:
        ValueError: ``with_biases`` for a network without biases.

    Examples:
        >>> from spinebook.landscape import DenseNetwork, layer_measures
        >>> network = DenseNetwork((2, 1), "linear", biases=False)
        >>> measures = layer_measures(network, ({"weight": np.ones((2, 1))},), np.ones((1, 2)))
        >>> [round(float(number), 6) for number in sensitivity_chain(measures)]
        [1.414214, 1.414214, 1.414214, 1.414214]
    """
    xp = array_module(measures)
    squares, gradients = _with_biases(measures, with_biases)
    norm, squares, gradients = measures.weight_norms[0], squares[:, 0], gradients[:, 0]
    scale = norm * xp.sqrt(xp.mean(1 / squares))
    return SensitivityChain(
        xp.mean(measures.singular_values[0][:, 0]),
        norm * xp.mean(xp.sqrt(gradients / squares)),
        scale * xp.sqrt(xp.mean(gradients)),
        scale * xp.sqrt(measures.sharpness),
    )


@explains_misuse
@infinite_allowed
def network_sensitivity_bound(measures: LayerMeasures, *, with_biases: bool = False) -> Bound:
    r"""Bound the network sensitivity, the sum over layers, by sharpness.

    .. math:: \mathrm{NMLS} = \sum_l \frac1n\sum_i s_1(J_{l,i}) \le \sqrt{\mathrm{harm}\; S}, \qquad
        \mathrm{harm} = \frac1n\sum_i\sum_l \frac{\|W_l\|_2^2}{\|h_{l-1,i}\|^2}

    (Chen et al. 2310.01770, Eq. 12, Prop. 3.10, by Cauchy-Schwarz over samples and layers).

    Args:
        measures: from :func:`layer_measures`.
        with_biases: :math:`\|h\|^2 + 1` in place of :math:`\|h\|^2`, for trained biases only.

    Returns:
        Both sides.

    Raises:
        ValueError: ``with_biases`` for a network without biases.

    Examples:
        >>> from spinebook.landscape import DenseNetwork, layer_measures
        >>> network = DenseNetwork((2, 1), "linear", biases=False)
        >>> measures = layer_measures(network, ({"weight": np.ones((2, 1))},), np.ones((1, 2)))
        >>> bool(network_sensitivity_bound(measures).holds)
        True
    """
    xp = array_module(measures)
    squares, _ = _with_biases(measures, with_biases)
    harm = xp.mean(xp.sum(measures.weight_norms**2 / squares, axis=1))
    left = sum(xp.mean(values[:, 0]) for values in measures.singular_values)
    return Bound(left, xp.sqrt(harm * measures.sharpness))


def _with_biases(measures: LayerMeasures, with_biases: bool) -> tuple[Any, Any]:
    """Return squared input norms and squared gradient norms, biases included if asked for."""
    squares = measures.input_norms**2
    if not with_biases:
        return squares, measures.weight_gradients
    # The readout's bias has gradient sqrt(outputs) on every sample: never zero if it exists.
    if not is_traced(squares) and not np.any(measures.bias_gradients):
        raise ValueError("with_biases needs a network whose layers have biases")
    return squares + 1, measures.weight_gradients + measures.bias_gradients
