"""What the rich-and-lazy chapter measures of many networks, one compiled program each."""

from __future__ import annotations

from functools import partial
from typing import Literal, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from spinebook.regimes.decision_task import DecisionTask, Trials
from spinebook.regimes.laziness import (
    kernel_alignment,
    representation_alignment,
    weight_change,
)
from spinebook.regimes.rate_losses import Batch, decision_accuracy, last_step_loss
from spinebook.regimes.rate_network import RateParameters, outputs, rates
from spinebook.regimes.tangent_kernel import (
    recurrent_tangent_kernel,
    tangent_kernel,
    tangent_kernel_alignment,
)
from spinebook.types import AnyArray

Gate: TypeAlias = Literal["accuracy", "loss"]


class Laziness(NamedTuple):
    """Norm of the change of the recurrent weights, RA and KA, one value a run."""

    change: Float[AnyArray, "*runs"]
    representation: Float[AnyArray, "*runs"]
    kernel: Float[AnyArray, "*runs"]


@partial(jax.jit, static_argnames=("leak", "kernel_samples", "steps"))
def laziness(
    initial: RateParameters,
    final: RateParameters,
    inputs: Float[AnyArray, "steps batch inputs"],
    leak: float = 1.0,
    *,
    kernel_samples: int = 32,
    steps: Literal["all", "last"] = "all",
) -> Laziness:
    """Compare networks pairwise: trained ones with their start, or unrelated ones.

    RA is that of the last step for all samples, not centred; KA that of the recurrent weights for
    the first samples (public code of Liu et al. 2024, commit acf25c33).

    Args:
        initial: Weights with a leading axis of runs.
        final: Weights to compare them with.
        inputs: Inputs that all networks see.
        leak: a of :func:`spinebook.regimes.rates`.
        kernel_samples: How many of the samples the kernels use.
        steps: Whose outputs count in the kernels.

    Returns:
        A :class:`Laziness`.

    Examples:
        >>> from spinebook.regimes.rate_network import init_rate_parameters
        >>> init = jax.vmap(lambda key: init_rate_parameters(8, 3, 3, key=key))
        >>> start = init(jax.random.split(jax.random.key(0), 2))
        >>> laziness(start, start, jnp.ones((4, 5, 3))).kernel.round(4).tolist()
        [1.0, 1.0]
    """

    def one(pair: tuple[RateParameters, RateParameters]) -> Laziness:
        last = [rates(network, inputs, leak)[-1] for network in pair]
        few = inputs[:, :kernel_samples]
        return Laziness(
            weight_change(pair[0].recurrent, pair[1].recurrent),
            representation_alignment(*last),
            tangent_kernel_alignment(*pair, few, leak, steps=steps),
        )

    return jax.lax.map(one, (initial, final))


@partial(jax.jit, static_argnames="leak")
def all_weights_alignment(
    initial: RateParameters,
    final: RateParameters,
    inputs: Float[AnyArray, "steps batch inputs"],
    leak: float = 1.0,
) -> Float[Array, " runs"]:
    """KA of all weights, not of the recurrent ones only, run by run.

    Examples:
        >>> from spinebook.regimes.rate_network import init_rate_parameters
        >>> init = jax.vmap(lambda key: init_rate_parameters(8, 3, 3, key=key))
        >>> start = init(jax.random.split(jax.random.key(0), 2))
        >>> all_weights_alignment(start, start, jnp.ones((4, 5, 3))).round(4).tolist()
        [1.0, 1.0]
    """
    apply = partial(outputs, leak=leak)

    def one(pair: tuple[RateParameters, RateParameters]) -> Float[Array, ""]:
        return kernel_alignment(*(tangent_kernel(apply, network, inputs) for network in pair))

    return jax.lax.map(one, (initial, final))


class Scores(NamedTuple):
    """Share of right decisions and cross-entropy of the decision step in nats, one value a run."""

    accuracy: Float[AnyArray, "*runs"]
    loss: Float[AnyArray, "*runs"]


