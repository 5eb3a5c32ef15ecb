"""The geometry of plasticity: potentials, mirror descent, and the marks they leave on weights."""

from spinebook.geometry.final_weights import final_weight_cdf, final_weight_density
from spinebook.geometry.gaussianity import (
    gaussianity_distance,
    gaussianity_null_mean,
    gaussianity_null_sample,
)
from spinebook.geometry.inference import (
    CANDIDATES,
    PotentialScan,
    dual_distances,
    infer_potential,
)
from spinebook.geometry.initial_weights import signed_lognormal
from spinebook.geometry.mirror_descent import MirrorDescentState, mirror_descent
from spinebook.geometry.potentials import HyperbolicEntropy, NegativeEntropy, PNorm, Potential
from spinebook.geometry.projection import Projection, bregman_projection
from spinebook.geometry.size_fits import WeightFit, fit_final_weights, fit_free_initial_weights
from spinebook.geometry.synapse_sizes import microns_synapse_sizes
from spinebook.geometry.toeplitz import alternating_autocovariance, toeplitz_gaussian

__all__ = [
    "CANDIDATES",
    "HyperbolicEntropy",
    "MirrorDescentState",
    "NegativeEntropy",
    "PNorm",
    "Potential",
    "PotentialScan",
    "Projection",
    "WeightFit",
    "alternating_autocovariance",
    "bregman_projection",
    "dual_distances",
    "final_weight_cdf",
    "final_weight_density",
    "fit_final_weights",
    "fit_free_initial_weights",
    "gaussianity_distance",
    "gaussianity_null_mean",
    "gaussianity_null_sample",
    "infer_potential",
    "microns_synapse_sizes",
    "mirror_descent",
    "signed_lognormal",
    "toeplitz_gaussian",
]
