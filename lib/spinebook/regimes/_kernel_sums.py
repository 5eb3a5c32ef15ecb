"""The sums over pairs of steps that make up the tangent kernel of a recurrent weight matrix.

With delta, an output's gradient with respect to the input of every step's units, and the rates r
before that step, a row of the Jacobian is a sum over steps of outer products, so that

    K(i, j) = sum over s, s' of (delta_s^i . delta_s'^j) (r_{s-1}^i . r_{s'-1}^j),

and nothing as large as the weight matrix has to be stored for each output. Which order of the sums
is fastest depends on how many outputs a sample has; both orders use the symmetry of K.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

# Numbers in the largest temporary of `sum_by_samples`; 8 MiB in float32 stays within a cache.
_BLOCK = 2**21


def sum_by_steps(
    recurrent: Float[Array, "units units"],
    readout: Float[Array, "outputs units"],
    run: Float[Array, "steps batch units"],
    leak: float,
) -> Float[Array, "rows rows"]:
    """Return the kernel of the outputs of all steps, one product for each pair of steps.

    Outputs of earlier steps have no gradient at later ones, and are left out there. The program
    grows with the square of the number of steps, so this is for few of them.
    """
    steps, batch, units = run.shape
    outputs = readout.shape[0]
    active = (run > 0).astype(run.dtype)
    gradients: dict[int, Array] = {}
    later = jnp.zeros((0, outputs, batch, units), run.dtype)
    seed = jnp.broadcast_to(readout[None, :, None], (1, outputs, batch, units))
    for s in range(steps - 1, 0, -1):
        later = jnp.concatenate([seed, _back(later, recurrent, leak)]) * active[s]
        gradients[s] = later
    overlap = leak**2 * jnp.einsum("sbn,tcn->stbc", run[:-1], run[:-1])
    kernel = jnp.zeros((steps * outputs, batch, steps * outputs, batch), run.dtype)
    for s in range(1, steps):
        left = gradients[s].reshape(-1, units)
        for t in range(s, steps):
            product = (left @ gradients[t].reshape(-1, units).T).reshape(
                (steps - s) * outputs, batch, (steps - t) * outputs, batch
            )
            # Half of a sum that its own transpose completes.
            weight = overlap[s - 1, t - 1] * (0.5 if s == t else 1.0)
            block = product * weight[:, None, :]
            kernel = kernel.at[s * outputs :, :, t * outputs :].add(block)
    kernel = kernel.reshape(steps, outputs, batch, steps, outputs, batch)
    ordered = kernel.transpose(0, 2, 1, 3, 5, 4).reshape((steps * batch * outputs,) * 2)
    return ordered + ordered.T


def sum_by_samples(
    recurrent: Float[Array, "units units"],
    readout: Float[Array, "outputs units"],
    run: Float[Array, "steps batch units"],
    leak: float,
    every_step: bool,
) -> Float[Array, "rows rows"]:
    """Return the kernel of the outputs of all steps or of the last one, by pairs of samples.

    The overlaps of rates are multiplied in before the product over units.
    """
    steps, batch, units = run.shape
    outputs = readout.shape[0] * (steps if every_step else 1)
    gradients = _gradients(recurrent, readout, run, leak, every_step)
    group = int(min(batch, max(1, _BLOCK // (outputs * units * (steps - 1)))))
    groups = -(-batch // group)
    padding = ((0, groups * group - batch), (0, 0), (0, 0))
    # Steps last: what is multiplied by the overlaps, and the sum over them, then need no copies.
    backward = jnp.pad(gradients, padding).reshape(groups, group, outputs * units, steps - 1)
    forward = jnp.pad(leak * jnp.swapaxes(run[:-1], 0, 1), padding)
    forward = forward.reshape(groups, group, steps - 1, units)
    flat_backward = backward.reshape(groups * group, outputs, units * (steps - 1))
    flat_forward = forward.reshape(groups * group, steps - 1, units)
    pairs = [(b, g) for b in range(batch) for g in range(b // group, groups)]

    def add(
        kernel: Float[Array, "padded batch_rows"], pair: Array
    ) -> tuple[Float[Array, "padded batch_rows"], None]:
        sample, others = pair
        overlap = jnp.einsum("ctn,sn->cts", forward[others], flat_forward[sample])
        weighted = (backward[others] @ overlap).reshape(group * outputs, -1)
        block = weighted @ flat_backward[sample].T
        corner = (others * group * outputs, sample * outputs)
        return jax.lax.dynamic_update_slice(kernel, block, corner), None

    empty = jnp.zeros((groups * group * outputs, batch * outputs), run.dtype)
    below, _ = jax.lax.scan(add, empty, jnp.asarray(np.array(pairs, np.int32)))
    below = below[: batch * outputs]
    sample = jnp.arange(batch * outputs) // outputs
    kernel = jnp.where(sample[:, None] >= sample, below, below.T)
    if not every_step:
        return kernel
    per_step = (batch, steps, readout.shape[0])
    ordered = kernel.reshape(per_step + per_step).transpose(1, 0, 2, 4, 3, 5)
    return ordered.reshape(kernel.shape)


def _gradients(
    recurrent: Float[Array, "units units"],
    readout: Float[Array, "outputs units"],
    run: Float[Array, "steps batch units"],
    leak: float,
    every_step: bool,
) -> Float[Array, "batch outputs_units steps_less_one"]:
    """Return the gradients of a sample's outputs with respect to the input of its units."""
    steps, batch, units = run.shape
    starts = steps if every_step else 1
    seed = jnp.broadcast_to(readout[None, :, None], (starts, readout.shape[0], batch, units))
    first = jnp.arange(starts) if every_step else jnp.array([steps - 1])

    def step(back: Array, now: tuple[Array, Array]) -> tuple[Array, Array]:
        s, active = now
        gradient = (back + jnp.where((first == s)[:, None, None, None], seed, 0)) * active
        return _back(gradient, recurrent, leak), gradient

    active = (run[1:] > 0).astype(run.dtype)
    times = jnp.arange(1, steps)
    _, gradients = jax.lax.scan(step, jnp.zeros_like(seed), (times, active), reverse=True)
    by_sample = gradients.reshape(steps - 1, -1, batch, units).transpose(2, 1, 3, 0)
    return by_sample.reshape(batch, -1, steps - 1)


def _back(
    gradient: Float[Array, "starts outputs batch units"],
    recurrent: Float[Array, "units units"],
    leak: float,
) -> Float[Array, "starts outputs batch units"]:
    """Carry gradients from the input of a step's units to the rates of the step before."""
    back = leak * (gradient.reshape(-1, recurrent.shape[0]) @ recurrent).reshape(gradient.shape)
    return back + (1.0 - leak) * gradient if leak < 1 else back
