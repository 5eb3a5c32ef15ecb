"""The chains that Jones and Kording (2024) fit: model, targets, stimuli and start, as published."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from spinebook.checks import check_count, check_number
from spinebook.neurons.channels import Channel, steady_gates
from spinebook.neurons.compartments import graph_compartments
from spinebook.neurons.neuron import Neuron, State
from spinebook.neurons.traub import PotassiumTraub, SodiumTraub, traub_channels
from spinebook.types import AnyArray, Numbers

NOMINAL_MS_CM2 = np.array([100.0, 45.0])
"""Sodium and potassium conductance that fits start from and targets are drawn around."""

LEAK_MS_CM2 = 1 / 37
"""Leak of every compartment; it is not fitted."""

SAMPLE_MS = 0.1
"""Time for which a stimulus stays constant at least."""

_CAPACITANCE_UF_CM2 = 0.45
_START_MV = -60.0
_SAMPLES, _STEPS = 48, 50


def toy_neuron(parents: Numbers, axial_mS_cm2: Numbers, *, legacy_shift: bool = True) -> Neuron:
    """Return identical compartments with the published channels and capacitance.

    Args:
        parents: Tree of the compartments; ``range(-1, n - 1)`` is a chain.
        axial_mS_cm2: Coupling, 0.5 in the toy of six and 0.01 in the neuron of 184 compartments.
        legacy_shift: The published driving forces, or the intended ones
            (:func:`spinebook.neurons.traub_channels`).

    Returns:
        The neuron; its channels are leak, sodium and potassium. Areas are such that currents in
        nA are densities in uA/cm2.

    Examples:
        >>> toy_neuron(range(-1, 5), 0.5).n_nodes
        6
    """
    graph = graph_compartments(np.asarray(parents), axial_mS_cm2)
    return Neuron(graph, tuple(traub_channels(legacy_shift=legacy_shift)), _CAPACITANCE_UF_CM2)


def toy_densities(
    conductances_mS_cm2: Float[AnyArray, "2 nodes *cells"],
) -> Float[Array, "3 nodes *cells"]:
    """Put the leak before sodium and potassium.

    Args:
        conductances_mS_cm2: What is fitted: sodium and potassium of each compartment.

    Returns:
        Densities in the order of the channels of :func:`toy_neuron`.

    Examples:
        >>> toy_densities(jnp.array([[100.0], [45.0]])).shape
        (3, 1)
    """
    conductances = jnp.asarray(conductances_mS_cm2)
    leak = jnp.full((1, *conductances.shape[1:]), LEAK_MS_CM2, conductances.dtype)
    return jnp.concatenate([leak, conductances])


def published_targets(
    seed: int, nodes: int, *, spread: float = 0.3
) -> Float[np.ndarray, " 2 nodes"]:
    r"""Draw the conductances of a target as the public generator does, digit by digit.

    .. math:: g_{\mathrm{Na},i} = 100\,U_i, \quad g_{\mathrm{K},i} = 45\,U'_i,
        \quad U \sim \mathrm{Uniform}(1 - s,\ 1 + s)

    The generator is that of PyTorch on a CPU: 24 bits of each word of the Mersenne twister.

    Args:
        seed: Seed; 20230619 to 20230628 are published.
        nodes: Number of compartments, at least 1.
        spread: s, half the width of the law (not a standard deviation), 0 to 1.

    Returns:
        Sodium and potassium of each compartment, mS/cm2, in float64.

    Raises:
        ValueError: If an argument is out of range.

    Examples:
        >>> published_targets(20230619, 6)[0].round(3).tolist()
        [118.501, 77.038, 116.652, 113.503, 106.428, 77.563]
    """
    check_count("seed", seed)
    check_count("nodes", nodes, minimum=1)
    check_number("spread", spread)
    if not 0 <= spread <= 1:
        raise ValueError(f"spread must lie between 0 and 1, got {spread}.")
    words = np.frombuffer(np.random.RandomState(seed).bytes(8 * nodes), "<u4")
    uniform = (words & 0xFFFFFF) / 2**24
    shares = 1 - spread + 2 * spread * uniform
    return NOMINAL_MS_CM2[:, None] * shares.reshape(2, nodes)


def published_stimuli(
    key: PRNGKeyArray, *, stimuli: int, nodes: int, dt_ms: float, largest: int = 19
) -> Float[Array, "steps nodes stimuli"]:
    """Draw currents of 5 ms by the published law: three levels, two changes, most of them late.

    For each compartment two of 48 samples are drawn as times of change, without replacement and
    with a probability proportional to their index (which is as published, and perhaps not as
    meant). Levels are whole numbers from 0 to ``largest``, first and last sample are 0. A sample
    lasts 0.1 ms, and the last one until the end.

    Args:
        key: Random key. The law is published, the draws are not: they come from two generators.
        stimuli: Number of stimuli, at least 1.
        nodes: Number of compartments that get a current of their own.
        dt_ms: Step of the simulation; must divide 0.1.
        largest: 19 in the toy, 9 in the neuron of 184 compartments.

    Returns:
        Currents, uA/cm2, in the layout of :func:`spinebook.neurons.simulate` and in float32.

    Raises:
        ValueError: If an argument is out of range, or ``dt_ms`` does not divide 0.1.

    Examples:
        >>> currents = published_stimuli(jax.random.key(0), stimuli=3, nodes=2, dt_ms=0.05)
        >>> currents.shape, float(currents[:2].max())
        ((100, 2, 3), 0.0)
    """
    for name, count in (("stimuli", stimuli), ("nodes", nodes), ("largest", largest)):
        check_count(name, count, minimum=1)
    per_sample = steps_per_sample(dt_ms)
    for_changes, for_levels = jax.random.split(key)
    shape = (nodes, stimuli)
    index = jnp.arange(_SAMPLES)
    # The two largest of logarithmic weights with Gumbel noise are a draw without replacement.
    noise = jax.random.gumbel(for_changes, (*shape, _SAMPLES), jnp.float32)
    _, changes = jax.lax.top_k(noise + jnp.log(index), 2)
    levels = jax.random.randint(for_levels, (*shape, 3), 0, largest + 1)
    segment = (index >= changes[..., :1]).astype(int) + (index >= changes[..., 1:])
    currents = jnp.take_along_axis(levels, segment, axis=-1)
    currents = currents.at[..., jnp.array([0, _SAMPLES - 1])].set(0)
    held = jnp.concatenate([currents, jnp.zeros((*shape, _STEPS - _SAMPLES), int)], axis=-1)
    return jnp.moveaxis(jnp.repeat(held, per_sample, axis=-1), -1, 0).astype(jnp.float32)


def steps_per_sample(dt_ms: float) -> int:
    """Return how many steps make up the 0.1 ms between two samples.

    Args:
        dt_ms: Step, ms; must divide 0.1.

    Returns:
        Number of steps.

    Raises:
        ValueError: If 0.1 is no multiple of the step.

    Examples:
        >>> steps_per_sample(0.0125)
        8
    """
    check_number("dt_ms", dt_ms)
    count = round(SAMPLE_MS / dt_ms) if dt_ms > 0 else 0
    if count < 1 or abs(count * dt_ms - SAMPLE_MS) > 1e-9:
        raise ValueError(f"dt_ms must divide {SAMPLE_MS} ms, got {dt_ms}.")
    return count


def published_start(neuron: Neuron) -> State:
    """Return the published initial state: -60 mV, and gates that are steady 49.2 mV below.

    The code computes them without the shift that it applies everywhere else, so that the neuron
    starts far from equilibrium.

    Args:
        neuron: A neuron with the published channels.

    Returns:
        The state.

    Examples:
        >>> state = published_start(toy_neuron(range(-1, 5), 0.5))
        >>> f"{state.gates[1][0, 0]:.3e}"  # m
        '2.494e-07'
    """
    v = jnp.full(neuron.n_nodes, _START_MV)

    def gates(channel: Channel) -> Array:
        if isinstance(channel, SodiumTraub | PotassiumTraub):
            return steady_gates(channel, v - channel.shift_mV)
        return steady_gates(channel, v)

    return State(v, tuple(gates(channel) for channel in neuron.channels))
