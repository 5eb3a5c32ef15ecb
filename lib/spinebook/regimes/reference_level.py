"""The alignment that two networks have by chance: the level to compare a trained one with."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, PRNGKeyArray

from spinebook.checks import check_count, check_real
from spinebook.misuse import explains_misuse
from spinebook.regimes.laziness import representation_alignment
from spinebook.regimes.rate_network import RateParameters, checked_leak, rates
from spinebook.regimes.tangent_kernel import tangent_kernel_alignment
from spinebook.types import AnyArray


class UnrelatedAlignment(NamedTuple):
    """Alignments of pairs of unrelated networks, one value a pair."""

    kernel: Float[Array, " pairs"]
    representation: Float[Array, " pairs"]


@explains_misuse
def unrelated_alignment(
    init: Callable[[PRNGKeyArray], RateParameters],
    inputs: Float[AnyArray, "steps batch inputs"],
    leak: float = 1.0,
    *,
    kernel_samples: int = 32,
    keys: Key[Array, " pairs"],
) -> UnrelatedAlignment:
    r"""Return KA and RA between independent untrained networks that see the same inputs.

    The level is high (about 0.4 for KA at rank 1 and 0.8 at full rank on a cognitive task) and
    rises with the rank, so an alignment between the first and the last network is no share of what
    was kept. KA is that of the outputs of all steps for the first ``kernel_samples`` samples, RA
    that of the rates of the last step for all samples.

    Args:
        init: draws one untrained network from a key; define it once, for it is compiled.
        inputs: (steps, batch, inputs).
        leak: a of :func:`spinebook.regimes.rates`.
        kernel_samples: samples that the kernels use, at least 1; all there are if fewer.
        keys: one random key a pair.

    Returns:
        KA and RA of each pair, not finite where the inputs leave the units all alike.

    Raises:
        ValueError: leak outside (0, 1], no samples, or inputs that do not fit the networks.

    Examples:
        >>> from spinebook.regimes.rate_network import init_rate_parameters
        >>> init = lambda key: init_rate_parameters(20, 3, 2, key=key)
        >>> keys = jax.random.split(jax.random.key(0), 3)
        >>> unrelated_alignment(init, jnp.ones((4, 5, 3)), keys=keys).kernel.shape
        (3,)
    """
    check_count("kernel_samples", kernel_samples, 1)
    check_real("inputs", inputs)
    return _unrelated(init, jnp.asarray(inputs), checked_leak(leak), int(kernel_samples), keys)


@partial(jax.jit, static_argnames=("init", "leak", "kernel_samples"))
def _unrelated(
    init: Callable[[PRNGKeyArray], RateParameters],
    inputs: Float[Array, "steps batch inputs"],
    leak: float,
    kernel_samples: int,
    keys: Key[Array, " pairs"],
) -> UnrelatedAlignment:
    def pair(key: PRNGKeyArray) -> UnrelatedAlignment:
        one, other = (init(k) for k in jax.random.split(key))
        few = inputs[:, :kernel_samples]
        last = [rates(network, inputs, leak)[-1] for network in (one, other)]
        return UnrelatedAlignment(
            tangent_kernel_alignment(one, other, few, leak), representation_alignment(*last)
        )

    return jax.lax.map(pair, keys)
