"""Every number of a linear network of two layers that can be worked out by hand."""

import numpy as np
from spinebook.landscape import (
    DenseNetwork,
    adaptive_sharpness,
    input_invariant_mls,
    input_jacobian,
    input_singular_values,
    layer_measures,
    local_dimensionality,
    log_local_volume,
    maximum_local_sensitivity,
    network_mls,
    network_sensitivity_bound,
    normalised_mls,
    rescaling_bounds,
    sensitivity_chain,
    sharpness,
    volume_bound,
)

from tests.tolerances import LANDSCAPE_CLOSED_FORM, LANDSCAPE_PUBLISHED

NETWORK = DenseNetwork((2, 2, 2), "linear", biases=False)
U, V = np.array([[1.0, -1.0], [2.0, 0.0]]), np.array([[1.0, 2.0], [0.0, 1.0]])
PARAMS = ({"weight": V.T}, {"weight": U.T})
X = np.array([[1.0, 2.0]])


def test_jacobian__closed_form(float64):
    np.testing.assert_array_equal(input_jacobian(NETWORK, PARAMS, X)[0], [[1, 1], [2, 4]])


def test_sharpness_by_layer__closed_form(float64):
    assert float(sharpness(NETWORK, PARAMS, X).value) == 88
    np.testing.assert_allclose(
        sharpness(NETWORK, PARAMS, X).per_layer, [30, 58], rtol=LANDSCAPE_CLOSED_FORM
    )
    np.testing.assert_allclose(
        adaptive_sharpness(NETWORK, PARAMS, X).value, 218, rtol=LANDSCAPE_CLOSED_FORM
    )
    np.testing.assert_allclose(
        adaptive_sharpness(NETWORK, PARAMS, X).per_layer[0], 89, rtol=LANDSCAPE_CLOSED_FORM
    )


def test_every_number__published(float64):
    s = input_singular_values(NETWORK, PARAMS, X)
    measures = layer_measures(NETWORK, PARAMS, X)
    nmls = network_sensitivity_bound(measures)
    normalised = rescaling_bounds(measures).normalised
    published = {
        "singular values": (s[0], [4.6708301, 0.42818941]),
        "volume": (np.exp(log_local_volume(s, 2).value), 2),
        "squared norm": (np.sum(np.asarray(s) ** 2), 22),
        "dimensionality": (local_dimensionality(s), 1.0168067),
        "norms": (measures.weight_norms, [2.41421356, 2.28824561]),
        "MLS": (maximum_local_sensitivity(NETWORK, PARAMS, X), 4.6708301),
        "bound of MLS": (sensitivity_chain(measures).all_parameters, 10.128194),
        "NMLS": (network_mls(NETWORK, PARAMS, X).value, 6.9590757),
        "harm": (nmls.right**2 / 88, 1.34623949),
        "both sides of NMLS": (nmls, [6.9590757, 10.884350]),
        "bound of volume": (volume_bound(measures).right, 51.290159),
        "input-invariant MLS": (input_invariant_mls(NETWORK, PARAMS, X), 54.5),
        "normalised MLS": (normalised_mls(NETWORK, PARAMS, X), 109.083268),
        "both sides of normalised MLS": (normalised, [109.083268, 174.852814]),
    }
    for name, (ours, value) in published.items():
        np.testing.assert_allclose(ours, value, rtol=LANDSCAPE_PUBLISHED, err_msg=name)
