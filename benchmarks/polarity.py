"""Training with frozen signs, against the same in PyTorch and against free training (PF-5).

PF-5a and PF-5b: one epoch of a network 784-128-10 on 60,000 images in minibatches of 100. PF-5c:
one epoch of a convolutional network with 8 and 16 maps of 3 x 3 and a linear readout on 12,000
images, with a stride of 2 or with 2 x 2 maximum pooling. Adam, five seeds in turn. Images are made
up: noise and a linear teacher, or noisy copies of ten patterns. Every contestant starts from the
same weights and sees the same batches. After each step the weights that crossed zero are put back,
by random sizes or by a constant one. A result counts only if no weight has changed its sign (unless
it was free to) and the loss of the last steps is that of all others.

    python benchmarks/polarity.py [PAIRS]
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from pairs import Case, main
from reports import Bar

BATCH, SEEDS, SIDE, CLASSES = 100, 5, 28, 10
RATE, EPSILON = 1e-3, 1e-3
# Random sizes, and another order of the sums, move the mean loss of the last steps by up to one
# per cent (dense, eight runs of the two contestants: 1.806 to 1.835).
TOLERANCE = 0.02


class Work(NamedTuple):
    """A network by the inputs and outputs of its layers, and what it learns."""

    layers: tuple[tuple[int, int], ...]
    images: int
    last: int  # steps at the end whose loss is averaged over the seeds
    loss: dict[str, float]


WORK = {
    "dense": Work(((784, 128), (128, 10)), 60_000, 100, {"free": 1.686, "frozen": 1.824}),
    "stride": Work(((9, 8), (72, 16), (784, 10)), 12_000, 40, {"frozen": 1.187}),
    "pooling": Work(((9, 8), (72, 16), (784, 10)), 12_000, 40, {"frozen": 1.680}),
}


def problem(kind: str) -> tuple[np.ndarray, np.ndarray, list[list[np.ndarray]]]:
    """Return images, labels and the first weights of each seed."""
    generator, work = np.random.default_rng(4), WORK[kind]
    pixels = SIDE * SIDE
    if kind == "dense":
        images = generator.uniform(size=(work.images, pixels)).astype(np.float32)
        teacher = generator.normal(size=(pixels, CLASSES)).astype(np.float32)
        labels = ((images - 0.5) @ teacher).argmax(axis=1)
    else:
        patterns = generator.normal(size=(CLASSES, SIDE // 4, SIDE // 4))
        patterns = patterns.repeat(4, axis=1).repeat(4, axis=2)
        labels = generator.integers(CLASSES, size=work.images)
        noise = 5 * generator.normal(size=(work.images, SIDE, SIDE))
        images = (patterns[labels] + noise).astype(np.float32)
    starts = []
    for _ in range(SEEDS):
        start = []
        for fan_in, fan_out in work.layers:
            spread = np.sqrt(2 / (fan_in + fan_out))
            start.append(spread * generator.normal(size=(fan_in, fan_out)).astype(np.float32))
            start.append(np.zeros(fan_out, np.float32))
        starts.append([part.astype(np.float32) for part in start])
    return images, labels, starts


def check(kind: str, reset: str, result: tuple[float, list[np.ndarray]]) -> tuple[bool, str]:
    """Compare the loss with the known one, and the signs with those of the first weights."""
    loss, kernels = result
    expected = WORK[kind].loss["free" if reset == "free" else "frozen"]
    _, _, starts = problem(kind)
    changed = sum(
        int((start[2 * k] * kernel[seed] < 0).sum())
        for seed, start in enumerate(starts)
        for k, kernel in enumerate(kernels)
    )
    right = abs(loss / expected - 1) < TOLERANCE and (changed == 0) == (reset != "free")
    return right, f"loss {loss:.5f} for {expected:.5f}, {changed} signs changed"


def ours(kind: str, reset: str) -> Case:
    import jax
    import jax.numpy as jnp
    import optax
    from spinebook.landscape import Convnet
    from spinebook.polarity import ImageNetwork, freeze_polarity, polarity_of

    def dense(layers: Any, images: Any) -> Any:
        activity = jax.nn.relu(images @ layers[0]["weight"] + layers[0]["bias"])
        return activity @ layers[1]["weight"] + layers[1]["bias"]

    network: Any = {
        "dense": dense,
        "stride": ImageNetwork(SIDE, SIDE, 1, maps=(8, 16), hidden=(), outputs=CLASSES),
        "pooling": Convnet(SIDE, SIDE, 1, maps=(8, 16), outputs=CLASSES),
    }[kind]

    def loss(layers: Any, batch: Any) -> Any:
        logits = network(layers, batch[0])
        return optax.softmax_cross_entropy_with_integer_labels(logits, batch[1]).mean()

    @jax.jit
    def learn(networks: Any, batches: Any) -> Any:
        def one(layers: Any) -> Any:
            optimiser: Any = optax.adam(RATE)
            if reset != "free":
                mask = tuple({"weight": True, "bias": False} for _ in layers)
                polarity = polarity_of(layers, mask)
                optimiser = freeze_polarity(optimiser, polarity, reset, epsilon=EPSILON, seed=0)

            def step(carry: Any, batch: Any) -> Any:
                layers, state = carry
                value, slope = jax.value_and_grad(loss)(layers, batch)
                updates, state = optimiser.update(slope, state, layers)
                return (optax.apply_updates(layers, updates), state), value

            (layers, _), losses = jax.lax.scan(step, (layers, optimiser.init(layers)), batches)
            return jnp.mean(losses[-WORK[kind].last :]), [layer["weight"] for layer in layers]

        return jax.lax.map(one, networks)

    images, labels, starts = problem(kind)
    shape = (SIDE * SIDE,) if kind == "dense" else (SIDE, SIDE, 1)
    batches = (
        jnp.asarray(images.reshape(-1, BATCH, *shape)),
        jnp.asarray(labels.reshape(-1, BATCH), jnp.int32),
    )
    parts = [jnp.asarray(np.stack(part)) for part in zip(*starts, strict=True)]
    networks = tuple(
        {"weight": weight, "bias": bias}
        for weight, bias in zip(parts[::2], parts[1::2], strict=True)
    )

    def call() -> tuple[float, list[np.ndarray]]:
        losses, kernels = learn(networks, batches)
        return float(losses.mean()), [np.asarray(kernel) for kernel in kernels]

    return Case(call, partial(check, kind, reset), 3)


def torch_eager(kind: str, reset: str, fused: bool = False) -> Case:
    import torch
    from torch.nn import functional

    torch.set_flush_denormal(True)  # as XLA does
    images, labels, starts = problem(kind)
    shape = (SIDE * SIDE,) if kind == "dense" else (1, SIDE, SIDE)
    x = torch.tensor(images).reshape(-1, BATCH, *shape)
    y = torch.tensor(labels).reshape(-1, BATCH)

    def native(weights: np.ndarray) -> np.ndarray:
        """Return weights in PyTorch's order: maps out, maps in, row, column; pixels by map."""
        rows, outputs = weights.shape
        if kind == "dense":
            return weights
        if outputs == CLASSES:
            return weights.reshape(-1, 16, outputs).swapaxes(0, 1).reshape(rows, outputs)
        return weights.reshape(3, 3, -1, outputs).transpose(3, 2, 0, 1)

    def back(weights: np.ndarray) -> np.ndarray:
        """Undo ``native``."""
        if kind == "dense":
            return weights
        if weights.ndim == 2:
            return weights.reshape(16, -1, CLASSES).swapaxes(0, 1).reshape(-1, CLASSES)
        return weights.transpose(2, 3, 1, 0).reshape(-1, weights.shape[0])

    def activity(parameters: list[Any], batch: Any) -> Any:
        if kind == "dense":
            return torch.relu(torch.addmm(parameters[1], batch, parameters[0]))
        for k in (0, 2):
            stride = 2 if kind == "stride" else 1
            batch = functional.conv2d(batch, *parameters[k : k + 2], stride=stride, padding=1)
            batch = torch.relu(batch)
            batch = functional.max_pool2d(batch, 2) if kind == "pooling" else batch
        return batch.reshape(BATCH, -1)

    def put_back(weights: Any, sign: Any) -> None:
        size = EPSILON * torch.rand_like(weights) if reset == "random" else EPSILON
        weights.copy_(torch.where(weights * sign < 0, sign * size, weights))

    def one(start: list[np.ndarray]) -> tuple[float, list[np.ndarray]]:
        arrays = [native(part) if part.ndim > 1 else part for part in start]
        parameters = [torch.tensor(part.copy(), requires_grad=True) for part in arrays]
        kernels = parameters[::2]
        signs = [kernel.detach().sign() for kernel in kernels]
        adam, losses = torch.optim.Adam(parameters, RATE, fused=fused or None), []
        for batch, right in zip(x, y, strict=True):
            adam.zero_grad()
            logits = torch.addmm(parameters[-1], activity(parameters, batch), parameters[-2])
            loss = functional.cross_entropy(logits, right)
            loss.backward()
            adam.step()
            losses.append(loss.detach())
            if reset != "free":
                with torch.no_grad():
                    for kernel, sign in zip(kernels, signs, strict=True):
                        put_back(kernel, sign)
        last = float(torch.stack(losses[-WORK[kind].last :]).mean())
        return last, [back(kernel.detach().numpy()) for kernel in kernels]

    def call() -> tuple[float, list[np.ndarray]]:
        torch.manual_seed(0)
        losses, ends = zip(*(one(start) for start in starts), strict=True)
        return float(np.mean(losses)), [np.stack(part) for part in zip(*ends, strict=True)]

    return Case(call, partial(check, kind, reset), 1)


