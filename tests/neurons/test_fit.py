"""Fits side by side against loops of optax, parabolas and each fit alone."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from spinebook import progress
from spinebook.neurons import (
    Neuron,
    PotassiumHH,
    SodiumHH,
    compartments,
    cylinder,
    fit,
    simulate,
)

from tests import tolerances

# Constants of losses are lists: JAX 0.10 keeps the precision in which it first met a NumPy one, and
# these tests use both.
TARGETS = [1.0, 3.0, -2.0]
START = {"a": np.array([0.5, -1.0, 2.0]), "b": np.arange(6.0).reshape(2, 3) / 3}
ADAM = optax.adam(0.05)


def valley(parameters):
    """Three curved valleys, one for each value in the last axis."""
    a, b = parameters["a"], parameters["b"]
    return (a - jnp.array(TARGETS)) ** 2 + (b[0] - a**2) ** 2 + jnp.sin(b[1]) ** 2


def parabola(x):
    return (x - jnp.array(TARGETS)) ** 2


def optax_loop(loss, start, optimiser, steps):
    """Losses and parameters after every step."""
    step = jax.jit(jax.value_and_grad(lambda p: loss(p).sum()))
    parameters, state, seen = start, optimiser.init(start), []
    for _ in range(steps + 1):
        _, slope = step(parameters)
        seen.append((loss(parameters), parameters))
        updates, state = optimiser.update(slope, state, parameters)
        parameters = optax.apply_updates(parameters, updates)
    return jax.tree.map(lambda *values: np.stack(values), *seen)


@pytest.mark.usefixtures("float64")
def test_adam_on_a_tree_of_parameters__independent_package():
    """The steps go to the device in two parts, of 50 and 11."""
    run = fit(valley, START, steps=60, optimiser=ADAM, measure=lambda p: p)
    losses, parameters = optax_loop(valley, START, ADAM, 60)
    np.testing.assert_allclose(run.losses, losses, rtol=tolerances.NEURONS_FIT_FLOAT64)
    for name in START:
        close = {"rtol": tolerances.NEURONS_FIT_FLOAT64, "atol": tolerances.NEURONS_FIT_FLOAT64}
        np.testing.assert_allclose(run.measured[name], parameters[name], **close)
        np.testing.assert_array_equal(run.parameters[name], run.measured[name][-1])


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("steps", [1, 49, 50, 130])
def test_descent_on_a_parabola__closed_form(steps):
    """Every step takes the distance to the target times 1 - 2 r."""
    run = fit(parabola, np.zeros(3), steps=steps, optimiser=optax.sgd(0.01))
    distance = np.array(TARGETS) * 0.98 ** np.arange(steps + 1)[:, None]
    close = {"rtol": tolerances.NEURONS_FIT_FLOAT64}
    np.testing.assert_allclose(run.losses, distance**2, **close)
    np.testing.assert_allclose(TARGETS - run.parameters, distance[-1], **close)
    assert run.measured is None


def test_one_fit_beside_others__property():
    """Adam treats each number by itself."""
    whole = fit(valley, START, steps=60, optimiser=ADAM)
    for i in range(3):

        def alone(own, i=i):
            others = jax.tree.map(lambda leaf: jnp.array(leaf.tolist()), START)
            full = jax.tree.map(lambda leaf, x: leaf.at[..., i].set(x), others, own)
            return valley(full)[i]

        own = jax.tree.map(lambda leaf, i=i: leaf[..., i], START)
        single = fit(alone, own, steps=60, optimiser=ADAM)
        assert single.losses.shape == (61,)
        np.testing.assert_allclose(
            single.losses, whole.losses[:, i], rtol=tolerances.NEURONS_FIT_FLOAT32
        )


def test_diverged_fit_leaves_the_others_alone__property():
    """The second parabola is too steep for the rate; the third loss is a root of negative numbers
    after a step."""

    def loss(x):
        return jnp.stack([x[0] ** 2, 50 * x[1] ** 2, 10 * jnp.sqrt(x[2])])

    run = fit(loss, np.ones(3), steps=400, optimiser=optax.sgd(0.1))
    assert not np.isfinite(run.losses[-1, 1:]).any()
    assert np.isfinite(run.losses[0]).all()
    np.testing.assert_allclose(
        run.losses[:100, 0], 0.8 ** (2 * np.arange(100)), rtol=tolerances.NEURONS_FIT_FLOAT32
    )


@pytest.mark.usefixtures("float64")
def test_one_step_between_bounds__closed_form():
    """The slope by z is that by theta times (theta - a)(b - theta)/(b - a)."""
    lower, upper, start = np.array([-1.0, 0.0, -4.0]), 5.0, np.array([0.5, 4.0, -3.0])
    run = fit(parabola, start, steps=1, optimiser=optax.sgd(0.1), bounds=(lower, upper))
    z = np.log((start - lower) / (upper - start))
    stretch = (start - lower) * (upper - start) / (upper - lower)
    z -= 0.1 * 2 * (start - TARGETS) * stretch
    expected = lower + (upper - lower) / (1 + np.exp(-z))
    np.testing.assert_allclose(run.parameters, expected, rtol=tolerances.NEURONS_FIT_FLOAT64)


@pytest.mark.parametrize("optimiser", [optax.sgd(1.0), optax.adam(3.0)])
def test_bounds_hold__property(optimiser):
    """Two targets lie outside, steps are far too large, and bounds are no round numbers."""
    bounds = ({"x": np.array([0.1, 0.3, -0.7])}, {"x": np.array([[1.3, 0.7, -0.1]])})
    start = {"x": np.broadcast_to([0.5, 0.4, -0.3], (2, 3))}
    run = fit(
        lambda p: parabola(p["x"]), start, steps=200, optimiser=optimiser, bounds=bounds,
        measure=lambda p: p["x"],
    )  # fmt: skip
    low, high = (bound["x"].astype(np.float32) for bound in bounds)
    assert ((run.measured >= low) & (run.measured <= high)).all()
    np.testing.assert_allclose(run.measured[0], start["x"], rtol=tolerances.NEURONS_FIT_FLOAT32)
    # Outside targets are approached as far as the bounds let them.
    assert (run.losses[-1, :, 1:] < run.losses[0, :, 1:]).all()


def test_second_fit_is_not_compiled__property():
    """Python runs the loss only while it is traced."""
    traced = []

    def loss(x):
        traced.append(1)
        return parabola(x)

    first = fit(loss, np.zeros(3), steps=3, optimiser=ADAM, bounds=(-5, 5))
    count = len(traced)
    second = fit(loss, np.ones(3), steps=3, optimiser=ADAM, bounds=(-6, 6))
    assert len(traced) == count > 0
    assert not np.array_equal(first.losses, second.losses)


def test_optimiser_that_keeps_the_parameters__property():
    """Some hold the very array that the fit holds."""
    optimiser = optax.contrib.schedule_free_sgd(0.1)
    run = fit(parabola, np.zeros(3), steps=200, optimiser=optimiser)
    assert (run.losses[-1] < 1e-2 * run.losses[0]).all()


def test_progress_is_told__property(monkeypatch, capsys):
    monkeypatch.setattr(progress, "_SILENT_SECONDS", 0.0)
    fit(parabola, np.zeros(3), steps=130, optimiser=ADAM, label="chains")
    lines = capsys.readouterr().err.splitlines()
    assert lines
    assert lines[0].startswith("progress: chains: step 50 of 130, about ")
    monkeypatch.undo()
    fit(parabola, np.zeros(3), steps=130, optimiser=ADAM, label="chains")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"steps": 0}, ValueError, "steps must be at least 1"),
        ({"start": {}}, ValueError, "start holds no parameters"),
        ({"start": np.array([0, 0, np.inf])}, ValueError, "start must be finite"),
        ({"start": "three"}, TypeError, "start must be a number"),
        ({"loss": lambda x: x > 0}, TypeError, "real numbers"),
        ({"loss": lambda x: {"a": x}}, TypeError, "real numbers"),
        ({"loss": lambda x: jnp.log(x - 1)}, ValueError, "no loss is finite at start"),
        ({"bounds": 3}, TypeError, "bounds"),
        ({"bounds": (0.0, 1.0)}, ValueError, r"strictly between .* got 0.0 at \(0,\)"),
        ({"bounds": (-1.0, np.inf)}, ValueError, "upper bound of start must be finite"),
        ({"bounds": (np.zeros(2), 1.0)}, ValueError, r"lower bound of start has shape \(2,\)"),
        ({"bounds": (-1.0, {"x": 1.0})}, ValueError, "upper bound must be .* pytree like start"),
    ],
)
def test_refusals__property(change, error, message):
    arguments = {"loss": parabola, "start": np.zeros(3), "steps": 2, "optimiser": ADAM} | change
    loss, start = arguments.pop("loss"), arguments.pop("start")
    with pytest.raises(error, match=message):
        fit(loss, start, **arguments)


@pytest.mark.slow
@pytest.mark.usefixtures("float64")
def test_densities_of_two_cells_are_found__closed_form():
    """Two compartments that fire, two stimuli, targets within the fitted family."""
    neuron = Neuron(compartments(cylinder(200.0, 10.0), counts=2), (SodiumHH(), PotassiumHH()))
    stimuli = np.zeros((160, 1, 2, 2))
    stimuli[20:40, 0] = [1.0, 2.0]
    truth = np.array([[120.0, 100.0], [36.0, 45.0]])

    def voltages(densities):
        cells = jnp.broadcast_to(densities[:, None, :, None], (2, 1, 2, 2))
        return simulate(neuron, cells, stimuli, sites=[0], record=[0, 1], dt_ms=0.05).v_mV

    target = jax.jit(voltages)(truth)

    def loss(densities):
        return ((voltages(densities) - target) ** 2).mean((0, 1, 3))

    start = np.full((2, 2), 70.0)
    run = fit(loss, start, steps=600, optimiser=optax.adam(0.1), bounds=(0.0, 300.0))
    np.testing.assert_allclose(run.parameters, truth, rtol=tolerances.NEURONS_FIT_FOUND)
