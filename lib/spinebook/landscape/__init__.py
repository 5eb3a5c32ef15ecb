"""The landscape of the loss: sharpness, sensitivity to the input, and the bounds between them."""

from spinebook.landscape.bounds import (
    Bound,
    SensitivityChain,
    ma_ying_bound,
    network_sensitivity_bound,
    sensitivity_chain,
)
from spinebook.landscape.convnets import Convnet, vgg
from spinebook.landscape.convolution import (
    ConvolutionBounds,
    circular_convolution_bounds,
    circular_weight,
)
from spinebook.landscape.hessian import (
    Estimate,
    hessian_trace,
    hessian_vector_product,
    perturbed_adaptive_sharpness,
)
from spinebook.landscape.jacobians import input_jacobian, input_singular_values
from spinebook.landscape.lanczos import Eigenvalues, top_hessian_eigenvalues
from spinebook.landscape.measures import LayerMeasures, layer_measures
from spinebook.landscape.networks import DenseNetwork, Layers
from spinebook.landscape.relative_flatness import (
    gauss_newton_relative_flatness,
    relative_flatness,
)
from spinebook.landscape.report import DenseReport, dense_report
from spinebook.landscape.rescaling_bounds import RescalingBounds, rescaling_bounds
from spinebook.landscape.sensitivity import (
    input_invariant_mls,
    local_sensitivities,
    maximum_local_sensitivity,
    network_mls,
    normalised_mls,
)
from spinebook.landscape.sharpness import LayerSums, adaptive_sharpness, sharpness
from spinebook.landscape.stability import StabilityLimits, linear_stability_limits
from spinebook.landscape.volume import LogVolume, local_dimensionality, log_local_volume
from spinebook.landscape.volume_bounds import (
    log_volume_bound,
    network_volume_bound,
    volume_bound,
)

__all__ = [
    "Bound",
    "Convnet",
    "ConvolutionBounds",
    "DenseNetwork",
    "DenseReport",
    "Eigenvalues",
    "Estimate",
    "LayerMeasures",
    "LayerSums",
    "Layers",
    "LogVolume",
    "RescalingBounds",
    "SensitivityChain",
    "StabilityLimits",
    "adaptive_sharpness",
    "circular_convolution_bounds",
    "circular_weight",
    "dense_report",
    "gauss_newton_relative_flatness",
    "hessian_trace",
    "hessian_vector_product",
    "input_invariant_mls",
    "input_jacobian",
    "input_singular_values",
    "layer_measures",
    "linear_stability_limits",
    "local_dimensionality",
    "local_sensitivities",
    "log_local_volume",
    "log_volume_bound",
    "ma_ying_bound",
    "maximum_local_sensitivity",
    "network_mls",
    "network_sensitivity_bound",
    "network_volume_bound",
    "normalised_mls",
    "perturbed_adaptive_sharpness",
    "relative_flatness",
    "rescaling_bounds",
    "sensitivity_chain",
    "sharpness",
    "top_hessian_eigenvalues",
    "vgg",
    "volume_bound",
]
