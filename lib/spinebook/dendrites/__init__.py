"""How reliably a stretch of dendrite recognises sparse patterns (Ahmad and Hawkins 2016)."""

from spinebook.dendrites.design import Threshold, capacity, min_threshold
from spinebook.dendrites.mixtures import log_union_false_match
from spinebook.dendrites.overlap import log_binomial, log_overlap_pmf, log_overlap_set_size
from spinebook.dendrites.patterns import random_activity, random_subset, segment_match, swap_noise
from spinebook.dendrites.rare import RareEstimate, estimate_rare_match, sample_tilted_overlap
from spinebook.dendrites.sampling import overlap_histogram, sample_overlap
from spinebook.dendrites.tails import log_false_match, log_false_negative, log_many_segments
from spinebook.dendrites.unions import union_size_mean, union_size_pmf, union_size_variance

__all__ = [
    "RareEstimate",
    "Threshold",
    "capacity",
    "estimate_rare_match",
    "log_binomial",
    "log_false_match",
    "log_false_negative",
    "log_many_segments",
    "log_overlap_pmf",
    "log_overlap_set_size",
    "log_union_false_match",
    "min_threshold",
    "overlap_histogram",
    "random_activity",
    "random_subset",
    "sample_overlap",
    "sample_tilted_overlap",
    "segment_match",
    "swap_noise",
    "union_size_mean",
    "union_size_pmf",
    "union_size_variance",
]
