"""A program that shares work out over three devices and prints what came of it, as JSON."""

import json

import jax

jax.config.update("jax_num_cpu_devices", 3)
jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp  # noqa: E402  (the number of devices is set first)
import numpy as np  # noqa: E402
from spinebook.devices import over_devices  # noqa: E402
from spinebook.neurons import Leak, Neuron, cylinder, simulate  # noqa: E402
from spinebook.neurons.compartments import compartments  # noqa: E402
from spinebook.neurons.hodgkin_huxley import PotassiumHH, SodiumHH  # noqa: E402

GRAPH = compartments(cylinder(300.0, 2.0), counts=3)
NEURON = Neuron(GRAPH, (SodiumHH(), PotassiumHH(), Leak()))
STIMULI = jnp.zeros((200, 1)).at[20:60].set(0.5)


def losses(densities, factor=1.0):
    run = simulate(NEURON, factor * densities, STIMULI, sites=[0], record=[2])
    return jnp.mean(run.v_mV[:, 0] ** 2, axis=0)


def largest(found, expected):
    differences = jax.tree.map(lambda a, b: jnp.max(jnp.abs(a - b) / jnp.abs(b)), found, expected)
    return float(max(jax.tree.leaves(differences)))


def alone_and_shared(cells):
    """Values, slopes along what is cut, and the slope along a number that all shares hold."""
    densities = jnp.array([120.0, 36.0, 0.3])[:, None, None] * jnp.linspace(1, 1.2, cells)
    results = []
    for loss in (losses, over_devices(losses)):

        def total(densities, factor, loss=loss):
            if loss is losses:
                return losses(densities, factor).sum()
            return over_devices(lambda share: losses(share, factor))(densities).sum()

        slopes = jax.jit(jax.grad(total, argnums=(0, 1)))(densities, 1.0)
        results.append((loss(densities), *slopes))
    return largest(results[1], results[0])


def pieces(axis):
    x = {"a": jnp.arange(12.0).reshape(6, 2), "b": jnp.arange(6.0)[:, None]}
    x = x if axis == 0 else jax.tree.map(jnp.transpose, x)
    where = over_devices(lambda x: (x["a"] + x["b"], x["b"] ** 2), axis=axis)(x)
    expected = (x["a"] + x["b"], x["b"] ** 2)
    shards = len(where[0].sharding.device_set)
    return bool(all(np.array_equal(a, b) for a, b in zip(where, expected, strict=True))), shards


print(
    json.dumps(
        {
            "devices": len(jax.devices()),
            "even": alone_and_shared(6),
            "uneven": alone_and_shared(4),
            "fewer": alone_and_shared(2),
            "first": pieces(0),
            "last": pieces(-1),
        }
    )
)
