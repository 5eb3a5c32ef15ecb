"""Gradients of simulated voltages against differences, against each other, and their memory."""

import dataclasses
import functools
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from spinebook.neurons import Neuron, graph_compartments, simulate, steady_state

from tests import tolerances
from tests.neurons.cells import DENSITIES, SQUID, branched

NEURON = branched()
# A prime number: whatever is cut off, chunks of it leave a remainder.
STEPS = 61
RNG = np.random.default_rng(0)
POINT = {
    "densities": DENSITIES * RNG.uniform(0.8, 1.2, (3, 10)),
    "stimuli": np.where(np.arange(STEPS) < 40, 5.0, 0.0)[:, None],
    "start": RNG.uniform(-66.0, -64.0, 10),
    "axial": np.array(NEURON.graph.axial_uS),
    "capacitance": RNG.uniform(0.9, 1.1, 10),
}
WEIGHTS = RNG.normal(size=(STEPS + 1, 2))


def loss(point, scheme="backward_euler", **options):
    """A sum of squared voltages of a membrane and of another, each sample with its weight."""
    graph = NEURON.graph._replace(axial_uS=point["axial"])
    neuron = dataclasses.replace(NEURON, graph=graph, capacitance_uF_cm2=point["capacitance"])
    result = simulate(
        neuron,
        point["densities"],
        point["stimuli"],
        sites=[0],
        record=[0, 9],
        initial=steady_state(neuron, point["start"]),
        scheme=scheme,
        **options,
    )
    return (WEIGHTS * (result.v_mV / 100) ** 2).sum()


@functools.cache
def compiled(scheme):
    return jax.jit(jax.value_and_grad(functools.partial(loss, scheme=scheme)))


def direction(name):
    """A random direction in one kind of parameter, each entry in units of its own size."""
    rng = np.random.default_rng(list(POINT).index(name))
    zeros = {other: np.zeros_like(value) for other, value in POINT.items()}
    return zeros | {name: rng.choice([-1.0, 1.0], POINT[name].shape) * POINT[name]}


def moved(along, step):
    return {name: value + step * along[name] for name, value in POINT.items()}


@pytest.mark.parametrize("scheme", ["backward_euler", "crank_nicolson"])
@pytest.mark.parametrize("name", list(POINT))
@pytest.mark.usefixtures("float64")
def test_reverse_mode_is_the_slope__brute_force(scheme, name):
    """Central differences with two steps, extrapolated to the fourth order."""
    along, function = direction(name), compiled(scheme)
    gradient = function(POINT)[1][name]

    def slope(step):
        return (function(moved(along, step))[0] - function(moved(along, -step))[0]) / (2 * step)

    step = 2e-6 if name == "start" else 1e-4
    expected = (4 * slope(step / 2) - slope(step)) / 3
    assert abs(expected) > 1e-3
    found = (gradient * along[name]).sum()
    np.testing.assert_allclose(found, expected, rtol=tolerances.NEURONS_SIMULATE_SLOPE)


@pytest.mark.parametrize("scheme", ["backward_euler", "crank_nicolson"])
@pytest.mark.usefixtures("float64")
def test_forward_mode_is_reverse_mode__property(scheme):
    gradient = compiled(scheme)(POINT)[1]
    forward = jax.jit(
        lambda along: jax.jvp(functools.partial(loss, scheme=scheme), (POINT,), (along,))[1]
    )
    for name in POINT:
        along = direction(name)
        np.testing.assert_allclose(
            forward(along),
            (gradient[name] * along[name]).sum(),
            rtol=tolerances.NEURONS_SIMULATE_GRADIENT,
        )


@pytest.mark.parametrize(
    "options", [{"checkpoint_steps": 7}, pytest.param({}, marks=pytest.mark.slow)]
)
@pytest.mark.usefixtures("float64")
def test_what_is_kept_changes_nothing__property(options, monkeypatch):
    """Eight chunks of seven steps and five steps left over; by default a run too long to keep."""
    if not options:
        module = sys.modules["spinebook.neurons.integration"]
        monkeypatch.setattr(module, "_KEPT_BYTES", 0)
        module.integrate.clear_cache()
    value, gradient = jax.jit(jax.value_and_grad(functools.partial(loss, **options)))(POINT)
    expected_value, expected = compiled("backward_euler")(POINT)
    np.testing.assert_allclose(value, expected_value, rtol=tolerances.NEURONS_SIMULATE_GRADIENT)
    for name in POINT:
        scale = np.abs(expected[name]).max()
        np.testing.assert_allclose(
            gradient[name],
            expected[name],
            rtol=0,
            atol=tolerances.NEURONS_SIMULATE_GRADIENT * scale,
        )


