"""Searches against the library itself, and by what they have tried."""

import cma
import jax
import numpy as np
import pytest
from spinebook.neurons import cma_search, default_population, random_search

from tests import tolerances

KEY = jax.random.key(3)
START = np.arange(8.0).reshape(2, 4) / 4 - 1
SCALE = np.array([0.2, 0.3, 0.5, 1.0])


def sphere(x):
    return (x**2).sum(-1)


def ellipsoid(x):
    """Turned, and a thousand times as steep in one direction as in another."""
    turned = x @ np.linalg.qr(np.random.default_rng(0).normal(size=(4, 4)))[0]
    return (turned**2 * np.logspace(0, 3, 4)).sum(-1)


class Recorder:
    """A loss that remembers what it was asked."""

    def __init__(self, loss):
        self.loss, self.asked = loss, []

    def __call__(self, candidates):
        self.asked.append(candidates)
        return self.loss(candidates)


@pytest.mark.parametrize("separable", [False, True])
@pytest.mark.parametrize("bounds", [None, (-0.9, 1.2)])
def test_strategy__independent_package(separable, bounds, capsys, tmp_path, monkeypatch):
    """Two searches side by side are the library's own, one after the other, to the bit."""
    monkeypatch.chdir(tmp_path)
    start = START if bounds is None else START / 2
    np.random.seed(5)  # noqa: NPY002  the library's own generator is the global one
    expected = np.random.random(4)  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    found = cma_search(
        ellipsoid, start, scale=SCALE, evaluations=407, key=KEY, separable=separable, bounds=bounds
    )
    np.testing.assert_array_equal(np.random.random(4), expected)  # noqa: NPY002
    # Rows of the same candidates in a larger product may be rounded otherwise, hence no equality.
    for i, seed in enumerate(np.asarray(jax.random.bits(KEY, (2,)))):
        options = {"seed": int(seed), "CMA_stds": SCALE, "CMA_diagonal": separable, "verbose": -9}
        if bounds is not None:
            options["bounds"] = list(bounds)
        plain = cma.CMAEvolutionStrategy(start[i], 1.0, options)
        losses = []
        for _ in range(407 // 8):
            candidates = plain.ask()
            losses.append(ellipsoid(np.array(candidates)))
            plain.tell(candidates, losses[-1].tolist())
        best = np.minimum.accumulate(np.min(losses, axis=1))
        np.testing.assert_allclose(
            found.losses[:, i], best, rtol=tolerances.NEURONS_SEARCH_SAME_STRATEGY
        )
        np.testing.assert_allclose(
            found.parameters[i], plain.result.xbest,
            rtol=0, atol=tolerances.NEURONS_SEARCH_SAME_STRATEGY,
        )  # fmt: skip
    assert capsys.readouterr() == ("", "")
    assert not list(tmp_path.iterdir())


def test_sphere_converges__property():
    """A strategy that adapts loses a constant factor of the loss in each generation."""
    found = cma_search(sphere, np.ones((2, 3, 5)), scale=0.5, evaluations=2000, key=KEY)
    assert found.losses.shape == (2000 // 8, 2, 3)
    assert (found.loss < 1e-10).all()
    # Halves of the run gain about the same number of decades.
    decades = np.log10(found.losses[[0, 124, 249]])
    ratio = (decades[1] - decades[2]) / (decades[0] - decades[1])
    assert ((ratio > 0.5) & (ratio < 2)).all()


@pytest.mark.parametrize("method", ["cma", "random"])
def test_budget_and_best__brute_force(method):
    """Whole generations within the budget, and the best of all that were tried."""
    loss = Recorder(ellipsoid)
    if method == "cma":
        found = cma_search(loss, START, scale=SCALE, evaluations=100, key=KEY)
    else:
        found = random_search(loss, START - 1, START + SCALE, evaluations=100, key=KEY)
    assert default_population(4) == 8
    assert [asked.shape for asked in loss.asked] == [(2, 8, 4)] * 12
    np.testing.assert_array_equal(found.evaluations, 8 * np.arange(1, 13))
    tried = np.concatenate(loss.asked, axis=1)
    losses = np.stack([ellipsoid(asked) for asked in loss.asked])
    np.testing.assert_array_equal(found.losses, np.minimum.accumulate(losses.min(-1)))
    np.testing.assert_array_equal(found.loss, found.losses[-1])
    for i in range(2):
        best = losses[:, i].argmin()
        np.testing.assert_array_equal(found.parameters[i], tried[i, best])


def test_uniform_draws__closed_form():
    """Mean and variance of each coordinate, from 16,000 draws; none outside, none shared."""
    loss = Recorder(sphere)
    lower, upper = START, START + SCALE
    random_search(loss, lower, upper, evaluations=16_000, key=KEY, population=1600)
    shares = (np.concatenate(loss.asked, axis=1) - lower[:, None]) / SCALE
    assert ((shares >= 0) & (shares < 1)).all()
    errors = tolerances.NEURONS_SEARCH_STANDARD_ERRORS / np.sqrt(shares.shape[1])
    assert (np.abs(shares.mean(1) - 1 / 2) < errors * np.sqrt(1 / 12)).all()
    # The variance of (u - 1/2)^2 is 1/80 - 1/144 = 1/180.
    assert (np.abs(((shares - 0.5) ** 2).mean(1) - 1 / 12) < errors * np.sqrt(1 / 180)).all()
    assert not np.isclose(shares[0], shares[1]).all(-1).any()


def test_bounds_hold__property():
    """The optimum is the corner of the bounds that is nearest to 0."""
    loss = Recorder(sphere)
    lower, upper = np.array([0.3, 0.3, -2.0, -2.0]), np.array([1.0, 1.0, 1.0, -0.5])
    start = np.array([0.9, 0.8, 0.5, -0.5])
    found = cma_search(loss, start, scale=0.3, evaluations=2400, key=KEY, bounds=(lower, upper))
    tried = np.concatenate(loss.asked)
    assert ((tried >= lower) & (tried <= upper)).all()
    np.testing.assert_allclose(
        found.parameters, [0.3, 0.3, 0, -0.5], atol=tolerances.NEURONS_SEARCH_CORNER
    )


def test_losses_that_are_not_finite__property():
    """They count as the worst: the search leaves the half where it started."""

    def loss(x):
        return np.where(x[..., 0] > 0, sphere(x - 1), np.nan)

    found = cma_search(loss, np.array([-0.2, 0.0]), scale=0.5, evaluations=1200, key=KEY)
    assert found.loss < 1e-8
    nothing = random_search(
        lambda x: np.full(x.shape[:-1], np.nan), START - 1, START, evaluations=80, key=KEY
    )
    assert np.isposinf(nothing.losses).all()
    assert np.isnan(nothing.parameters).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": np.zeros((3, 1))}, "parameters >= 2"),
        ({"start": np.array([0.0, np.nan])}, "start must be finite"),
        ({"scale": 0.0}, "scale must be positive"),
        ({"scale": np.ones(3)}, r"scale has shape \(3,\)"),
        ({"evaluations": 7}, "do not suffice for one generation of 8"),
        ({"bounds": (0.5, 1.0)}, "start must lie between the bounds"),
        ({"loss_of_population": lambda x: x}, r"losses of shape \(2, 8\)"),
    ],
)
def test_refusals_of_the_strategy__property(change, message):
    arguments = {
        "loss_of_population": sphere,
        "start": START,
        "scale": SCALE,
        "evaluations": 80,
        "key": KEY,
    }
    with pytest.raises(ValueError, match=message):
        cma_search(**(arguments | change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"upper": START}, "above its lower bound"),
        ({"upper": np.ones(3)}, r"upper has shape \(3,\)"),
        ({"population": 0}, "population must be at least 1"),
        ({"evaluations": 5}, "do not suffice"),
    ],
)
def test_refusals_of_random_search__property(change, message):
    arguments = {"lower": START, "upper": START + 1, "evaluations": 80, "key": KEY}
    with pytest.raises(ValueError, match=message):
        random_search(sphere, **(arguments | change))
