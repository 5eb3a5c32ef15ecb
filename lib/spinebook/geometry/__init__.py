"""The geometry of plasticity: potentials, mirror descent, and the marks they leave on weights."""

from spinebook.geometry.advantage import Advantage, own_advantage
from spinebook.geometry.final_weights import final_weight_cdf, final_weight_density
from spinebook.geometry.fine_tuning import FineTuned, Pretrained, fine_tune, pretrain
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
from spinebook.geometry.known_changes import scan_known_changes
from spinebook.geometry.limits import small_change_limit
from spinebook.geometry.mirror_descent import MirrorDescentState, mirror_descent
from spinebook.geometry.networks import Perceptron, RowReader, SmallConvnet
from spinebook.geometry.potentials import HyperbolicEntropy, NegativeEntropy, PNorm, Potential
from spinebook.geometry.projection import Projection, bregman_projection
from spinebook.geometry.regression import (
    RegressionDesign,
    RegressionEnd,
    expected_squared_change,
    regression_end_points,
)
from spinebook.geometry.size_fits import WeightFit, fit_final_weights, fit_free_initial_weights
from spinebook.geometry.synapse_sizes import microns_synapse_sizes
from spinebook.geometry.toeplitz import alternating_autocovariance, toeplitz_gaussian

__all__ = [
    "CANDIDATES",
    "Advantage",
    "FineTuned",
    "HyperbolicEntropy",
    "MirrorDescentState",
    "NegativeEntropy",
    "PNorm",
    "Perceptron",
    "Potential",
    "PotentialScan",
    "Pretrained",
    "Projection",
    "RegressionDesign",
    "RegressionEnd",
    "RowReader",
    "SmallConvnet",
    "WeightFit",
    "alternating_autocovariance",
    "bregman_projection",
    "dual_distances",
    "expected_squared_change",
    "final_weight_cdf",
    "final_weight_density",
    "fine_tune",
    "fit_final_weights",
    "fit_free_initial_weights",
    "gaussianity_distance",
    "gaussianity_null_mean",
    "gaussianity_null_sample",
    "infer_potential",
    "microns_synapse_sizes",
    "mirror_descent",
    "own_advantage",
    "pretrain",
    "regression_end_points",
    "scan_known_changes",
    "signed_lognormal",
    "small_change_limit",
    "toeplitz_gaussian",
]
