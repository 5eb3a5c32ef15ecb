"""Jacobians, sensitivity, volume and dimensionality against brute force and scaling laws."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from spinebook.landscape import (
    Convnet,
    dense_report,
    input_invariant_mls,
    input_jacobian,
    input_singular_values,
    layer_measures,
    local_dimensionality,
    local_sensitivities,
    log_local_volume,
    log_volume_bound,
    maximum_local_sensitivity,
    network_mls,
    network_sensitivity_bound,
    normalised_mls,
    sensitivity_chain,
    sharpness,
)

from tests.landscape.problems import forget, problem
from tests.tolerances import (
    LANDSCAPE_CLOSED_FORM,
    LANDSCAPE_CLOUD,
    LANDSCAPE_FLOAT32,
    LANDSCAPE_REPORT_FLOAT32,
    LANDSCAPE_ROUTES,
)


def jacobians(network, params, x):
    per_sample = jax.jit(jax.vmap(jax.jacfwd(lambda one: network(params, one[None])[0])))(x)
    return np.asarray(per_sample).reshape(len(x), per_sample.shape[1], -1)


@pytest.mark.parametrize(("sizes", "activation"), [((6, 5, 3), "tanh"), ((3, 9, 5), "relu")])
@pytest.mark.parametrize("form", ["dense", "general"])
def test_every_measure_of_the_jacobian__brute_force(float64, sizes, activation, form):
    network, params, x = problem(sizes, activation)
    apply = network if form == "dense" else forget(network)
    expected = jacobians(network, params, x)
    s = np.linalg.svd(expected, compute_uv=False)
    response = np.einsum("nkm,nm->nk", expected, x)
    lengths = np.sum(x**2, axis=1)
    for found, value in [
        (input_jacobian(apply, params, x), expected),
        (input_singular_values(apply, params, x), s),
        (local_sensitivities(apply, params, x), s[:, 0]),
        (maximum_local_sensitivity(apply, params, x), s[:, 0].mean()),
        (normalised_mls(apply, params, x), np.mean(s[:, 0] ** 2 * lengths)),
        (input_invariant_mls(apply, params, x), np.sum(response**2) / x.size),
    ]:
        np.testing.assert_allclose(found, value, rtol=LANDSCAPE_ROUTES, atol=LANDSCAPE_CLOSED_FORM)


def test_sensitivity_without_the_long_axis__brute_force(float64):
    # Long inputs, few units: the Gram matrix of the first layer stands in for the input axis.
    network, params, x = problem((300, 6, 4), samples=50)
    s = np.linalg.svd(jacobians(network, params, x), compute_uv=False)
    found = local_sensitivities(network, params, x)
    np.testing.assert_allclose(found, s[:, 0], rtol=LANDSCAPE_ROUTES)


@pytest.mark.slow
def test_network_sensitivity_of_a_convnet__brute_force(float64):
    network = Convnet(6, 5, 2, maps=(3,), outputs=3)
    params = network.init(key=jax.random.key(0))
    x = jax.random.normal(jax.random.key(1), (4, 6, 5, 2))
    expected = []
    for start, h in enumerate(network.layer_inputs(params, x)):
        tail = lambda p, one, start=start: network.tail(p, one, start)  # noqa: E731
        s = np.linalg.svd(jacobians(tail, params, h), compute_uv=False)
        expected.append(s[:, 0].mean())
    found = network_mls(network, params, x)
    np.testing.assert_allclose(found.per_layer, expected, rtol=LANDSCAPE_ROUTES)
    mls = maximum_local_sensitivity(network, params, x)
    np.testing.assert_allclose(found.per_layer[0], mls, rtol=LANDSCAPE_ROUTES)


def test_volume_is_that_of_the_image_of_a_ball__brute_force(float64):
    network, params, x = problem((8, 4, 7, 2))
    s = input_singular_values(network, params, x)
    J = jacobians(network, params, x)
    sign, logdet = np.linalg.slogdet(J @ J.swapaxes(1, 2))
    assert np.all(sign == 1)
    np.testing.assert_allclose(log_local_volume(s, 2).per_sample, logdet / 2, rtol=LANDSCAPE_ROUTES)
    # A cloud of inputs around the first: root determinant of its covariance over the input's.
    cloud = np.random.default_rng(0).normal(size=(200_000, 8)) * 1e-3
    covariance = np.cov(np.asarray(network(params, x[:1] + cloud)).T) / 1e-6
    expected = np.exp(log_local_volume(s, 2).per_sample[0])
    assert np.sqrt(np.linalg.det(covariance)) == pytest.approx(float(expected), rel=LANDSCAPE_CLOUD)


def test_top_of_the_volume__closed_form():
    s = jnp.array([[4.0, 2.0, 0.5, 0.25], [1.0, 1.0, 1.0, 1.0]])
    assert float(log_local_volume(s, 4).value) == 0
    assert float(log_local_volume(s, 4, top=3).value) == pytest.approx(np.log(4) / 2)
    assert float(log_local_volume(s, 9, top=2).value) == pytest.approx(np.log(8) / 2)


def test_rank_deficient_volume_is_flagged__closed_form(float64):
    # The second output repeats the first, so rounding alone sets the second singular value.
    network, params, x = problem((6, 5, 2))
    twice = np.repeat(params[1]["weight"][:, :1], 2, axis=1)
    s = input_singular_values(network, (params[0], {**params[1], "weight": twice}), x)
    volume = log_local_volume(s, 2)
    assert np.all(volume.rank_deficient)
    assert volume.value == -np.inf
    assert np.isfinite(log_local_volume(s, 2, top=1).value)


@pytest.mark.parametrize(
    ("s", "expected"),
    [([2.0, 2, 2, 2], 4), ([3.0, 0, 0, 0], 1), ([2.0, 1, 0, 0], 25 / 17), ([1e-15, 1e-15], 2)],
)
def test_dimensionality_is_free_of_scale__closed_form(s, expected):
    for scale in (1.0, 7.0):
        found = local_dimensionality(scale * jnp.array([s]))
        assert float(found) == pytest.approx(expected, rel=LANDSCAPE_FLOAT32)


def test_equal_dimensionality_at_tenfold_sharpness__property(float64):
    network, params, x = problem(biases=False)
    louder = (*params[:-1], {"weight": 4 * params[-1]["weight"]})
    s, t = (input_singular_values(network, p, x) for p in (params, louder))
    np.testing.assert_allclose(
        local_dimensionality(s), local_dimensionality(t), rtol=LANDSCAPE_ROUTES
    )
    np.testing.assert_allclose(t[:, 0] / s[:, 0], 4, rtol=LANDSCAPE_ROUTES)
    assert sharpness(network, louder, x).value > 10 * sharpness(network, params, x).value


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(6, 5, 4, 3), (5, 3)])
def test_report_is_the_separate_functions__brute_force(float64, sizes):
    network, params, x = problem(sizes)
    report = dense_report(network, params, x)
    s, measures = input_singular_values(network, params, x), layer_measures(network, params, x)
    assert set(report._fields) == set(expected_report(network, params, x, s, measures))
    for name, expected in expected_report(network, params, x, s, measures).items():
        np.testing.assert_allclose(
            getattr(report, name), expected, rtol=LANDSCAPE_ROUTES, err_msg=name
        )


def expected_report(network, params, x, s, measures):
    jacobian = input_jacobian(network, params, x)
    return {
        "sharpness": sharpness(network, params, x).value,
        "layer_sharpness": sharpness(network, params, x).per_layer,
        "adaptive_sharpness": adaptive(network, params, x),
        "mls": maximum_local_sensitivity(network, params, x),
        "mls_bound": sensitivity_chain(measures).all_parameters,
        "nmls": network_mls(network, params, x).value,
        "nmls_bound": network_sensitivity_bound(measures).right,
        "normalised_mls": normalised_mls(network, params, x),
        "log_volume": log_local_volume(s, 3).value,
        "log_volume_top": log_local_volume(s, 3, top=3).value,
        "log_volume_bound": log_volume_bound(measures).right,
        "log_volume_top_bound": log_volume_bound(measures, 3).right,
        "dimensionality": local_dimensionality(s),
        "output_sharpness": [sharpness(part(network, o), params, x).value for o in range(3)],
        "output_jacobian": np.mean(np.sum(np.asarray(jacobian) ** 2, axis=2), axis=0),
    }


def part(network, output):
    """One output of a network as a function of its own."""
    return lambda params, x: network(params, x)[:, output : output + 1]


def adaptive(network, params, x):
    jacobian = jax.jit(jax.jacrev(lambda p: network(p, x)))(params)
    scaled = jax.tree.map(lambda g, w: jnp.sum((g * w) ** 2) / len(x), jacobian, params)
    return sum(jax.tree.leaves(scaled))


def test_report_inside_a_training_loop__brute_force():
    network, params, x = problem()
    x = jnp.asarray(x, jnp.float32)
    scales = jnp.array([0.5, 1.0])
    scaled = jax.vmap(lambda k: jax.tree.map(lambda w: k * w.astype(jnp.float32), params))(scales)

    @jax.jit
    def record(runs):
        return jax.lax.map(lambda p: dense_report(network, p, x), runs)

    reports = record(scaled)
    with jax.enable_x64(True):
        for index, k in enumerate((0.5, 1.0)):
            alone = dense_report(network, jax.tree.map(lambda w, k=k: k * w, params), np.asarray(x))
            for together, value in zip(reports, alone, strict=True):
                np.testing.assert_allclose(together[index], value, rtol=LANDSCAPE_REPORT_FLOAT32)


def test_more_outputs_than_inputs_have_no_volume__closed_form():
    network, params, x = problem((2, 5, 3))
    params = jax.tree.map(lambda leaf: leaf.astype(np.float32), params)
    report = dense_report(network, params, x.astype(np.float32))
    assert report.log_volume == -jnp.inf
    assert jnp.isfinite(report.log_volume_top)


def test_same_for_input_scaled_against_first_layer__property(float64):
    network, params, x = problem(biases=False)
    scaled = ({"weight": params[0]["weight"] / 3}, *params[1:])
    np.testing.assert_allclose(
        input_invariant_mls(network, scaled, 3 * x),
        input_invariant_mls(network, params, x),
        rtol=LANDSCAPE_CLOSED_FORM,
    )
