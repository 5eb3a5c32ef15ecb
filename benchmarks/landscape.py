"""Sharpness and sensitivity of a dense network, against PyTorch and plain JAX on the CPU (PF-3).

One network, 784-256-256-10 with tanh, and 256 inputs. Sharpness is the mean squared norm of the
gradient of the outputs with respect to all parameters. The peers take per-sample Jacobians, which
is the same number, or estimate the trace of the Hessian with 100 random probes, which is another
number unless the network fits its targets; both are the ways in use. Sensitivity is the mean
largest singular value of the Jacobian with respect to the input; the peers decompose it. Every
result must agree with one written down from a run in float64.

    python benchmarks/landscape.py [PAIRS]
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from pairs import Case, main
from reports import Bar

SIZES, SAMPLES, PROBES = (784, 256, 256, 10), 256, 100
SHARPNESS, TRACE, SENSITIVITY = 392.286068, 325.0, 0.208249384  # TRACE from 4,000 probes


def problem() -> tuple[list[tuple[np.ndarray, np.ndarray]], np.ndarray, np.ndarray]:
    """Return weights and biases of each layer, inputs and targets, in float64."""
    generator = np.random.default_rng(3)
    layers = []
    for fan_in, fan_out in pairwise(SIZES):
        bound = fan_in**-0.5
        weight = generator.uniform(-bound, bound, (fan_in, fan_out))
        layers.append((weight, generator.uniform(-bound, bound, fan_out)))
    x = generator.uniform(size=(SAMPLES, SIZES[0]))
    return layers, x, np.eye(SIZES[-1])[generator.integers(SIZES[-1], size=SAMPLES)]


def close(expected: float, tolerance: float) -> Callable[[Any], tuple[bool, str]]:
    """Return a check of one number."""

    def check(result: Any) -> tuple[bool, str]:
        value = float(result)
        return abs(value / expected - 1) < tolerance, f"{value:.6f} for {expected:.6f}"

    return check


def ours(quantity: str, dtype: str = "float32") -> Callable[[], Any]:
    import jax.numpy as jnp
    from spinebook.landscape import DenseNetwork, maximum_local_sensitivity, sharpness

    layers, x, _ = problem()
    network = DenseNetwork(SIZES)
    parameters = tuple(
        {"weight": jnp.asarray(w, dtype), "bias": jnp.asarray(b, dtype)} for w, b in layers
    )
    inputs = jnp.asarray(x, dtype)
    if quantity == "sharpness":
        return lambda: sharpness(network, parameters, inputs).value.block_until_ready()
    return lambda: maximum_local_sensitivity(network, parameters, inputs).block_until_ready()


def plain_jax(way: str, dtype: str = "float32") -> Callable[[], Any]:
    """Return what one writes in JAX without the library."""
    import jax
    import jax.numpy as jnp

    layers, x, y = problem()
    parameters = [(jnp.asarray(w, dtype), jnp.asarray(b, dtype)) for w, b in layers]
    inputs, targets = jnp.asarray(x, dtype), jnp.asarray(y, dtype)

    def network(parameters: Any, x: Any) -> Any:
        for weight, bias in parameters[:-1]:
            x = jnp.tanh(x @ weight + bias)
        return x @ parameters[-1][0] + parameters[-1][1]

    def loss(parameters: Any, x: Any, y: Any) -> Any:
        return 0.5 * jnp.mean(jnp.sum((network(parameters, x) - y) ** 2, axis=1))

    def jacobians(parameters: Any, x: Any, y: Any) -> Any:
        def one(row: Any) -> Any:
            slopes = jax.jacrev(network)(parameters, row)
            return sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(slopes))

        return jnp.mean(jax.lax.map(one, x, batch_size=16))

    def hutchinson(parameters: Any, x: Any, y: Any) -> Any:
        def probe(total: Any, key: Any) -> Any:
            leaves, tree = jax.tree.flatten(parameters)
            keys = jax.random.split(key, len(leaves))
            signs = [
                jax.random.rademacher(k, leaf.shape, leaf.dtype)
                for k, leaf in zip(keys, leaves, strict=True)
            ]
            direction = jax.tree.unflatten(tree, signs)
            slope = partial(jax.grad(loss), x=x, y=y)
            product = jax.jvp(slope, (parameters,), (direction,))[1]
            pairs = zip(signs, jax.tree.leaves(product), strict=True)
            return total + sum(jnp.vdot(a, b) for a, b in pairs), None

        keys = jax.random.split(jax.random.key(0), PROBES)
        return jax.lax.scan(probe, jnp.zeros((), dtype), keys)[0] / PROBES

    def decomposition(parameters: Any, x: Any, y: Any) -> Any:
        slopes = jax.vmap(jax.jacrev(lambda row: network(parameters, row)))(x)
        return jnp.mean(jnp.linalg.svd(slopes, compute_uv=False)[:, 0])

    ways = {"jacobians": jacobians, "hutchinson": hutchinson, "decomposition": decomposition}
    compiled = jax.jit(ways[way])
    return lambda: compiled(parameters, inputs, targets).block_until_ready()


def torch_way(way: str) -> Callable[[], Any]:
    """Return what one writes in PyTorch."""
    import torch

    torch.manual_seed(0)
    layers, x, y = problem()
    tensors = [torch.tensor(array, dtype=torch.float32) for layer in layers for array in layer]
    inputs, targets = (torch.tensor(array, dtype=torch.float32) for array in (x, y))

    def network(parameters: Any, x: Any) -> Any:
        for weight, bias in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
            x = torch.tanh(x @ weight + bias)
        return x @ parameters[-2] + parameters[-1]

    def loss(parameters: Any) -> Any:
        return 0.5 * ((network(parameters, inputs) - targets) ** 2).sum(1).mean()

    def jacobians() -> Any:
        one = torch.func.jacrev(network)
        total = 0.0
        for start in range(0, SAMPLES, 16):  # sixteen at a time keep memory below a gigabyte
            rows = inputs[start : start + 16]
            slopes = torch.func.vmap(one, in_dims=(None, 0))(tuple(tensors), rows)
            total += sum(float((leaf**2).sum()) for leaf in slopes)
        return total / SAMPLES

    def functional() -> Any:
        total, slope = 0.0, torch.func.grad(loss)
        for _ in range(PROBES):
            direction = tuple(torch.randint(0, 2, t.shape) * 2.0 - 1 for t in tensors)
            product = torch.func.jvp(slope, (tuple(tensors),), (direction,))[1]
            total += sum(float((a * b).sum()) for a, b in zip(direction, product, strict=True))
        return total / PROBES

    def double_backward() -> Any:
        total, leaves = 0.0, [t.clone().requires_grad_() for t in tensors]
        slopes = torch.autograd.grad(loss(leaves), leaves, create_graph=True)
        for _ in range(PROBES):
            direction = [torch.randint(0, 2, t.shape) * 2.0 - 1 for t in tensors]
            product = torch.autograd.grad(slopes, leaves, direction, retain_graph=True)
            total += sum(float((a * b).sum()) for a, b in zip(direction, product, strict=True))
        return total / PROBES

    def decomposition() -> Any:
        slope = torch.func.vmap(torch.func.jacrev(partial(network, tensors)))(inputs)
        return float(torch.linalg.svdvals(slope)[:, 0].mean())

    return {
        "jacobians": jacobians,
        "jvp of grad": functional,
        "double backward": double_backward,
        "decomposition": decomposition,
    }[way]


# The mean of 100 probes has a standard error of 6.4 % (4,000 probes); four of them.
EXACT, ESTIMATE = 1e-4, 0.26


def case(call: Callable[[], Callable[[], Any]], expected: float, tolerance: float) -> Case:
    """Time one way and check its number; what takes seconds is called once when warm."""
    return Case(call(), close(expected, tolerance), 1 if tolerance == ESTIMATE else 5)


CASES: dict[str, Callable[[], Case]] = {
    "ours, sharpness": partial(case, partial(ours, "sharpness"), SHARPNESS, EXACT),
    "ours, sensitivity": partial(case, partial(ours, "sensitivity"), SENSITIVITY, EXACT),
}
for label, call, expected, tolerance in (
    ("torch.func, Jacobians", partial(torch_way, "jacobians"), SHARPNESS, EXACT),
    ("JAX, Jacobians", partial(plain_jax, "jacobians"), SHARPNESS, EXACT),
    ("torch, double backward", partial(torch_way, "double backward"), TRACE, ESTIMATE),
    ("torch.func, jvp of grad", partial(torch_way, "jvp of grad"), TRACE, ESTIMATE),
    ("JAX, 100 probes", partial(plain_jax, "hutchinson"), TRACE, ESTIMATE),
    ("torch, singular values", partial(torch_way, "decomposition"), SENSITIVITY, EXACT),
    ("JAX, singular values", partial(plain_jax, "decomposition"), SENSITIVITY, EXACT),
):
    CASES[label] = partial(case, call, expected, tolerance)

BARS = [
    Bar("PF-3a", "torch.func, Jacobians", "ours, sharpness", 300.0, 700.0),
    Bar("PF-3a", "JAX, Jacobians", "ours, sharpness", None, None),
    Bar("PF-3b", "torch, double backward", "ours, sharpness", 50.0, 100.0),
    Bar("PF-3b", "torch.func, jvp of grad", "ours, sharpness", None, None),
    Bar("PF-3b", "JAX, 100 probes", "ours, sharpness", 50.0, 100.0),
    Bar("PF-3c", "torch, singular values", "ours, sensitivity", 1.5, 3.0),
    Bar("PF-3c", "JAX, singular values", "ours, sensitivity", 1.5, 3.0),
]

if __name__ == "__main__":
    main(__file__, CASES, BARS, ["jax", "jaxlib", "torch", "numpy"])