CASES: dict[str, Callable[[], Case]] = {
    "ours, random reset": partial(ours, "dense", "random"),
    "ours, constant reset": partial(ours, "dense", "constant"),
    "ours, free": partial(ours, "dense", "free"),
    "torch, random reset": partial(torch_eager, "dense", "random"),
    "torch, constant reset": partial(torch_eager, "dense", "constant"),
    "torch, free": partial(torch_eager, "dense", "free"),
    "ours, stride": partial(ours, "stride", "random"),
    "torch, stride": partial(torch_eager, "stride", "random"),
    "torch fused, stride": partial(torch_eager, "stride", "random", fused=True),
    "ours, pooling": partial(ours, "pooling", "random"),
    "torch, pooling": partial(torch_eager, "pooling", "random"),
    "torch fused, pooling": partial(torch_eager, "pooling", "random", fused=True),
}
BARS = [
    Bar("PF-5a", "torch, random reset", "ours, random reset", 2.0, 4.0),
    Bar("PF-5a", "torch, random reset", "ours, constant reset", 3.5, 4.0),
    Bar("PF-5a", "torch, constant reset", "ours, constant reset", None, None),
    Bar("PF-5a", "torch, free", "ours, constant reset", None, None),
    Bar("PF-5b", "ours, free", "ours, random reset", 1.25, 1.05, faster=False),
    Bar("PF-5b", "ours, free", "ours, constant reset", 1.25, 1.05, faster=False),
    Bar("PF-5c", "torch, stride", "ours, stride", 1.2, 3.0),
    Bar("PF-5c", "torch fused, stride", "ours, stride", 1.2, 3.0),
    Bar("PF-5c", "torch, pooling", "ours, pooling", 1.2, 3.0),
    Bar("PF-5c", "torch fused, pooling", "ours, pooling", 1.2, 3.0),
]

if __name__ == "__main__":
    main(__file__, CASES, BARS, ["jax", "jaxlib", "torch", "numpy"])
