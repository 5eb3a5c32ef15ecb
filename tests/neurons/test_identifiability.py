"""Fisher information against linear regression, and derivatives of voltages."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from spinebook.neurons import (
    fisher_information,
    identifiability_report,
    output_jacobian,
    simulate,
)
from spinebook.neurons.published_toy import (
    NOMINAL_MS_CM2,
    published_start,
    published_stimuli,
    published_targets,
    toy_densities,
    toy_neuron,
)

from tests import tolerances

RNG = np.random.default_rng(0)
DESIGN = RNG.normal(size=(7, 3, 2, 4))


def model(p):
    """Two cells in the last axis of parameters; samples come first."""
    time = jnp.arange(5.0)[:, None]
    return p["scale"] * jnp.exp(-time * p["rates"][0, 0]) + time * p["rates"][0, 1]


PARAMETERS = {"rates": np.array([[[0.3, 0.5], [2.0, 1.0]]]), "scale": np.array([1.0, -2.0])}


@pytest.mark.usefixtures("float64")
def test_jacobian_of_two_cells__closed_form():
    """Leaves follow one another by name; cells are no parameters."""
    jacobian = output_jacobian(model, PARAMETERS, cell_axes=1)
    time, (rate, _), scale = np.arange(5.0)[:, None], PARAMETERS["rates"][0], PARAMETERS["scale"]
    decay = np.exp(-time * rate)
    expected = [-time * scale * decay, np.broadcast_to(time, (5, 2)), decay]
    np.testing.assert_allclose(
        jacobian, np.stack(expected, axis=-1), rtol=tolerances.NEURONS_IDENTIFY_FLOAT64
    )


@pytest.mark.usefixtures("float64")
def test_jacobian_without_cells__independent_package():
    """As jax.jacrev has it, every output by every parameter of both cells."""
    jacobian = output_jacobian(model, PARAMETERS)
    trees = jax.jacrev(model)(jax.tree.map(jnp.asarray, PARAMETERS))
    expected = np.concatenate([np.reshape(trees[k], (5, 2, -1)) for k in ("rates", "scale")], -1)
    np.testing.assert_allclose(jacobian, expected, rtol=tolerances.NEURONS_IDENTIFY_FLOAT64)


def toy(nodes, stimuli, seed=0):
    """Recorded voltages of the published chain as a function of what is fitted."""
    neuron = toy_neuron(range(-1, nodes - 1), 0.5)
    start = published_start(neuron)
    currents = published_stimuli(jax.random.key(seed), stimuli=stimuli, nodes=nodes, dt_ms=0.05)

    def voltages(conductances):
        cells = (*conductances.shape[2:], stimuli)
        densities = toy_densities(conductances[..., None])
        densities = jnp.broadcast_to(densities, (3, nodes, *cells))
        given = currents.reshape(*currents.shape[:2], *(1,) * (len(cells) - 1), stimuli)
        given = jnp.broadcast_to(given, (*currents.shape[:2], *cells))
        return simulate(
            neuron, densities, given, sites=range(nodes), record=range(nodes), dt_ms=0.05,
            initial=start, record_every=2,
        ).v_mV  # fmt: skip

    return voltages


@pytest.mark.slow
@pytest.mark.usefixtures("float64")
def test_jacobian_of_simulated_voltages__brute_force():
    """Two targets as cells against central differences in all parameters."""
    voltages, step = jax.jit(toy(2, 3)), 1e-3
    targets = np.stack([published_targets(seed, 2) for seed in (20230619, 20230620)], axis=-1)
    jacobian = output_jacobian(voltages, targets, cell_axes=1)
    assert jacobian.shape == (51, 2, 2, 3, 4)
    for i, (channel, node) in enumerate(np.ndindex(2, 2)):
        ends = [targets.copy(), targets.copy()]
        for end, sign in zip(ends, (1, -1), strict=True):
            end[channel, node] += sign * step
        expected = (voltages(ends[0]) - voltages(ends[1])) / (2 * step)
        np.testing.assert_allclose(
            jacobian[..., i], expected, rtol=0, atol=tolerances.NEURONS_IDENTIFY_DIFFERENCES
        )


@pytest.mark.slow
@pytest.mark.usefixtures("float64")
def test_published_order_of_recorded_sites__published():
    """Fits of the paper's toy get worse in this order (its table 2); so do the bounds.

    The values are those of an independent computation with the stimuli that the paper's code
    stored. Ours are other draws of the same law, so that only their order can agree.
    """
    sites = {(0, 1, 2, 3, 4, 5): 0.00116, (0, 1, 5): 0.00305, (0, 5): 0.00424, (0, 1): 0.0138,
             (0,): 0.0190}  # fmt: skip
    jacobian = output_jacobian(toy(6, 100), published_targets(20230619, 6))
    relative = np.asarray(jacobian) * np.repeat(NOMINAL_MS_CM2, 6)
    information = fisher_information(relative, noise_sd=1.0, keep=(1,))
    bounds = [identifiability_report(information[list(at)].sum(0)).rms_bound for at in sites]
    assert bounds == sorted(bounds)
    apart = np.abs(np.log(np.array(bounds) / list(sites.values())))
    assert (apart < np.log(tolerances.NEURONS_IDENTIFY_OTHER_STIMULI)).all()


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_information_of_a_regression__closed_form(precision):
    """All outputs are one regression; a scale of the noise divides by its square."""
    design = DESIGN.astype(precision)
    information = fisher_information(design, noise_sd=0.5)
    rows = design.reshape(-1, 4).astype(float)
    assert information.dtype == np.float64
    expected = 4 * rows.T @ rows
    np.testing.assert_allclose(information, expected, atol=tolerances.NEURONS_IDENTIFY_FLOAT64)


@pytest.mark.parametrize("keep", [(0,), (1,), (2, 1), (0, 1, 2)])
def test_axes_kept_apart__brute_force(keep):
    """One place at a time, and their sum is the information of all."""
    information = fisher_information(DESIGN, noise_sd=2.0, keep=keep)
    for place in np.ndindex(*(DESIGN.shape[axis] for axis in keep)):
        at = [slice(None)] * 3
        for axis, index in zip(keep, place, strict=True):
            at[axis] = index
        rows = DESIGN[tuple(at)].reshape(-1, 4)
        expected = np.einsum("ni,nj->ij", rows, rows) / 4
        np.testing.assert_allclose(
            information[place], expected, atol=tolerances.NEURONS_IDENTIFY_FLOAT64
        )
    whole = fisher_information(DESIGN, noise_sd=2.0)
    total = information.sum(tuple(range(len(keep))))
    np.testing.assert_allclose(total, whole, rtol=tolerances.NEURONS_IDENTIFY_FLOAT64)


def test_bounds__closed_form():
    """Roots of the diagonal of the inverse, for a batch of information matrices."""
    information = fisher_information(DESIGN, noise_sd=0.3, keep=(1,))
    report = identifiability_report(information)
    inverse = np.linalg.inv(information)
    variance = np.diagonal(inverse, axis1=1, axis2=2)
    close = {"rtol": tolerances.NEURONS_IDENTIFY_FLOAT64}
    np.testing.assert_allclose(report.bounds, np.sqrt(variance), **close)
    trace = np.trace(inverse, axis1=1, axis2=2)
    np.testing.assert_allclose(report.rms_bound, np.sqrt(trace / 4), **close)
    np.testing.assert_allclose(report.condition, np.linalg.cond(information), **close)
    assert (np.diff(report.eigenvalues) >= 0).all()
    rebuilt = report.directions * report.eigenvalues[:, None] @ report.directions.mT
    np.testing.assert_allclose(rebuilt, information, atol=1e2 * close["rtol"])


def test_least_squares_reaches_the_bound__closed_form():
    """The standard deviation of 4,000 estimates, with four standard errors of it."""
    rows, sd = DESIGN.reshape(-1, 4)[:12], 0.7
    truth = np.array([1.0, -2.0, 0.5, 3.0])
    data = rows @ truth + sd * RNG.normal(size=(4000, 12))
    estimates = np.linalg.lstsq(rows, data.T, rcond=None)[0]
    bounds = identifiability_report(fisher_information(rows, noise_sd=sd)).bounds
    error = tolerances.NEURONS_IDENTIFY_STANDARD_ERRORS / np.sqrt(2 * 4000)
    np.testing.assert_allclose(estimates.std(1), bounds, rtol=error)


def test_more_recordings_never_lose__property():
    """For nested sets of sites, differences are positive semi-definite and bounds fall."""
    per_site = fisher_information(DESIGN, noise_sd=1.0, keep=(1,))
    nested = np.cumsum(per_site, axis=0)
    smallest = np.linalg.eigvalsh(np.diff(nested, axis=0)).min()
    assert smallest > -tolerances.NEURONS_IDENTIFY_FLOAT64
    bounds = identifiability_report(nested).bounds
    assert (np.diff(bounds, axis=0) <= 0).all()


def test_parameters_that_enter_as_a_sum__closed_form():
    """Two of them have no bound each; the third is as good as if their sum were known or fitted."""
    x = RNG.normal(size=(50, 2))
    report = identifiability_report(fisher_information(x[:, [0, 0, 1]], noise_sd=1.0))
    assert np.isposinf(report.bounds[:2]).all()
    expected = np.sqrt(np.linalg.inv(x.T @ x)[1, 1])
    np.testing.assert_allclose(report.bounds[2], expected, rtol=tolerances.NEURONS_IDENTIFY_FLOAT64)
    assert np.isposinf(report.condition)
    assert np.isposinf(report.rms_bound)
    assert report.eigenvalues[0] == 0 < report.eigenvalues[1]
    sloppy = report.directions[:, 0]
    np.testing.assert_allclose(
        np.abs(sloppy), [0.5**0.5, 0.5**0.5, 0], atol=tolerances.NEURONS_IDENTIFY_FLOAT64
    )


def test_no_information__closed_form():
    report = identifiability_report(np.zeros((2, 3, 3)))
    assert np.isposinf(report.bounds).all()
    assert np.isposinf(report.condition).all()
    np.testing.assert_array_equal(report.eigenvalues, 0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: output_jacobian(model, {}), "parameters hold nothing"),
        (lambda: output_jacobian(model, PARAMETERS, cell_axes=2), "has no 2 axes of cells"),
        (lambda: output_jacobian(model, PARAMETERS, cell_axes=-1), "cell_axes must be at least 0"),
        (lambda: fisher_information(np.full((2, 2), np.nan), noise_sd=1.0), "must be finite"),
        (lambda: fisher_information(DESIGN, noise_sd=0.0), "one positive number, got 0.0"),
        (lambda: fisher_information(DESIGN, noise_sd=1.0, keep=(3,)), "3 axes of outputs"),
        (lambda: fisher_information(DESIGN, noise_sd=1.0, keep=(1, 1)), "different axes"),
        (lambda: identifiability_report(np.triu(np.ones((2, 2)))), "must be symmetric"),
        (lambda: identifiability_report(np.diag([1.0, -1.0])), "negative eigenvalue, -1"),
    ],
)
def test_refusals__property(call, message):
    with pytest.raises(ValueError, match=message):
        call()
