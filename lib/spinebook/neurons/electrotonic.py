"""Electrotonic length: how far a voltage spreads along a neurite, and how finely to cut it."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from spinebook.checks import check_number
from spinebook.misuse import explains_misuse
from spinebook.neurons.morphology import Morphology
from spinebook.types import Numbers

_MOST_COMPARTMENTS = 10**6


@explains_misuse
def ac_length_constant_um(
    radius_um: Numbers,
    *,
    axial_resistivity_ohm_cm: float = 100.0,
    frequency_Hz: float = 100.0,
    capacitance_uF_cm2: float = 1.0,
) -> Float[np.ndarray, "..."]:
    r"""Return the length constant at a frequency so high that only capacitance counts.

    .. math:: \lambda_f = \sqrt{\frac{r}{2 \pi f R_a C_m}}

    (Hines and Carnevale 2001), with :math:`r` the radius.

    Args:
        radius_um: Radius of the neurite, positive.
        axial_resistivity_ohm_cm: Resistivity of the cytoplasm, positive.
        frequency_Hz: Frequency, positive.
        capacitance_uF_cm2: Membrane capacitance, positive.

    Returns:
        The length constant, um.

    Raises:
        TypeError: If an argument is not numeric.
        ValueError: If one is not positive.

    Examples:
        >>> round(float(ac_length_constant_um(0.5)), 4)
        282.0948
    """
    given = {
        "radius_um": radius_um,
        "axial_resistivity_ohm_cm": axial_resistivity_ohm_cm,
        "frequency_Hz": frequency_Hz,
        "capacitance_uF_cm2": capacitance_uF_cm2,
    }
    for name, value in given.items():
        _check_positive(name, value)
    membrane = 2 * np.pi * frequency_Hz * axial_resistivity_ohm_cm * capacitance_uF_cm2
    # um cm in the numerator is 1e-4 cm2, uF in the denominator 1e-6 F.
    return np.asarray(1e4 * np.sqrt(100 * np.asarray(radius_um) / membrane))


@explains_misuse
def d_lambda_counts(
    morphology: Morphology,
    *,
    d_lambda: float = 0.1,
    axial_resistivity_ohm_cm: float = 100.0,
    frequency_Hz: float = 100.0,
    capacitance_uF_cm2: float = 1.0,
) -> Int[np.ndarray, " sections"]:
    r"""Return how many compartments keep each one shorter than a share of the length constant.

    .. math:: n = 2 \left\lfloor \tfrac12 \left(\frac{L}{d_\lambda \lambda_f} + 0.9\right)
        \right\rfloor + 1

    an odd number, so that a compartment's centre is the section's (Hines and Carnevale 2001).
    A tapering section's :math:`L / \lambda_f` is the sum over its frusta, each with the constant
    of its mean radius, as in NEURON.

    Args:
        morphology: The neuron.
        d_lambda: Longest compartment, in AC length constants, positive.
        axial_resistivity_ohm_cm: Resistivity of the cytoplasm, positive.
        frequency_Hz: Frequency, positive.
        capacitance_uF_cm2: Membrane capacitance, positive.

    Returns:
        The counts.

    Raises:
        TypeError: If an argument is not numeric.
        ValueError: If one is not positive, or asks for more than a million compartments.

    Examples:
        >>> from spinebook.neurons.builders import cylinder
        >>> d_lambda_counts(cylinder(1000.0, 0.5))
        array([37])
    """
    _check_positive("d_lambda", d_lambda)
    length_constants = [
        ac_length_constant_um(
            (points[1:, 1] + points[:-1, 1]) / 2,
            axial_resistivity_ohm_cm=axial_resistivity_ohm_cm,
            frequency_Hz=frequency_Hz,
            capacitance_uF_cm2=capacitance_uF_cm2,
        )
        for points in morphology.points
    ]
    pairs = zip(morphology.points, length_constants, strict=True)
    lengths = np.array([np.sum(np.diff(points[:, 0]) / constant) for points, constant in pairs])
    cuts = np.floor((lengths / d_lambda + 0.9) / 2)
    if cuts.sum() > _MOST_COMPARTMENTS / 2:
        raise ValueError(
            f"the d_lambda rule asks for {2 * cuts.sum():.0f} compartments; is d_lambda "
            f"{d_lambda} (0.1 is usual) and frequency_Hz {frequency_Hz} (100 is usual) meant?"
        )
    return cuts.astype(np.int64) * 2 + 1


def _check_positive(name: str, value: Numbers) -> None:
    check_number(name, value)
    if np.min(value) <= 0:
        raise ValueError(f"{name} must be positive, got {np.min(value)}.")
