"""Training a rate network and its recurrent tangent kernel, against PyTorch on the CPU (PF-4).

Training: five networks in turn, 200 steps of momentum SGD each, 28 steps of 28 inputs, batch 32.
The peers are an eager loop with the input drive of all steps in one product, and PyTorch's fused
recurrent layer. All see the same data and starts and must end at the same loss, written down from
a run in float64.

Kernel: outputs of all eight steps for 32 samples and three outputs, 768 rows. The peers build the
Jacobian by one backward pass an output, and by torch.func; all must find the same trace and norm.

    python benchmarks/regimes.py [PAIRS]
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from pairs import Case, main
from reports import Bar

SEEDS, UPDATES, STEPS, BATCH, INPUTS, CLASSES = 5, 200, 28, 32, 28, 10
RATE, MOMENTUM = 0.003, 0.9
LOSSES = {300: 2.274833, 150: 2.259082}
KERNEL_SHAPE = (8, 32, 3, 300)  # steps, samples, inputs and outputs, units
TRACE, NORM = 15563.9754, 2106.4511


def weights(generator: np.random.Generator, units: int, inputs: int, outputs: int) -> list[Any]:
    """Return input, recurrent and readout weights, rows where a connection ends."""
    return [
        generator.uniform(-1, 1, (units, inputs)) / np.sqrt(inputs),
        generator.normal(size=(units, units)) / np.sqrt(units),
        generator.uniform(-1, 1, (outputs, units)) / np.sqrt(units),
    ]


def problem(units: int) -> tuple[list[list[Any]], Any, Any]:
    """Return the starts of all networks, the inputs and the labels of all updates."""
    generator = np.random.default_rng(4)
    starts = [weights(generator, units, INPUTS, CLASSES) for _ in range(SEEDS)]
    x = generator.uniform(size=(UPDATES, STEPS, BATCH, INPUTS))
    rule = generator.normal(size=(INPUTS, CLASSES))
    return starts, x, np.argmax((x - 0.5).mean(1) @ rule, axis=-1)


def training_case(tool: str, units: int) -> Case:
    """Time the training of all networks and check the mean loss of the last 20 updates."""
    starts, x, labels = problem(units)

    def check(result: Any) -> tuple[bool, str]:
        loss = float(np.mean(np.asarray(result)))
        return abs(loss - LOSSES[units]) < 1e-4, f"loss {loss:.6f}"

    learn = (ours_training if tool == "ours" else partial(torch_training, tool))(starts, x, labels)
    return Case(learn, check, 2)


def ours_training(starts: Any, x: Any, labels: Any, dtype: str = "float32") -> Callable[[], Any]:
    import jax
    import jax.numpy as jnp
    import optax
    from spinebook.regimes import RateParameters, last_step_loss

    optimiser = optax.sgd(RATE, MOMENTUM)

    @jax.jit
    def learn(networks: Any, batches: Any) -> Any:
        def one(parameters: Any) -> Any:
            def step(carry: Any, batch: Any) -> Any:
                parameters, state = carry
                loss, gradient = jax.value_and_grad(last_step_loss)(parameters, batch)
                updates, state = optimiser.update(gradient, state, parameters)
                return (optax.apply_updates(parameters, updates), state), loss

            _, losses = jax.lax.scan(step, (parameters, optimiser.init(parameters)), batches)
            return jnp.mean(losses[-20:])

        return jax.lax.map(one, networks)

    networks = RateParameters(*(jnp.asarray(np.stack(w), dtype) for w in zip(*starts, strict=True)))
    batches = jnp.asarray(x, dtype), jnp.asarray(labels, jnp.int32)
    return lambda: learn(networks, batches).block_until_ready()


def torch_training(tool: str, starts: Any, x: Any, labels: Any) -> Callable[[], Any]:
    import torch

    torch.set_flush_denormal(True)  # as XLA does; gradients of early steps are that small
    batches, right = torch.tensor(x, dtype=torch.float32), torch.tensor(labels)
    units = len(starts[0][1])

    def eager(parameters: Any, inputs: Any) -> Any:
        drive = inputs @ parameters[0].T
        recurrent, rates = parameters[1].T, torch.zeros(BATCH, units)
        for now in drive:
            rates = torch.relu(torch.addmm(now, rates, recurrent))
        return rates @ parameters[2].T

    def learn() -> Any:
        means = []
        for start in starts:
            parameters = [torch.tensor(w, dtype=torch.float32, requires_grad=True) for w in start]
            forward: Any = partial(eager, parameters)
            if tool == "torch fused":
                layer = torch.nn.RNN(INPUTS, units, nonlinearity="relu", bias=False)
                layer.weight_ih_l0, layer.weight_hh_l0 = map(torch.nn.Parameter, parameters[:2])
                parameters[:2] = layer.parameters()

                def forward(inputs: Any, layer: Any = layer, readout: Any = parameters[2]) -> Any:
                    return layer(inputs)[0][-1] @ readout.T

            optimiser = torch.optim.SGD(parameters, RATE, MOMENTUM)
            losses = []
            for inputs, label in zip(batches, right, strict=True):
                optimiser.zero_grad()
                loss = torch.nn.functional.cross_entropy(forward(inputs), label)
                loss.backward()
                optimiser.step()
                losses.append(loss.detach())
            means.append(float(torch.stack(losses[-20:]).mean()))
        return means

    return learn


def kernel_case(tool: str) -> Case:
    """Time one kernel and check its trace and its Frobenius norm."""
    steps, samples, channels, units = KERNEL_SHAPE
    generator = np.random.default_rng(5)
    start = weights(generator, units, channels, channels)
    x = generator.normal(size=(steps, samples, channels))

    def check(result: Any) -> tuple[bool, str]:
        kernel = np.asarray(result, np.float64)
        trace, norm = float(np.trace(kernel)), float(np.linalg.norm(kernel))
        passed = abs(trace / TRACE - 1) < 1e-5 and abs(norm / NORM - 1) < 1e-5
        return passed, f"trace {trace:.3f}, norm {norm:.3f}"

    return Case((ours_kernel if tool == "ours" else partial(torch_kernel, tool))(start, x), check)


def ours_kernel(start: Any, x: Any, dtype: str = "float32") -> Callable[[], Any]:
    import jax.numpy as jnp
    from spinebook.regimes import RateParameters, recurrent_tangent_kernel

    parameters = RateParameters(*(jnp.asarray(w, dtype) for w in start))
    inputs = jnp.asarray(x, dtype)
    return lambda: recurrent_tangent_kernel(parameters, inputs).block_until_ready()


def torch_kernel(tool: str, start: Any, x: Any) -> Callable[[], Any]:
    import torch

    input_weights, recurrent, readout = (torch.tensor(w, dtype=torch.float32) for w in start)
    drive = torch.tensor(x, dtype=torch.float32) @ input_weights.T

    def outputs(weights: Any) -> Any:
        rates, found = torch.zeros_like(drive[0]), []
        for now in drive:
            rates = torch.relu(torch.addmm(now, rates, weights.T))
            found.append(rates @ readout.T)
        return torch.stack(found).reshape(-1)

    def loop() -> Any:
        weights = recurrent.clone().requires_grad_()
        y = outputs(weights)
        jacobian = torch.empty(len(y), weights.numel())
        for i, value in enumerate(y):
            (gradient,) = torch.autograd.grad(value, weights, retain_graph=True)
            jacobian[i] = gradient.reshape(-1)
        return jacobian @ jacobian.T

    def vectorised() -> Any:
        jacobian = torch.func.jacrev(outputs)(recurrent).reshape(len(drive) * x.shape[1] * 3, -1)
        return jacobian @ jacobian.T

    return loop if tool == "torch loop" else vectorised


CASES: dict[str, Callable[[], Case]] = {}
BARS = []
for name, units, must, stretch in (("PF-4a", 300, 1.5, 2.2), ("PF-4b", 150, 2.0, 4.0)):
    label = f"training, N={units}"
    for tool in ("torch eager", "torch fused", "ours"):
        CASES[f"{tool}, {label}"] = partial(training_case, tool, units)
    ours = f"ours, {label}"
    BARS.append(Bar(name, f"torch eager, {label}", ours, must, stretch))
    BARS.append(Bar(name, f"torch fused, {label}", ours, None, None))
for tool in ("torch loop", "torch.func", "ours"):
    CASES[f"{tool}, kernel"] = partial(kernel_case, tool)
BARS.append(Bar("PF-4c", "torch loop, kernel", "ours, kernel", 30.0, 55.0))
BARS.append(Bar("PF-4c", "torch.func, kernel", "ours, kernel", None, None))

if __name__ == "__main__":
    main(__file__, CASES, BARS, ["jax", "jaxlib", "optax", "torch", "numpy"])
