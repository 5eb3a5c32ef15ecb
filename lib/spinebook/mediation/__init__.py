"""What a neuron does for behaviour: mediated effects, their estimates and their limits."""

from spinebook.mediation.bootstrap import BootstrapInterval, bootstrap_interval, resample_means
from spinebook.mediation.choices import LogisticChoice, logistic_slopes
from spinebook.mediation.diagram import draw_diagram
from spinebook.mediation.discontinuity import (
    SpikeEffect,
    naive_difference,
    spike_discontinuity,
    window_difference,
)
from spinebook.mediation.effects import effects
from spinebook.mediation.estimate import estimate_mediation
from spinebook.mediation.formula import (
    NaturalEffects,
    mediation_formula,
    mediation_formula_discrete,
)
from spinebook.mediation.front_door import FrontDoorEstimate, front_door, front_door_discrete
from spinebook.mediation.instrument import InstrumentEstimate, instrument_estimate
from spinebook.mediation.interventional import (
    interventional_effects,
    serial_paths,
    simulate_interventional_effects,
    total_effects_on_mediators,
)
from spinebook.mediation.light import lit_neurons
from spinebook.mediation.moments import (
    Paths,
    covariance_from_moments,
    moment_rows,
    regression_paths,
    sweep,
)
from spinebook.mediation.network_effects import PatchedEffects, patched_effects
from spinebook.mediation.network_model import NetworkNoise, NetworkTask, NetworkWeights
from spinebook.mediation.path_estimates import MediationEstimate, PathEstimate
from spinebook.mediation.population import (
    OmittedNeurons,
    apparent_share,
    omitted_neuron_bias,
    simulate_apparent_share,
)
from spinebook.mediation.readouts import (
    PairComparison,
    ReadOut,
    ReadOutPair,
    compare_pair,
    read_out,
    read_out_pairs,
)
from spinebook.mediation.scm import LinearSCM
from spinebook.mediation.sensitivity import (
    SensitivityCurve,
    indirect_under_rho,
    same_covariance_models,
    sensitivity_rho,
)
from spinebook.mediation.significance import (
    ProductTest,
    aroian,
    goodman,
    joint_significance,
    product_variance,
    sobel,
)
from spinebook.mediation.spiking import (
    SpikingBlocks,
    SpikingModel,
    SpikingSweep,
    ToggledSpikes,
    simulate_spiking,
    spiking_effects,
    toggled_spikes,
)
from spinebook.mediation.structural import Effects, SimulatedEffects, StructuralModel, unit_effects
from spinebook.mediation.studies import (
    StudyRegressions,
    draw_studies,
    regress_columns,
    regress_studies,
)
from spinebook.mediation.study_bootstrap import BootstrapStudies, bootstrap_studies
from spinebook.mediation.trials import ExpectedRegression, Sample
from spinebook.mediation.unit_models import HeterogeneousSCM, RedundantNeurons, TypeMixture

__all__ = [
    "BootstrapInterval",
    "BootstrapStudies",
    "Effects",
    "ExpectedRegression",
    "FrontDoorEstimate",
    "HeterogeneousSCM",
    "InstrumentEstimate",
    "LinearSCM",
    "LogisticChoice",
    "MediationEstimate",
    "NaturalEffects",
    "NetworkNoise",
    "NetworkTask",
    "NetworkWeights",
    "OmittedNeurons",
    "PairComparison",
    "PatchedEffects",
    "PathEstimate",
    "Paths",
    "ProductTest",
    "ReadOut",
    "ReadOutPair",
    "RedundantNeurons",
    "Sample",
    "SensitivityCurve",
    "SimulatedEffects",
    "SpikeEffect",
    "SpikingBlocks",
    "SpikingModel",
    "SpikingSweep",
    "StructuralModel",
    "StudyRegressions",
    "ToggledSpikes",
    "TypeMixture",
    "apparent_share",
    "aroian",
    "bootstrap_interval",
    "bootstrap_studies",
    "compare_pair",
    "covariance_from_moments",
    "draw_diagram",
    "draw_studies",
    "effects",
    "estimate_mediation",
    "front_door",
    "front_door_discrete",
    "goodman",
    "indirect_under_rho",
    "instrument_estimate",
    "interventional_effects",
    "joint_significance",
    "lit_neurons",
    "logistic_slopes",
    "mediation_formula",
    "mediation_formula_discrete",
    "moment_rows",
    "naive_difference",
    "omitted_neuron_bias",
    "patched_effects",
    "product_variance",
    "read_out",
    "read_out_pairs",
    "regress_columns",
    "regress_studies",
    "regression_paths",
    "resample_means",
    "same_covariance_models",
    "sensitivity_rho",
    "serial_paths",
    "simulate_apparent_share",
    "simulate_interventional_effects",
    "simulate_spiking",
    "sobel",
    "spike_discontinuity",
    "spiking_effects",
    "sweep",
    "toggled_spikes",
    "total_effects_on_mediators",
    "unit_effects",
    "window_difference",
]
