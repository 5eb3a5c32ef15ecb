"""Numbers of patterns by overlap, against enumeration and exact integers."""

import math
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from spinebook.dendrites import log_binomial, log_overlap_pmf, log_overlap_set_size


def test_overlap_sets_of_a_small_world__brute_force():
    synapses = {0, 1, 2, 3}
    counted = Counter(len(synapses & set(cells)) for cells in combinations(range(10), 3))
    for overlap in range(5):
        size = np.exp(float(log_overlap_set_size(10, 3, 4, overlap)))
        assert size == pytest.approx(counted.get(overlap, 0), rel=1e-12)
        mass = np.exp(float(log_overlap_pmf(10, 3, 4, overlap)))
        assert mass == pytest.approx(counted.get(overlap, 0) / 120, rel=1e-12)


def test_log_binomial__closed_form():
    n = np.array([5, 60, 1000, 10**6, 10**6, 7])
    k = np.array([2, 30, 900, 3, 5000, 0])
    expected = [math.log(math.comb(int(x), int(y))) for x, y in zip(n, k, strict=True)]
    np.testing.assert_allclose(np.asarray(log_binomial(n, k)), expected, rtol=1e-13)
    assert float(log_binomial(3, 4)) == -np.inf
