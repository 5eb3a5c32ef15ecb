"""Statistics that several results share: intervals, exact tests, bootstrap, ranks, comparisons."""

from spinebook.stats.binomial import (
    ChiSquare,
    binomial_chi_square,
    binomial_interval,
    binomial_p_value,
)
from spinebook.stats.comparison import (
    difference_of_shares,
    holm,
    probability_of_superiority,
)
from spinebook.stats.intervals import (
    Estimate,
    Interval,
    bootstrap_estimate,
    mean_interval,
)
from spinebook.stats.ranks import hodges_lehmann, spearman_within

__all__ = [
    "ChiSquare",
    "Estimate",
    "Interval",
    "binomial_chi_square",
    "binomial_interval",
    "binomial_p_value",
    "bootstrap_estimate",
    "difference_of_shares",
    "hodges_lehmann",
    "holm",
    "mean_interval",
    "probability_of_superiority",
    "spearman_within",
]
