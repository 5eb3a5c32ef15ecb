"""Learning with the signs of the weights fixed: training, transfer, and what signs can express."""

from spinebook.polarity._xor_program import XorRecipe
from spinebook.polarity.capability import (
    AccuracyBounds,
    accuracy_bounds,
    capable_network,
    capable_triples,
    is_xor_capable,
)
from spinebook.polarity.counting import (
    TheoryByWidth,
    capability_lower_bound,
    probability_capable,
    theory_by_width,
    word_counts,
)
from spinebook.polarity.freeze import (
    RESETS,
    FreezePolarityState,
    crossings,
    freeze_polarity,
    frozen_step,
    initial_reset,
)
from spinebook.polarity.image_comparison import mean_superiority
from spinebook.polarity.image_network import ImageNetwork
from spinebook.polarity.image_study import ImageRecipe, ImageRuns, ImageScenario, image_study
from spinebook.polarity.image_tasks import ImageTask, draw_image_task
from spinebook.polarity.image_transfer import TransferRuns, transfer_study
from spinebook.polarity.measures import (
    EpochsToThreshold,
    epochs_to_threshold,
    error_at_minimum_loss,
    share_reaching,
)
from spinebook.polarity.separability import (
    count_separable,
    separability_probability,
    separable_lp,
    sign_constrained_capacity,
)
from spinebook.polarity.signs import apply_polarity, dale_polarity, polarity_of, transfer_polarity
from spinebook.polarity.xor import (
    XorNetwork,
    adversarial_polarity_xor,
    init_xor_network,
    sufficient_polarity_xor,
    xor5d,
    xor_logits,
)
from spinebook.polarity.xor_quadruples import (
    XorScores,
    random_xor_networks,
    xor_quadruples,
    xor_scores,
)
from spinebook.polarity.xor_study import (
    ADVERSARIAL,
    FLUID,
    GROUPS,
    RAND,
    SUFFICIENT,
    Scenario,
    XorRuns,
    xor_study,
)

__all__ = [
    "ADVERSARIAL",
    "FLUID",
    "GROUPS",
    "RAND",
    "RESETS",
    "SUFFICIENT",
    "AccuracyBounds",
    "EpochsToThreshold",
    "FreezePolarityState",
    "ImageNetwork",
    "ImageRecipe",
    "ImageRuns",
    "ImageScenario",
    "ImageTask",
    "Scenario",
    "TheoryByWidth",
    "TransferRuns",
    "XorNetwork",
    "XorRecipe",
    "XorRuns",
    "XorScores",
    "accuracy_bounds",
    "adversarial_polarity_xor",
    "apply_polarity",
    "capability_lower_bound",
    "capable_network",
    "capable_triples",
    "count_separable",
    "crossings",
    "dale_polarity",
    "draw_image_task",
    "epochs_to_threshold",
    "error_at_minimum_loss",
    "freeze_polarity",
    "frozen_step",
    "image_study",
    "init_xor_network",
    "initial_reset",
    "is_xor_capable",
    "mean_superiority",
    "polarity_of",
    "probability_capable",
    "random_xor_networks",
    "separability_probability",
    "separable_lp",
    "share_reaching",
    "sign_constrained_capacity",
    "sufficient_polarity_xor",
    "theory_by_width",
    "transfer_polarity",
    "transfer_study",
    "word_counts",
    "xor5d",
    "xor_logits",
    "xor_quadruples",
    "xor_scores",
    "xor_study",
]
