"""What sign patterns can express: explicit networks, and proofs checked on random networks."""

import itertools
from collections import Counter

import jax
import numpy as np
import pytest
from spinebook.polarity.capability import (
    TYPES,
    accuracy_bounds,
    capable_network,
    capable_triples,
    is_xor_capable,
)
from spinebook.polarity.xor import sufficient_polarity_xor, xor5d, xor_logits

from tests import tolerances
from tests.polarity.sign_types import ALL_TRIPLES, symmetric, useful_types

GAP = 0.05


def draw_xor(generator, count, gap=GAP):
    """XOR in five dimensions (Wang et al. 2023): two relevant inputs, three of noise."""
    square = generator.integers(0, 2, (count, 2))
    relevant = generator.uniform(size=(count, 2)) - 1 + square * (1 + gap)
    noise = generator.normal(1, 1, (count, 3))
    return np.hstack([relevant, noise]), square[:, 0] == square[:, 1]


def forward(network, x):
    hidden, hidden_bias, output, output_bias = network
    return np.maximum(x @ hidden + hidden_bias, 0) @ output + output_bias


def test_number_of_capable_triples__published():
    triples = capable_triples()
    assert len(triples) == 32
    assert sum(len(set(itertools.permutations(triple))) for triple in triples) == 180
    by_useful = Counter(len(useful_types(triple)) for triple in triples)
    assert by_useful == {3: 4, 2: 12, 1: 16}
    of_all = Counter(len(useful_types(triple)) for triple in ALL_TRIPLES)
    assert of_all == {3: 4, 2: 36, 1: 60, 0: 20}  # as 2 distinct types include doubled ones


def test_symmetries_keep_capability__property():
    triples = capable_triples()
    for triple in ALL_TRIPLES:
        assert all((image in triples) == (triple in triples) for image in symmetric(triple))


@pytest.mark.parametrize("gap", [0.05, 0.3])
def test_networks_solve_every_point__closed_form(gap):
    generator = np.random.default_rng(0)
    x, label = draw_xor(generator, 20_000, gap)
    near = np.array([0.0, gap]) + np.array([-1e-6, 1e-6])
    corners = np.array(list(itertools.product([-1, *near, 1 + gap], repeat=2)))
    x = np.vstack([x, np.hstack([corners, np.full((16, 3), 4.0)])])
    label = np.append(label, (corners > gap / 2).sum(axis=1) != 1)
    for triple in capable_triples():
        hidden = np.vstack([np.array(triple).T[:2], generator.choice([-1, 1], (3, 3))])
        network = capable_network(hidden, np.array(triple).T[2], gap)
        np.testing.assert_array_equal(np.sign(network.hidden), hidden)
        np.testing.assert_array_equal(np.sign(network.output), np.array(triple).T[2])
        np.testing.assert_array_equal(forward(network, x) > 0, label)


def test_networks_in_single_precision__closed_form():
    x, label = draw_xor(np.random.default_rng(1), 5000)
    for triple in capable_triples():
        signs = np.array(triple).T
        network = capable_network(np.vstack([signs[:2], np.ones((3, 3))]), signs[2])
        network = [np.float32(part) for part in network]
        np.testing.assert_array_equal(forward(network, np.float32(x)) > 0, label)


def test_networks_in_the_packages_own_task__closed_form():
    x, label = xor5d(400, key=jax.random.key(0))
    signs = np.array([[1, -1, 1, -1], [1, -1, -1, 1], [1, 1, -1, 1], [1, -1, 1, 1]])
    output = sufficient_polarity_xor(signs)
    logits = xor_logits(capable_network(signs, output), x[:, :4])
    np.testing.assert_array_equal(np.asarray(logits) > 0, np.asarray(label) == 1)


def test_wide_patterns__closed_form():
    generator = np.random.default_rng(2)
    x, label = draw_xor(generator, 2000)
    solved = 0
    for _ in range(40):
        hidden, output = generator.choice([-1, 1], (5, 6)), generator.choice([-1, 1], 6)
        if is_xor_capable(hidden, output):
            network = capable_network(hidden, output)
            np.testing.assert_array_equal(np.sign(network.hidden), hidden)
            np.testing.assert_array_equal(np.sign(network.output), output)
            np.testing.assert_array_equal(forward(network, x) > 0, label)
            solved += 1
        else:
            with pytest.raises(ValueError, match="no three units"):
                capable_network(hidden, output)
    assert 20 < solved < 40


