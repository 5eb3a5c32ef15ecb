"""Every inequality on hundreds of random networks, and the maps that break the wrong ones."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from spinebook.landscape import (
    Bound,
    DenseNetwork,
    LayerMeasures,
    adaptive_sharpness,
    layer_measures,
    log_volume_bound,
    ma_ying_bound,
    maximum_local_sensitivity,
    network_mls,
    network_sensitivity_bound,
    network_volume_bound,
    rescaling_bounds,
    sensitivity_chain,
    sharpness,
    volume_bound,
)

from tests.landscape.problems import problem
from tests.tolerances import LANDSCAPE_CLOSED_FORM, LANDSCAPE_FEW_DIGITS, LANDSCAPE_ROUTES

SHAPES = [
    ((4, 7, 2), "tanh", 29),
    ((11, 5, 9, 3), "relu", 6),
    ((19, 12, 4), "relu", 2),
    ((6, 4, 15, 3, 4), "tanh", 11),
]
NETWORKS = 400  # of every shape


def every_bound(measures):
    bounds = {f"moment {k}": ma_ying_bound(measures, k) for k in (1, 2, 4)}
    for name, with_biases in (("", False), (" with biases", True)):
        chain = sensitivity_chain(measures, with_biases=with_biases)
        bounds |= {f"link {i}{name}": link for i, link in enumerate(chain.links)}
        bounds[f"mls{name}"] = chain.bound
        bounds[f"nmls{name}"] = network_sensitivity_bound(measures, with_biases=with_biases)
    bounds["volume"] = volume_bound(measures)
    bounds["volume, hoelder"] = volume_bound(measures, "hoelder")
    bounds["log volume"] = log_volume_bound(measures)
    bounds["log volume, top"] = log_volume_bound(measures, 1)
    bounds["network volume"] = network_volume_bound(measures)
    return bounds | rescaling_bounds(measures)._asdict()


@pytest.mark.slow
@pytest.mark.parametrize(("sizes", "activation", "samples"), SHAPES)
def test_no_random_network_breaks_a_bound__property(float64, sizes, activation, samples):
    network = DenseNetwork(sizes, activation)

    @jax.jit
    @partial(jax.vmap, in_axes=0)
    def sides(key):
        weight_key, scale_key, input_key, length_key = jax.random.split(key, 4)
        gain = 3 * jnp.exp(0.7 * jax.random.normal(scale_key))
        params = jax.tree.map(lambda leaf: gain * leaf, network.init(key=weight_key))
        lengths = jnp.exp(jax.random.normal(length_key, (samples, 1)))
        x = lengths * jax.random.normal(input_key, (samples, sizes[0]))
        measures = layer_measures(network, params, x)
        # A layer without any active unit has no bound: the reciprocal of its length is infinite.
        return jnp.min(measures.input_norms) > 1e-9, every_bound(measures)

    alive, bounds = sides(jax.random.split(jax.random.key(len(sizes)), NETWORKS))
    assert np.sum(alive) > 0.6 * NETWORKS
    for name, (left, right) in bounds.items():
        left, right = np.asarray(left)[alive], np.asarray(right)[alive]
        assert np.all(Bound(left, right).holds), name
    # The factor d_1 is needed: without it some of these very networks break the inequality.
    left, right = bounds["scaled_jacobian"]
    assert not np.all(left <= right / sizes[1])


@pytest.mark.slow
def test_measures_are_those_of_the_other_functions__brute_force(float64):
    network, params, x = problem((6, 5, 4, 3))
    measures = layer_measures(network, params, x)
    pairs = [
        (measures.sharpness, sharpness(network, params, x).value),
        (np.mean(measures.singular_values[0][:, 0]), maximum_local_sensitivity(network, params, x)),
        (
            [np.mean(s[:, 0]) for s in measures.singular_values],
            network_mls(network, params, x).per_layer,
        ),
    ]
    bare = DenseNetwork((6, 5, 4, 3), biases=False)
    weights = tuple({"weight": layer["weight"]} for layer in params)
    pairs.append(
        (
            layer_measures(bare, weights, x).adaptive_gradients.mean(0),
            adaptive_sharpness(bare, weights, x).per_layer,
        )
    )
    for ours, other in pairs:
        np.testing.assert_allclose(ours, other, rtol=LANDSCAPE_ROUTES)


def test_measures_are_float64_for_float32_callers__property():
    network, params, x = problem()
    measures = layer_measures(network, params, x.astype(np.float32))
    assert all(leaf.dtype == np.float64 for leaf in jax.tree.leaves(measures.singular_values))
    assert sensitivity_chain(measures).all_parameters.dtype == np.float64


def test_scalar_linear_map_is_tight__closed_form():
    network = DenseNetwork((3, 1), "linear", biases=False)
    measures = layer_measures(network, ({"weight": np.array([[1.0], [2.0], [2.0]])},), X3)
    assert sensitivity_chain(measures) == pytest.approx((3, 3, 3, 3), rel=LANDSCAPE_CLOSED_FORM)
    for bound in (ma_ying_bound(measures, 4), network_sensitivity_bound(measures)):
        assert bound.left == pytest.approx(bound.right, rel=LANDSCAPE_CLOSED_FORM)
        assert bound.log_slack == pytest.approx(0, abs=LANDSCAPE_CLOSED_FORM)


X3 = np.array([[0.3, -1.0, 2.0]])


def test_orthogonal_jacobian_is_tight__closed_form():
    network = DenseNetwork((3, 3), "linear", biases=False)
    measures = layer_measures(network, ({"weight": 2 * np.eye(3)},), X3)
    for form in ("full", "hoelder", "n_free"):
        assert volume_bound(measures, form) == pytest.approx((8, 8), rel=LANDSCAPE_CLOSED_FORM)
    assert log_volume_bound(measures) == pytest.approx(
        (np.log(8), np.log(8)), rel=LANDSCAPE_CLOSED_FORM
    )


def one_active_sample(outputs):
    """Identity on one sample of twenty, locally constant on the others."""
    active = np.eye(20, 1)
    return LayerMeasures(
        sizes=(outputs, outputs),
        weight_norms=np.ones(1),
        input_norms=np.ones((20, 1)),
        singular_values=(active * np.ones(outputs),),
        weight_gradients=active * outputs,
        bias_gradients=np.zeros((20, 1)),
        adaptive_gradients=active * outputs,
        scaled_jacobians=active,
        responses=active,
    )


def one_positive_sample(outputs):
    """The same with ReLU and the identity twice."""
    network = DenseNetwork((outputs, outputs, outputs), "relu", biases=False)
    x = np.ones((20, outputs)) / np.sqrt(outputs)
    return layer_measures(network, ({"weight": np.eye(outputs)},) * 2, np.eye(20, 1) * 2 * x - x)


@pytest.mark.parametrize(
    ("make", "outputs", "n_free", "full", "hoelder"),
    [
        (one_active_sample, 2, 0.05, 0.224, 0.05),
        (one_active_sample, 3, 0.0112, 0.224, 0.05),
        (one_active_sample, 5, 5.6e-4, 0.224, 0.05),
        (one_active_sample, 10, 3.1e-7, 0.224, 0.05),
        (one_positive_sample, 2, 0.1, 0.447, 0.1),
        (one_positive_sample, 3, 0.0316, 0.632, 0.141),
        (one_positive_sample, 5, 0.00316, 1.26, 0.283),
        (one_positive_sample, 10, 1e-5, 7.16, 1.6),
    ],
)
def test_volume_needs_the_power_of_n__published(make, outputs, n_free, full, hoelder):
    measures = make(outputs)
    for form, value in (("n_free", n_free), ("full", full), ("hoelder", hoelder)):
        bound = volume_bound(measures, form)
        assert bound.left == pytest.approx(0.05, rel=LANDSCAPE_CLOSED_FORM)
        assert bound.right == pytest.approx(value, rel=LANDSCAPE_FEW_DIGITS)
        assert bound.holds == (form != "n_free" or outputs == 2)


def test_constants_of_the_scale_free_bounds__closed_form():
    network = DenseNetwork((3, 4, 1), "linear", biases=False)
    params = ({"weight": np.ones((3, 4))}, {"weight": np.ones((4, 1))})
    measures = layer_measures(network, params, np.ones((1, 3)))
    bounds = rescaling_bounds(measures)
    np.testing.assert_allclose(measures.adaptive_gradients, [[12, 36]])
    for bound in (bounds.scaled_jacobian, bounds.input_invariant):
        assert bound == pytest.approx((48, 4 * 12))  # d_1 = 4 is needed, exactly
    assert bounds.normalised == pytest.approx((144, 144))  # and 144 exceeds S_ad = 48


def test_trading_scale_changes_no_side__property():
    network, params, x = problem((6, 5, 3), "relu", biases=False)
    traded = ({"weight": 10 * params[0]["weight"]}, {"weight": params[1]["weight"] / 10})
    before, after = layer_measures(network, params, x), layer_measures(network, traded, x)
    np.testing.assert_allclose(
        rescaling_bounds(after), rescaling_bounds(before), rtol=LANDSCAPE_ROUTES
    )
    ratio = sensitivity_chain(after).all_parameters / sensitivity_chain(before).all_parameters
    assert ratio > 5


def test_false_is_not_held__closed_form():
    assert not Bound(1.0, 1.0 - 1e-6).holds
    assert Bound(1.0, 3.0).slack == 2
    assert not Bound(np.nan, 1.0).holds
