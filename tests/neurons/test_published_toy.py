"""The published chains: targets digit by digit, the law of the stimuli, the start."""

import inspect
import itertools

import jax
import numpy as np
import pytest
from spinebook.neurons.published_toy import (
    NOMINAL_MS_CM2,
    published_start,
    published_stimuli,
    published_targets,
    steps_per_sample,
    toy_densities,
    toy_neuron,
)

from tests.tolerances import (
    NEURONS_TOY_DIGITS,
    NEURONS_TOY_GATES,
    NEURONS_TOY_ROUNDING,
    NEURONS_TOY_SINGLE,
)

CHAIN = range(-1, 5)


def test_targets_of_the_first_seed_are_those_stored__published():
    sodium = [118.501, 77.038, 116.652, 113.503, 106.428, 77.563]
    potassium = [56.180, 55.815, 53.047, 47.425, 52.831, 50.993]
    np.testing.assert_allclose(
        published_targets(20230619, 6), [sodium, potassium], atol=NEURONS_TOY_DIGITS
    )


def test_initial_errors_are_those_of_the_generator__published():
    error = np.abs(published_targets(20230619, 6) - NOMINAL_MS_CM2[:, None]).mean(1)
    np.testing.assert_allclose(error, [16.747, 7.715], atol=NEURONS_TOY_DIGITS)


def test_targets_follow_the_generator_word_by_word__brute_force():
    # A state of the Mersenne twister read one 32-bit word after the other.
    random = np.random.RandomState(7)
    words = [int(random.randint(0, 2**32, dtype=np.uint32)) for _ in range(6)]
    shares = [0.7 + 0.6 * (word % 2**24) / 2**24 for word in words]
    expected = [[100 * s for s in shares[:3]], [45 * s for s in shares[3:]]]
    np.testing.assert_allclose(published_targets(7, 3), expected, rtol=NEURONS_TOY_ROUNDING)


def test_the_start_has_the_gates_of_the_code__published():
    _, sodium, potassium = published_start(toy_neuron(CHAIN, 0.5)).gates
    m, h, n = float(sodium[0, 0]), float(sodium[1, 0]), float(potassium[0, 0])
    assert m == pytest.approx(2.494e-7, rel=NEURONS_TOY_GATES)
    assert n == pytest.approx(9.714e-8, rel=NEURONS_TOY_GATES)
    assert h == pytest.approx(1.0, abs=NEURONS_TOY_SINGLE)


def test_stimuli_hold_three_levels_between_zeros__property():
    per_sample = steps_per_sample(0.05)
    currents = np.asarray(
        published_stimuli(jax.random.key(3), stimuli=400, nodes=2, dt_ms=0.05, largest=9)
    )
    assert currents.shape == (100, 2, 400)
    samples = currents[::per_sample]
    np.testing.assert_array_equal(np.repeat(samples, per_sample, axis=0), currents)
    assert (samples[0] == 0).all()
    assert (samples[47:] == 0).all()
    assert set(np.unique(samples)) == set(range(10))
    assert ((np.diff(samples[1:47], axis=0) != 0).sum(0) <= 2).all()


def test_times_of_changes_follow_the_index__closed_form():
    """The share of late changes is exact by summing over ordered pairs of draws."""
    weights = np.arange(48.0)
    pairs = itertools.permutations(range(1, 48), 2)
    chance = {(i, j): weights[i] * weights[j] / 1128 / (1128 - weights[i]) for i, j in pairs}
    late = sum(p * ((i >= 24) + (j >= 24)) / 2 for (i, j), p in chance.items())
    currents = np.asarray(
        published_stimuli(jax.random.key(5), stimuli=20_000, nodes=1, dt_ms=0.1, largest=10**6)
    )[:, 0]
    # The forced zeros at both ends hide changes in samples 1 and 47 and add their own.
    inner = np.diff(currents[1:47], axis=0) != 0
    seen = sum(p * ((24 <= i < 47) + (24 <= j < 47)) for (i, j), p in chance.items())
    assert 0.75 < late < 0.76
    mean = inner[22:].sum(0).mean()
    assert abs(mean - seen) < 4 * inner[22:].sum(0).std() / 20_000**0.5


def test_densities_put_the_leak_first__closed_form():
    densities = toy_densities(np.broadcast_to(NOMINAL_MS_CM2[:, None, None], (2, 6, 4)))
    np.testing.assert_allclose(densities[:, 0, 0], [1 / 37, 100, 45], rtol=NEURONS_TOY_SINGLE)


@pytest.mark.parametrize("dt_ms", [0.03, 0.2, 0.0, -0.1])
def test_a_step_that_does_not_divide_a_sample_is_refused__property(dt_ms):
    with pytest.raises(ValueError, match="must divide"):
        inspect.unwrap(steps_per_sample)(dt_ms)


def test_a_spread_beyond_the_nominal_value_is_refused__property():
    with pytest.raises(ValueError, match="between 0 and 1"):
        inspect.unwrap(published_targets)(1, 6, spread=1.5)
