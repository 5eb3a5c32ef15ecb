"""Small networks that several tests share."""

from functools import cache
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
from spinebook.landscape import DenseNetwork


def problem(sizes=(6, 5, 4, 3), activation="tanh", samples=7, biases=True, seed=0):
    """Return a network, parameters of unit scale and inputs of heavy-tailed length."""
    rng = np.random.default_rng(seed)
    network = DenseNetwork(sizes, activation, biases)
    params = []
    for fan_in, fan_out in pairwise(sizes):
        layer = {"weight": rng.normal(size=(fan_in, fan_out)) * 1.5 / np.sqrt(fan_in)}
        if biases:
            layer["bias"] = 0.5 * rng.normal(size=fan_out)
        params.append(layer)
    lengths = np.exp(rng.normal(size=(samples, 1)))
    return network, tuple(params), rng.normal(size=(samples, sizes[0])) * lengths


@cache
def forget(network):
    """Return the same map as a plain function, which has no factorised form."""
    return lambda params, x: network(params, x)


def parameter_jacobian(network, params, x):
    """Return df/dtheta of every sample by brute force, one list of leaves a layer."""
    jacobian = jax.jit(jax.jacrev(lambda p: network(p, x)))(params)
    return [jax.tree.leaves(layer) for layer in jacobian]


def dense_hessian(loss, params):
    """Return the whole Hessian and the parameters as a vector."""
    flat, unravel = jax.flatten_util.ravel_pytree(jax.tree.map(jnp.asarray, params))
    return np.asarray(jax.jit(jax.hessian(lambda v: loss(unravel(v))))(flat)), np.asarray(flat)


def half_mean_square(network, x, targets):
    """Return the loss of which sharpness is the trace at interpolation."""
    return lambda p: jnp.sum((network(p, jnp.asarray(x)) - targets) ** 2) / (2 * len(x))