@partial(jax.jit, static_argnames="leak")
def decision_scores(parameters: RateParameters, batch: Batch, leak: float = 1.0) -> Scores:
    """Test networks on the same trials.

    Examples:
        >>> from spinebook.regimes.rate_network import init_rate_parameters
        >>> init = jax.vmap(lambda key: init_rate_parameters(8, 3, 3, key=key))
        >>> start = init(jax.random.split(jax.random.key(0), 2))
        >>> decision_scores(start, (jnp.zeros((4, 5, 3)), jnp.zeros(5, int))).accuracy.tolist()
        [1.0, 1.0]
    """

    def one(network: RateParameters) -> Scores:
        return Scores(decision_accuracy(network, batch, leak), last_step_loss(network, batch, leak))

    return jax.lax.map(one, parameters)


def passes(
    gate: Gate,
    task: DecisionTask,
    accuracy: Float[np.ndarray, "*runs"],
    loss: Float[np.ndarray, "*runs"],
) -> Bool[np.ndarray, "*runs"]:
    """Say which networks have learned the task.

    By accuracy: 0.80, or 0.95 where an ideal observer makes no mistakes. By loss (over all steps):
    within a tenth of the Bayes floor, or below 0.002 nats where that is zero.

    Examples:
        >>> from spinebook.regimes.tasks import TwoAlternativeForcedChoice
        >>> task = TwoAlternativeForcedChoice()
        >>> passes("loss", task, np.array([0.85, 0.87]), np.array([0.036, 0.034])).tolist()
        [False, True]
    """
    noiseless = task.bayes_loss < 1e-4
    if gate == "accuracy":
        return np.asarray(accuracy >= (0.95 if noiseless else 0.80))
    return np.asarray(loss < (0.002 if noiseless else 1.1 * task.bayes_loss))


def change_directions(
    initial: Float[AnyArray, "*runs n n"], final: Float[AnyArray, "*runs n n"], share: float = 0.95
) -> Int[np.ndarray, "*runs"] | np.integer:
    """Number of singular directions that hold a share of the squared norm of a change.

    Examples:
        >>> change_directions(np.zeros((3, 3)), np.diag([3.0, 1.0, 0.1])).item()
        2
    """
    values = np.linalg.svd(np.asarray(final) - np.asarray(initial), compute_uv=False)
    held = np.cumsum(values**2, axis=-1)
    return np.sum(held < share * held[..., -1:], axis=-1) + 1


@jax.jit
def label_alignment(parameters: RateParameters, batch: Trials) -> Float[Array, " runs"]:
    r"""Centred alignment of the decision kernel with the labels: how much it serves the task.

    .. math:: \frac{z^\top K z}{\|C K C\|_F\, z^\top z}, \qquad z = C\,(\pm 1)

    with K the kernel of the recurrent weights for the difference of the two choice outputs at the
    decision step and C the matrix that removes the mean.

    Examples:
        >>> from spinebook.regimes.tasks import TwoAlternativeForcedChoice
        >>> from spinebook.regimes.rate_network import init_rate_parameters
        >>> init = jax.vmap(lambda key: init_rate_parameters(8, 3, 3, key=key))
        >>> start = init(jax.random.split(jax.random.key(0), 2))
        >>> trials = TwoAlternativeForcedChoice().draw(16, key=jax.random.key(0))
        >>> bool(jnp.all(abs(label_alignment(start, trials)) < 1))
        True
    """
    inputs, labels = batch
    sign = jnp.where(labels[-1] == 1, 1.0, -1.0)
    sign = sign - jnp.mean(sign)

    def one(network: RateParameters) -> Float[Array, ""]:
        choice = network._replace(readout=network.readout[1:2] - network.readout[2:3])
        kernel = recurrent_tangent_kernel(choice, inputs, steps="last")
        kernel = kernel - jnp.mean(kernel, axis=0)
        kernel = kernel - jnp.mean(kernel, axis=1, keepdims=True)
        return sign @ kernel @ sign / (jnp.linalg.norm(kernel) * (sign @ sign))

    return jax.lax.map(one, parameters)
