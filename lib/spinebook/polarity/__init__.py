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
    "Scenario",
    "TheoryByWidth",
    "XorNetwork",
    "XorRecipe",
    "XorRuns",
    "accuracy_bounds",
    "adversarial_polarity_xor",
    "apply_polarity",
    "capability_lower_bound",
    "capable_network",
    "capable_triples",
    "count_separable",
    "crossings",
    "dale_polarity",
    "epochs_to_threshold",
    "error_at_minimum_loss",
    "freeze_polarity",
    "frozen_step",
    "init_xor_network",
    "initial_reset",
    "is_xor_capable",
    "polarity_of",
    "probability_capable",
    "separability_probability",
    "separable_lp",
    "share_reaching",
    "sign_constrained_capacity",
    "sufficient_polarity_xor",
    "theory_by_width",
    "transfer_polarity",
    "word_counts",
    "xor5d",
    "xor_logits",
    "xor_study",
]
