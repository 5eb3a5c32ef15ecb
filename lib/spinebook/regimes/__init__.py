"""Rich and lazy learning: what the first weights decide about how far a network changes."""

from spinebook.regimes.decision_task import DecisionTask
from spinebook.regimes.diagonal_network import (
    diagonal_network_flow,
    diagonal_network_limit,
    diagonal_regulariser,
)
from spinebook.regimes.finite_scale import EndState, full_rank_end, mean_rank_one_end, rank_one_end
from spinebook.regimes.ideal_observer import BayesFloor
from spinebook.regimes.image_rows import image_rows
from spinebook.regimes.laziness import (
    centred_kernel_alignment,
    kernel_alignment,
    representation_alignment,
    sign_similarity,
    weight_change,
)
from spinebook.regimes.linear_flow import LinearFlow, two_layer_linear_flow
from spinebook.regimes.linear_theory import (
    aligned_alignment,
    aligned_threshold,
    expected_kernel_alignment,
    kernel_alignment_small_init,
    mean_alignment_equal_spectrum,
    partial_alignment,
    partial_cosine_squared,
    rank_one_alignment,
)
from spinebook.regimes.low_rank import gaussian_init, low_rank_init, truncate_rank
from spinebook.regimes.rate_losses import decision_accuracy, decision_loss, last_step_loss
from spinebook.regimes.rate_network import (
    RateNetwork,
    RateParameters,
    init_rate_parameters,
    outputs,
    rates,
)
from spinebook.regimes.reference_level import UnrelatedAlignment, unrelated_alignment
from spinebook.regimes.scaling import laziness_number
from spinebook.regimes.spectra import (
    SpectrumSummary,
    effective_rank,
    entropy_rank,
    non_normality,
    participation_ratio,
    spectral_radius,
    spectrum_summary,
    stable_rank,
)
from spinebook.regimes.structured_init import Gaussian, Structure, structured_init
from spinebook.regimes.structures import (
    STRUCTURES,
    Blocks,
    ChainMotifs,
    Dale,
    DistanceDependent,
    SoftRank,
    SparseLogNormal,
)
from spinebook.regimes.tangent_kernel import (
    recurrent_tangent_kernel,
    tangent_kernel,
    tangent_kernel_alignment,
)
from spinebook.regimes.tasks import (
    ContextDependentDecision,
    DelayedMatchToSample,
    TwoAlternativeForcedChoice,
)

__all__ = [
    "STRUCTURES",
    "BayesFloor",
    "Blocks",
    "ChainMotifs",
    "ContextDependentDecision",
    "Dale",
    "DecisionTask",
    "DelayedMatchToSample",
    "DistanceDependent",
    "EndState",
    "Gaussian",
    "LinearFlow",
    "RateNetwork",
    "RateParameters",
    "SoftRank",
    "SparseLogNormal",
    "SpectrumSummary",
    "Structure",
    "TwoAlternativeForcedChoice",
    "UnrelatedAlignment",
    "aligned_alignment",
    "aligned_threshold",
    "centred_kernel_alignment",
    "decision_accuracy",
    "decision_loss",
    "diagonal_network_flow",
    "diagonal_network_limit",
    "diagonal_regulariser",
    "effective_rank",
    "entropy_rank",
    "expected_kernel_alignment",
    "full_rank_end",
    "gaussian_init",
    "image_rows",
    "init_rate_parameters",
    "kernel_alignment",
    "kernel_alignment_small_init",
    "last_step_loss",
    "laziness_number",
    "low_rank_init",
    "mean_alignment_equal_spectrum",
    "mean_rank_one_end",
    "non_normality",
    "outputs",
    "partial_alignment",
    "partial_cosine_squared",
    "participation_ratio",
    "rank_one_alignment",
    "rank_one_end",
    "rates",
    "recurrent_tangent_kernel",
    "representation_alignment",
    "sign_similarity",
    "spectral_radius",
    "spectrum_summary",
    "stable_rank",
    "structured_init",
    "tangent_kernel",
    "tangent_kernel_alignment",
    "truncate_rank",
    "two_layer_linear_flow",
    "unrelated_alignment",
    "weight_change",
]
