"""How far simulated voltages are from recorded ones, for many fits at the same time."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from spinebook.misuse import explains_misuse
from spinebook.neurons.neuron import Neuron, State
from spinebook.neurons.simulate import simulate
from spinebook.types import AnyArray, Numbers


@explains_misuse
def masked_voltage_loss(
    neuron: Neuron,
    densities_mS_cm2: Float[AnyArray, "channels #nodes *#fits one"],
    stimuli_nA: Float[AnyArray, "steps sites *#fits stimuli"],
    target_mV: Float[AnyArray, "samples nodes *#fits stimuli"],
    *,
    sites: Numbers,
    mask: float | Float[AnyArray, "nodes *#fits #stimuli"] = 1.0,
    dt_ms: float,
    record_every: int = 1,
    initial: float | State,
    checkpoint_steps: int | None = None,
) -> Float[Array, "..."]:
    r"""Return the mean squared difference between the voltages of a neuron and its target.

    .. math:: \ell = \frac{1}{TNB} \sum_{t=1}^{T} \sum_{i=1}^{N} \sum_{b=1}^{B}
        \big(w_i\,(v_{tib} - v^*_{tib})\big)^2

    over samples t, nodes i and stimuli b. As in the code of Jones and Kording (2024), nodes with a
    weight of 0, which are not recorded, still count in N. The first sample is the start, which no
    conductance can change, and is left out.

    Conditions of equal shape share one compiled program: sites without a stimulus get a current of
    0, nodes without a recording a weight of 0.

    Args:
        neuron: Compartments and channels.
        densities_mS_cm2: Maximal conductances, the same for all stimuli of a fit.
        stimuli_nA: Current during each step into each site.
        target_mV: Recorded voltages of all nodes, as :func:`simulate` returns them. A node that is
            not recorded needs a number too, which has no effect.
        sites: Nodes the stimuli go into.
        mask: w, weight of each node.
        dt_ms: Step of the simulation.
        record_every: Steps between two samples.
        initial: State at the start, or its voltage.
        checkpoint_steps: As for :func:`simulate`.

    Returns:
        One loss for each fit, mV2; not finite where the voltage left what its precision holds.

    Raises:
        ValueError: If shapes do not belong together, or an argument of :func:`simulate` is wrong.

    Examples:
        >>> from spinebook.neurons import Leak, graph_compartments
        >>> neuron = Neuron(graph_compartments([-1, 0], 0.0), (Leak(-70.0),))
        >>> currents, target = np.zeros((4, 1, 1)), np.full((5, 2, 1), -65.0)
        >>> start = {"sites": [0], "dt_ms": 0.1, "initial": -70.0}
        >>> densities = np.full((1, 2, 1), 0.1)
        >>> float(masked_voltage_loss(neuron, densities, currents, target, **start))
        25.0
        >>> one = np.array([[1.0], [0.0]])
        >>> float(masked_voltage_loss(neuron, densities, currents, target, mask=one, **start))
        12.5
    """
    nodes = np.arange(neuron.n_nodes)
    run = simulate(
        neuron, densities_mS_cm2, stimuli_nA, sites=sites, record=nodes, dt_ms=dt_ms,
        initial=initial, record_every=record_every, checkpoint_steps=checkpoint_steps,
    )  # fmt: skip
    expected, found = run.v_mV.shape, np.shape(target_mV)
    if found[:2] != expected[:2] or len(found) != len(expected) or len(expected) < 3:
        raise ValueError(
            f"target_mV must have shape (samples, nodes, *fits, stimuli) = {expected}, got {found}."
        )
    weighted = mask * (run.v_mV - jnp.asarray(target_mV))[1:]
    return (weighted**2).mean((0, 1, -1))
