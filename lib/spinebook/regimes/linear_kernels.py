"""The tangent kernel of a two-layer linear network on whitened inputs, and cosines of kernels."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from spinebook.types import AnyArray


def linear_kernel(
    first: Float[AnyArray, "*batch hidden inputs"], second: Float[AnyArray, "*batch outputs hidden"]
) -> Float[np.ndarray, "*batch parts parts"]:
    r"""Tangent kernel :math:`I \otimes W_1^\top W_1 + W_2 W_2^\top \otimes I` on whitened inputs.

    Examples:
        >>> linear_kernel(np.eye(1, 2), np.ones((1, 1)))
        array([[2., 0.],
               [0., 1.]])
    """
    W1, W2 = np.asarray(first, np.float64), np.asarray(second, np.float64)
    return kernel_of_blocks(np.swapaxes(W1, -2, -1) @ W1, W2 @ np.swapaxes(W2, -2, -1))


def kernel_of_blocks(
    inner: Float[np.ndarray, "*batch inputs inputs"],
    outer: Float[np.ndarray, "*batch outputs outputs"],
) -> Float[np.ndarray, "*batch parts parts"]:
    r"""The same from :math:`W_1^\top W_1` and :math:`W_2 W_2^\top`; rows over outputs, then inputs.

    Examples:
        >>> kernel_of_blocks(np.eye(2), np.array([[3.0]]))
        array([[4., 0.],
               [0., 4.]])
    """
    inputs, outputs = inner.shape[-1], outer.shape[-1]
    kernel = np.einsum("ab,...ij->...aibj", np.eye(outputs), inner)
    kernel = kernel + np.einsum("...ab,ij->...aibj", outer, np.eye(inputs))
    return kernel.reshape(*kernel.shape[:-4], outputs * inputs, outputs * inputs)


def kernel_cosine(
    one: Float[AnyArray, "*#batch n n"], other: Float[AnyArray, "*#batch n n"]
) -> Float[np.ndarray, "*batch"] | np.floating:
    """Cosine between matrices, one value for each of a batch; the batches broadcast.

    Examples:
        >>> float(kernel_cosine(np.eye(2), 3 * np.eye(2)).round(12))
        1.0
    """
    product = np.einsum("...ij,...ij->...", one, other)
    return product / (np.linalg.norm(one, axis=(-2, -1)) * np.linalg.norm(other, axis=(-2, -1)))