def test_four_units_without_biases__published():
    """f = 2 sign(x1 x2) min(|x1|, |x2|), from one unit of each useful type."""
    hidden = np.array([[1, -1, 1, -1], [1, -1, -1, 1]])
    output = np.array([1, 1, -1, -1])
    assert is_xor_capable(hidden, output)
    x, label = draw_xor(np.random.default_rng(3), 2000)
    f = forward((hidden, 0, output, 0), x[:, :2])
    expected = 2 * np.where(label, 1, -1) * abs(x[:, :2]).min(axis=1)
    np.testing.assert_allclose(f, expected, atol=tolerances.POLARITY_ROUNDING)


def test_few_or_like_units_are_not_called_capable__closed_form():
    for kinds in itertools.product(TYPES, repeat=2):
        signs = np.array(kinds).T
        assert not is_xor_capable(signs[:2], signs[2])
    like = np.ones((5, 7))
    assert not is_xor_capable(like, np.ones(7))
    batch = is_xor_capable(np.ones((5, 7, 2, 3)), np.ones((7, 2, 3)))
    assert batch.shape == (2, 3)
    assert not batch.any()


def test_triples_by_is_xor_capable__brute_force():
    words = np.array(list(itertools.product(TYPES, repeat=3)))
    signs = words.T
    found = is_xor_capable(signs[:2], signs[2])
    expected = [tuple(sorted(map(tuple, word.tolist()))) in capable_triples() for word in words]
    np.testing.assert_array_equal(found, expected)


def random_networks(generator, kinds, count, width):
    """Networks with units of given types and magnitudes over two decades."""
    types = np.array(kinds)[generator.integers(len(kinds), size=(count, width))]
    size = np.exp(generator.uniform(-2.5, 2.5, (count, width, 3)))
    bias = generator.normal(0, 2, (count, width))
    return types * size, bias


def outputs(networks, x):
    """Output without its bias, one row a network."""
    weights, bias = networks
    active = np.maximum(np.einsum("cwi,ni->cnw", weights[..., :2], x) + bias[:, None], 0)
    return np.einsum("cnw,cw->cn", active, weights[..., 2])


def test_useless_units_disagree_with_xor__property():
    """s_out = -s1 s2: mixed differences are never positive, so f(Q1) + f(Q3) <= f(Q2) + f(Q4).

    Hence, by convexity of the loss, no bias makes the cross-entropy smaller than ln 2, and no
    network is right on more than three of four such points.
    """
    generator = np.random.default_rng(4)
    useless = [kind for kind in TYPES if kind[0] * kind[1] == -kind[2]]
    networks = random_networks(generator, useless, 300, 12)
    low = generator.uniform(-1, 0, (60, 2))
    squares = [low + np.array(step) * (1 + GAP) for step in ((1, 1), (0, 0), (1, 0), (0, 1))]
    f = [outputs(networks, x) for x in squares]
    scale = sum(abs(part) for part in f)
    assert (f[0] + f[1] - f[2] - f[3] <= tolerances.POLARITY_ROUNDING * scale).all()
    for bias in generator.normal(0, 3, 20):
        margins = np.stack([f[0] + bias, f[1] + bias, -f[2] - bias, -f[3] - bias])
        losses = np.logaddexp(0, -margins).mean(axis=0)
        assert losses.min() >= np.log(2) - tolerances.POLARITY_ROUNDING
        assert (margins > 0).sum(axis=0).max() <= 3
    useful = [kind for kind in TYPES if kind[0] * kind[1] == kind[2]]
    other = random_networks(generator, useful, 300, 12)
    f = [outputs(other, x) for x in squares]
    assert (f[0] + f[1] - f[2] - f[3]).max() > 0.1


def test_bounds_of_gap__published():
    linear, monotone, convex = accuracy_bounds()
    assert linear == pytest.approx(0.674792, abs=tolerances.POLARITY_SIX_DIGITS)
    assert convex == pytest.approx(0.849583, abs=tolerances.POLARITY_SIX_DIGITS)
    assert monotone == 0.75