@pytest.mark.slow
@pytest.mark.usefixtures("float64")
def test_cells_share_or_have_parameters__property():
    """Three cells at a time: gradients of their own, and their sum where densities are shared."""
    stimuli = POINT["stimuli"][..., None] * np.array([0.8, 1.0, 1.2])
    shared = functools.partial(simulate, NEURON, sites=[0], record=[0, 9])

    def total(densities, stimuli):
        v = shared(densities, stimuli).v_mV
        weights = WEIGHTS.reshape(*WEIGHTS.shape, *(1,) * (v.ndim - 2))
        return (weights * (v / 100) ** 2).sum()

    gradient = jax.jit(jax.grad(total, (0, 1)))
    together = gradient(POINT["densities"], stimuli)
    single = [gradient(POINT["densities"], stimuli[..., cell]) for cell in range(3)]
    expected = sum(one[0] for one in single), np.stack([one[1] for one in single], axis=-1)
    for found, value in zip(together, expected, strict=True):
        np.testing.assert_allclose(
            found,
            value,
            rtol=0,
            atol=tolerances.NEURONS_SIMULATE_GRADIENT * np.abs(value).max(),
        )


def test_what_is_not_connected_has_no_gradient__closed_form():
    """Exactly 0, not only nearly, for the node beyond a coupling of 0 and its current."""
    neuron = Neuron(graph_compartments([-1, 0, 1], [0.0, 1.0, 0.0]), SQUID)

    def total(densities, stimuli):
        v = simulate(neuron, densities, stimuli, sites=[0, 2], record=[0, 1]).v_mV
        return (v**2).sum()

    arguments = np.repeat(DENSITIES, 3, axis=1), np.full((STEPS, 2), 5.0)
    densities, stimuli = jax.jit(jax.grad(total, (0, 1)))(*arguments)
    assert (densities[:, 2] == 0).all()
    assert (stimuli[:, 1] == 0).all()
    assert (densities[:, :2] != 0).all()
    assert (stimuli[:, 0] != 0).all()


def reverse_bytes(steps, checkpoint_steps, record_every=1):
    """Temporary memory of a compiled gradient, which is not run: a cable of 500 nodes."""
    nodes = 500
    neuron = Neuron(graph_compartments(np.arange(-1, nodes - 1), 1.0), SQUID)

    def total(densities, stimuli):
        result = simulate(
            neuron,
            densities,
            stimuli,
            sites=[0],
            record=[0],
            record_every=record_every,
            checkpoint_steps=checkpoint_steps,
        )
        return result.v_mV.sum()

    shapes = (jax.ShapeDtypeStruct(shape, jnp.float32) for shape in ((3, 1), (steps, 1)))
    return jax.jit(jax.grad(total)).lower(*shapes).compile().memory_analysis().temp_size_in_bytes


@pytest.mark.parametrize(
    ("root", "record_every"),
    [
        (2**8, 1),
        pytest.param(2**7, 1, marks=pytest.mark.slow),
        pytest.param(2**9, 1, marks=pytest.mark.slow),
        pytest.param(2**9, 2**10, marks=pytest.mark.slow),
    ],
)
def test_memory_grows_with_the_root_of_the_steps__closed_form(root, record_every):
    """As many states at the starts of chunks as inside one of them, four floats a node."""
    state = 4 * 500 * 4
    needed = reverse_bytes(root**2, None, record_every)
    assert root * state < needed < tolerances.NEURONS_SIMULATE_MEMORY * root * state


@pytest.mark.slow
def test_memory_without_chunks_holds_every_state__closed_form():
    assert reverse_bytes(2**14, 1) > 2**14 * 4 * 500 * 4
