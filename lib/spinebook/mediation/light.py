"""Light that reaches several of many equal neurons, and the trials it would give."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from spinebook.checks import check_at_most, check_count, check_number, is_traced
from spinebook.mediation.structural import Value
from spinebook.mediation.trials import Sample
from spinebook.misuse import explains_misuse


@explains_misuse
def lit_neurons(
    n: int,
    lit: int,
    *,
    key: PRNGKeyArray,
    neurons: int = 100,
    push: Value = 0.7,
    shared_variance: Value = 0.5,
    private_variance: Value = 0.5,
    alpha: Value = 0.5,
    beta: Value = 0.8,
    direct: Value = 0.3,
) -> Sample:
    r"""Draw trials in which a random light pushes some of N equal neurons alike.

    .. math:: M_j = \alpha X + \lambda U + \sqrt\psi\,\xi_j + \tau P\,[j \le L], \qquad
        Y = c' X + \frac{\beta}{N}\sum_j M_j + \varepsilon

    with everything random standard Gaussian. Only the first neuron is recorded. The private
    fluctuations of all others enter by their sum, which is drawn as the one Gaussian that it is.

    Args:
        n: Number of trials, at least 1.
        lit: L, neurons that the light reaches, the recorded one among them; 1 to N.
        key: Random key.
        neurons: N, at least 2.
        push: tau, what the light adds to a neuron it reaches.
        shared_variance: lambda^2, variance that all neurons share given the stimulus.
        private_variance: psi, variance of each neuron's own.
        alpha: Effect of the stimulus on each neuron.
        beta: Joint effect of all neurons on behaviour.
        direct: c'.

    Returns:
        Stimulus, first neuron, behaviour, shared fluctuation and light.

    Raises:
        ValueError: If a count is out of range or a variance negative.

    Examples:
        >>> lit_neurons(5, 2, key=jax.random.key(0)).mediator.shape
        (5,)
    """
    check_count("n", n, minimum=1)
    check_count("neurons", neurons, minimum=2)
    check_count("lit", lit, minimum=1)
    check_at_most("lit", lit, "neurons", neurons)
    for name, variance in (
        ("shared_variance", shared_variance),
        ("private_variance", private_variance),
    ):
        check_number(name, variance)
        if not is_traced(variance) and np.any(np.asarray(variance) < 0):
            raise ValueError(f"{name} must not be negative, got {variance}.")
    spread = shared_variance, private_variance
    return _draw(int(n), float(lit), key, int(neurons), push, spread, (alpha, beta, direct))


@partial(jax.jit, static_argnums=(0, 3))
def _draw(
    n: int,
    lit: Value,
    key: PRNGKeyArray,
    neurons: int,
    push: Value,
    spread: tuple[Value, Value],
    effects: tuple[Value, Value, Value],
) -> Sample:
    alpha, beta, direct = effects
    stimulus, shared, light, own, rest, error = jax.random.normal(key, (6, n))
    common = alpha * stimulus + jnp.sqrt(spread[0]) * shared
    private = jnp.sqrt(spread[1])
    first = common + private * own + push * light
    others = neurons - 1
    rest_sum = others * common + jnp.sqrt(others) * private * rest + (lit - 1) * push * light
    outcome = direct * stimulus + beta / neurons * (first + rest_sum) + error
    return Sample(stimulus, first, outcome, shared, light)