@pytest.mark.parametrize("gap", [0.0, 0.05, 0.4])
def test_best_line_and_strip__brute_force(gap):
    """Errors of half-planes over cells of the squares, for all angles and offsets."""
    u = (np.arange(400) + 0.5) / 400
    high, low = gap / 2 + u, -gap / 2 - u
    best_line, best_strip = 0.0, 0.0
    for angle in np.linspace(0.05, np.pi / 2 - 0.05, 31):
        a, b = np.cos(angle), np.sin(angle)
        cuts = np.linspace(0, 1.2, 121)
        above = [
            1 - np.searchsorted(np.sort((a * x[:, None] + b * y).ravel()), cuts) / 400**2
            for x, y in ((high, high), (low, high), (high, low))
        ]
        best_line = max(best_line, (0 + above[0] + (1 - above[1]) + (1 - above[2])).max() / 4)
        # A strip about the centre: Q1 above it, Q3 below it, Q2 and Q4 inside it.
        strip = above[0] + (1 - 2 * above[1]) / 2 + (1 - 2 * above[2]) / 2
        best_strip = max(best_strip, strip.max() / 2)
    bounds = accuracy_bounds(gap)
    assert best_line == pytest.approx(bounds.linear, abs=tolerances.POLARITY_GRID_OF_CELLS)
    assert best_strip == pytest.approx(bounds.convex, abs=tolerances.POLARITY_GRID_OF_CELLS)


def test_units_of_one_type_are_monotone__property():
    """Three units that differ in irrelevant signs only pass the published count, but not 3/4."""
    generator = np.random.default_rng(5)
    networks = random_networks(generator, [(1, 1, 1)], 200, 9)
    x, label = draw_xor(generator, 4000)
    f = outputs(networks, x[:, :2])
    raised = outputs(networks, x[:, :2] + generator.uniform(0, 1, (4000, 2)))
    assert (raised >= f - tolerances.POLARITY_ROUNDING * abs(f)).all()
    best = best_threshold_accuracy(f, label)
    standard_error = np.sqrt(0.75 * 0.25 / 4000)
    assert 0.65 < best < accuracy_bounds().monotone + 4 * standard_error
    square = (x[:, 0] > 0) & (x[:, 1] > 0)  # attains the bound
    assert np.mean(square == label) == pytest.approx(0.75, abs=4 * standard_error)


def test_two_useful_types_are_not_enough__property():
    """Of six pairs four are monotone in one input, one is convex and one concave."""
    generator = np.random.default_rng(6)
    useful = [kind for kind in TYPES if kind[0] * kind[1] == kind[2]]
    x, y = generator.uniform(-1, 1.05, (2, 500, 2))
    found = Counter()
    for pair in itertools.combinations(useful, 2):
        networks = random_networks(generator, pair, 100, 8)
        ends, middle = [outputs(networks, at) for at in (x, y)], outputs(networks, (x + y) / 2)
        slack = tolerances.POLARITY_ROUNDING * (abs(ends[0]) + abs(ends[1]))
        bent = ends[0] + ends[1] - 2 * middle
        steps = [outputs(networks, x + [[0.5, 0], [0, 0.5]][i]) - ends[0] for i in range(2)]
        monotone = any((sign * step >= -slack).all() for sign in (-1, 1) for step in steps)
        curved = (bent >= -slack).all(), (bent <= slack).all()
        found[monotone, *curved] += 1
    assert found == {(True, False, False): 4, (False, True, False): 1, (False, False, True): 1}


def best_threshold_accuracy(f, label):
    order = np.argsort(f, axis=1)
    right_below = np.cumsum(~label[order], axis=1)
    right_above = label.sum() - np.cumsum(label[order], axis=1)
    return ((right_below + right_above) / len(label)).max()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: is_xor_capable(np.zeros((5, 3)), np.ones(3)), "hidden_signs must be -1 or 1"),
        (lambda: is_xor_capable(np.ones((5, 3)), np.full(3, 2)), "output_signs must be -1 or 1"),
        (lambda: is_xor_capable(np.ones((1, 3)), np.ones(3)), "two inputs"),
        (lambda: capable_network(np.ones((2, 3)), np.ones(3)), "no three units"),
        (lambda: capable_network(np.ones((2, 3)), np.ones(3), 0.0), "gap must be above 0"),
        (lambda: accuracy_bounds(-0.1), "between 0 and 1/2"),
    ],
)
def test_bad_patterns_are_refused__property(call, message):
    with pytest.raises(ValueError, match=message):
        call()
