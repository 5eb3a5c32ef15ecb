"""What cannot be measured is refused with a message that says what to do."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from spinebook.landscape import (
    Convnet,
    DenseNetwork,
    adaptive_sharpness,
    circular_convolution_bounds,
    circular_weight,
    dense_report,
    hessian_trace,
    input_singular_values,
    layer_measures,
    linear_stability_limits,
    log_local_volume,
    log_volume_bound,
    ma_ying_bound,
    maximum_local_sensitivity,
    network_sensitivity_bound,
    perturbed_adaptive_sharpness,
    sharpness,
    top_hessian_eigenvalues,
    volume_bound,
)
from spinebook.patches import image_patches

from tests.landscape.problems import forget, problem
from tests.tolerances import LANDSCAPE_CLOSED_FORM

NETWORK, PARAMS, X = problem((3, 4, 2))
KEY = jax.random.key(0)
LOSS = lambda w: jnp.sum(w**2)  # noqa: E731
MEASURES = [sharpness, adaptive_sharpness, maximum_local_sensitivity, dense_report, layer_measures]


@pytest.mark.parametrize("measure", MEASURES)
def test_batches_that_cannot_be_measured__property(measure):
    broken = ({**PARAMS[0], "weight": np.full((3, 4), np.nan)}, PARAMS[1])
    for params, x, message in [
        (PARAMS, X[:0], "at least one sample"),
        (PARAMS, X[0], "add a first axis"),
        (PARAMS, X[:, :2], r"shape \(samples, 3\)"),
        (PARAMS, np.full_like(X, np.inf), "x must be finite"),
        (broken, X, "params must be finite"),
        (PARAMS[:1], X, "params do not fit"),
        ((PARAMS[0], {"weight": PARAMS[1]["weight"]}), X, "one dictionary a layer"),
    ]:
        with pytest.raises((ValueError, TypeError), match=message):
            unchecked(measure)(NETWORK, params, x)


def unchecked(function):
    """Return the function as readers get it, without the tests' own shape checks."""
    return inspect.unwrap(function)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sharpness(lambda p, x: x.sum(), PARAMS, X), "must return .samples, outputs."),
        (lambda: sharpness(forget(NETWORK), (), X), "params holds no array"),
        (lambda: DenseNetwork((3,)), "two or more"),
        (lambda: Convnet(2, 2, 1), "too small"),
        (lambda: image_patches(np.ones((1, 2, 2, 1)), 5), "no patch of side 5"),
        (lambda: image_patches(np.ones((1, 2, 2, 1)), 0), "at least 1"),
        (lambda: hessian_trace(LOSS, jnp.ones(2), "hutchinson"), "pass key"),
        (lambda: hessian_trace(LOSS, jnp.array([1.0, np.nan])), "finite"),
        (lambda: top_hessian_eigenvalues(LOSS, jnp.ones(2), 3, key=KEY), "at most the number"),
        (lambda: top_hessian_eigenvalues(LOSS, jnp.ones(9), 3, steps=2, key=KEY), "at least count"),
        (lambda: perturbed_adaptive_sharpness(LOSS, jnp.ones(2), size=0.0, key=KEY), "positive"),
        (lambda: linear_stability_limits(0.0, 1, 1), "positive"),
        (lambda: log_local_volume(np.ones((2, 3)), 3, top=4), "between 1 and 3"),
        (lambda: circular_weight(np.ones((3, 1, 1)), 2), "at least the kernel"),
        (lambda: circular_convolution_bounds([], np.ones((2, 1)), np.ones((1, 2, 1))), "at least"),
    ],
)  # fmt: skip
def test_message_says_what_to_do__property(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_volume_with_fewer_inputs_than_outputs__property():
    network, params, x = problem((2, 4, 3))
    s = input_singular_values(network, params, x)
    measures = layer_measures(network, params, x)
    for call in (
        lambda: log_local_volume(s, 3),
        lambda: volume_bound(measures),
        lambda: log_volume_bound(measures),
    ):
        with pytest.raises(ValueError, match="at least as many inputs as outputs"):
            call()
    assert log_volume_bound(measures, top=2).holds


def test_bounds_of_what_has_no_such_bound__property():
    network, params, x = problem((3, 4, 2), biases=False)
    measures = layer_measures(network, params, x)
    with pytest.raises(ValueError, match="biases"):
        network_sensitivity_bound(measures, with_biases=True)
    with pytest.raises(ValueError, match="power must be positive"):
        ma_ying_bound(measures, 0)
    with pytest.raises((TypeError, ValueError), match="DenseNetwork"):
        unchecked(layer_measures)(forget(network), params, x)


def test_dead_layer_has_an_infinite_bound__closed_form():
    network = DenseNetwork((2, 2, 1), "relu")
    params = (
        {"weight": -np.eye(2), "bias": np.zeros(2)},
        {"weight": np.array([[3.0], [4.0]]), "bias": np.zeros(1)},
    )
    measures = layer_measures(network, params, np.ones((1, 2)))
    # Only the readout's bias has a gradient, of 1, and only the readout a sensitivity, of 5.
    assert network_sensitivity_bound(measures) == (5, np.inf)
    finite = network_sensitivity_bound(measures, with_biases=True)
    assert finite.right == pytest.approx(np.sqrt(1 / 3 + 25), rel=LANDSCAPE_CLOSED_FORM)
