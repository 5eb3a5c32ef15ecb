"""Bounds of flatness on the local volume, in forms that differ in how they average."""

from __future__ import annotations

from typing import Literal

import numpy as np

from spinebook.landscape.bounds import Bound, array_module, infinite_allowed
from spinebook.landscape.measures import LayerMeasures
from spinebook.misuse import explains_misuse


@explains_misuse
@infinite_allowed
def volume_bound(
    measures: LayerMeasures, form: Literal["full", "hoelder", "n_free"] = "full"
) -> Bound:
    r"""Bound the mean local volumetric ratio by sharpness.

    .. math:: \frac1n\sum_i \prod_j s_{ij} \le N^{-N/2}
        \sqrt{\frac1n\sum_i \Big(\frac{\|W\|_2}{\|x_i\|}\Big)^{2N}}\; \sqrt{n^{N-1} S^N}

    ("full"; Chen et al. 2310.01770, Eq. 7-9, Prop. 3.4, with the constants that the steps give:
    the arithmetic above the geometric mean, then :math:`\sum c^N \le (\sum c)^N`). "hoelder"
    replaces the roots by :math:`\max_i (\|W\|_2/\|x_i\|)^N n^{N/2-1} S^{N/2}` (N at least 2, for
    N = 1 without the power of n), which one active sample among n attains. "n_free" leaves
    :math:`n^{N-1}` out: **no bound**, that same sample breaks it from N = 3 on; it is here to
    show that.

    Args:
        measures: from :func:`layer_measures`.
        form: "full", "hoelder" or "n_free".

    Returns:
        Both sides.

    Raises:
        ValueError: fewer inputs than outputs, or an unknown form.

    Examples:
        >>> from spinebook.landscape import DenseNetwork, layer_measures
        >>> network = DenseNetwork((2, 1), "linear", biases=False)
        >>> measures = layer_measures(network, ({"weight": np.ones((2, 1))},), np.ones((1, 2)))
        >>> bool(volume_bound(measures).holds)
        True
    """
    xp = array_module(measures)
    outputs = _outputs(measures)
    samples = measures.input_norms.shape[0]
    ratios = measures.weight_norms[0] / measures.input_norms[:, 0]
    scale = (measures.sharpness / outputs) ** (outputs / 2)
    root = xp.sqrt(xp.mean(ratios ** (2 * outputs)))
    if form == "full":
        right = samples ** ((outputs - 1) / 2) * root * scale
    elif form == "hoelder":
        right = samples ** max(outputs / 2 - 1, 0.0) * xp.max(ratios) ** outputs * scale
    elif form == "n_free":
        right = root * scale
    else:
        raise ValueError(f"form must be full, hoelder or n_free, got {form!r}")
    return Bound(xp.mean(xp.prod(measures.singular_values[0], axis=1)), right)


@explains_misuse
@infinite_allowed
def log_volume_bound(measures: LayerMeasures, top: int | None = None) -> Bound:
    r"""Bound the mean log volume by log sharpness, without any power of the sample size.

    .. math:: \frac1n\sum_i \sum_{j \le r} \log s_{ij} \le r\Big(\log\|W\|_2 -
        \frac1n\sum_i \log\|x_i\|\Big) + \frac r2 \log\frac Sr

    with r = N outputs or the largest r singular values. This is the form for practice; the
    geometric mean of the input norms enters. Derived from the layer identity of Chen et al.
    (2310.01770, Eq. 5) and Jensen's inequality.

    Args:
        measures: from :func:`layer_measures`.
        top: r; all outputs if omitted.

    Returns:
        Both sides, in nats: logarithms, so ``slack`` is their distance and ``log_slack`` has no
        meaning.

    Raises:
        ValueError: fewer inputs than outputs without ``top``, or ``top`` out of range.

    Examples:
        >>> from spinebook.landscape import DenseNetwork, layer_measures
        >>> network = DenseNetwork((2, 1), "linear", biases=False)
        >>> measures = layer_measures(network, ({"weight": np.ones((2, 1))},), np.ones((1, 2)))
        >>> bool(log_volume_bound(measures).holds)
        True
    """
    xp = array_module(measures)
    available = measures.singular_values[0].shape[1]
    count = _outputs(measures) if top is None else top
    if not 1 <= count <= available:
        raise ValueError(f"top must lie between 1 and {available}, got {count}")
    used = measures.singular_values[0][:, :count]
    left = xp.mean(xp.sum(xp.log(used), axis=1))
    sizes = xp.log(measures.weight_norms[0]) - xp.mean(xp.log(measures.input_norms[:, 0]))
    return Bound(left, count * sizes + count / 2 * xp.log(measures.sharpness / count))


@explains_misuse
@infinite_allowed
def network_volume_bound(measures: LayerMeasures) -> Bound:
    r"""Bound the network volumetric ratio, a sum over layers, by sharpness.

    .. math:: \sum_l \frac1n\sum_i \prod_j s_j(J_{l,i}) \le N^{-N/2}
        \sqrt{\frac1n\sum_i\sum_l \Big(\frac{\|W_l\|_2}{\|h_{l-1,i}\|}\Big)^{2N}}\;
        \sqrt{n^{N-1} S^N}

    (Chen et al. 2310.01770, Eq. 10, constants derived as in :func:`volume_bound`). A layer whose
    input is narrower than the output has a map of lower rank; it counts with the product of
    its r = d singular values, :math:`\sqrt{\det J^T J}`, and layers of equal r are bounded
    together with r in place of N.

    Args:
        measures: from :func:`layer_measures`.

    Returns:
        Both sides.

    Examples:
        >>> from spinebook.landscape import DenseNetwork, layer_measures
        >>> network = DenseNetwork((2, 1), "linear", biases=False)
        >>> measures = layer_measures(network, ({"weight": np.ones((2, 1))},), np.ones((1, 2)))
        >>> bool(network_volume_bound(measures).holds)
        True
    """
    xp = array_module(measures)
    samples = measures.input_norms.shape[0]
    ratios = measures.weight_norms / measures.input_norms
    ranks = [values.shape[1] for values in measures.singular_values]
    left = sum(xp.mean(xp.prod(values, axis=1)) for values in measures.singular_values)
    right = 0.0
    for rank in sorted(set(ranks)):
        layers = np.flatnonzero(np.array(ranks) == rank)
        root = xp.sqrt(xp.mean(xp.sum(ratios[:, layers] ** (2 * rank), axis=1)))
        scale = (measures.sharpness / rank) ** (rank / 2)
        right = right + samples ** ((rank - 1) / 2) * root * scale
    return Bound(left, right)


def _outputs(measures: LayerMeasures) -> int:
    inputs, outputs = measures.sizes[0], measures.sizes[-1]
    if outputs > inputs:
        raise ValueError(
            f"the local volume needs at least as many inputs as outputs, got {inputs} inputs and "
            f"{outputs} outputs; it is zero for every such network"
        )
    return outputs
