"""The paper's channels: rates of the public code, and the published against the corrected model."""

import jax
import numpy as np
import pytest
from spinebook.neurons.channels import steady_gates
from spinebook.neurons.hodgkin_huxley import temperature_factor
from spinebook.neurons.traub import PotassiumTraub, SodiumTraub, traub_channels

from tests import tolerances
from tests.neurons.printed import half_a_unit
from tests.neurons.single_compartment import Compartment

# alpha and beta of m, h and n, 1/ms, at u in mV, with the digits that were written down.
RATES = {
    -60.0: "6.9799e-6 27.9869 9.22625 8.24461e-9 1.79444e-7 1.84726",
    -10.8: "0.0297017 14.2426 0.599727 1.54743e-4 1.75798e-4 0.539942",
    0.0: "0.17881 11.231 0.329137 1.3414e-3 7.9522e-4 0.41218",
    20.0: "2.57792 5.7539 0.10835 0.0719448 0.0124209 0.25",
    40.0: "8.33619 1.41731 0.0356679 2.0 0.121101 0.151633",
}
EXACT = {-10.8: "0.019487", 0.0: "0.164759", 20.0: "2.686697", 40.0: "8.618347"}
CONDUCTANCES = (1 / 37, 100.0, 45.0)
CAPACITANCE = 0.45

pytestmark = pytest.mark.usefixtures("float64")


def model(**options):
    return Compartment(traub_channels(**options), CONDUCTANCES, CAPACITANCE)


@pytest.mark.parametrize("u", RATES)
def test_rates_of_the_public_code__published(u):
    (opening_m, opening_h), (closing_m, closing_h) = SodiumTraub().transition_rates(u)
    (opening_n,), (closing_n,) = PotassiumTraub().transition_rates(u)
    got = (opening_m, closing_m, opening_h, closing_h, opening_n, closing_n)
    for value, printed in zip(got, RATES[u].split(), strict=True):
        assert float(value) == pytest.approx(
            float(printed), abs=half_a_unit(printed, significant=6)
        )


@pytest.mark.parametrize("u", EXACT)
def test_exact_opening_rate__published(u):
    opening, _ = SodiumTraub(kinetics="exact").transition_rates(u)
    assert float(opening[0]) == pytest.approx(float(EXACT[u]), abs=half_a_unit(EXACT[u]))


def test_exact_rates__closed_form():
    u = np.array([-60.0, -10.0, 20.0, 60.0])
    opening, closing = SodiumTraub(kinetics="exact").transition_rates(u)
    expected = 0.32 * (13.1 - u) / np.expm1((13.1 - u) / 4)
    np.testing.assert_allclose(opening[0], expected, rtol=tolerances.NEURONS_CHANNELS_CLOSED_FORM)
    expected = 0.28 * (u - 40.1) / np.expm1((u - 40.1) / 5)
    np.testing.assert_allclose(closing[0], expected, rtol=tolerances.NEURONS_CHANNELS_CLOSED_FORM)
    opening, _ = PotassiumTraub(kinetics="exact").transition_rates(u)
    expected = 0.016 * (35.1 - u) / np.expm1((35.1 - u) / 5)
    np.testing.assert_allclose(opening[0], expected, rtol=tolerances.NEURONS_CHANNELS_CLOSED_FORM)


def test_factors_and_floor__closed_form():
    """Steady state a / (a + b + floor), relaxation q (a + b + floor); the shift comes before."""
    v = np.array([-70.0, 10.0])
    for channel in (SodiumTraub(), PotassiumTraub(), PotassiumTraub(speed=1.0, floor_per_ms=0.1)):
        opening, closing = (np.asarray(r) for r in channel.transition_rates(v + 49.2))
        total = opening + closing + channel.floor_per_ms
        rates = channel.rates(v)
        np.testing.assert_allclose(
            rates.steady, opening / total, rtol=tolerances.NEURONS_CHANNELS_CLOSED_FORM
        )
        np.testing.assert_allclose(
            rates.relaxation_per_ms,
            channel.speed * total,
            rtol=tolerances.NEURONS_CHANNELS_CLOSED_FORM,
        )


@pytest.mark.parametrize("legacy", [True, False])
def test_gates_at_the_start__published(legacy):
    """The public code leaves the shift out for them; with it m would be 0.002081."""
    sodium = SodiumTraub(legacy_shift=legacy)
    potassium = PotassiumTraub(legacy_shift=legacy)
    m, h = steady_gates(sodium, -60.0 - sodium.shift_mV)
    (n,) = steady_gates(potassium, -60.0 - potassium.shift_mV)
    assert float(m) == pytest.approx(2.494e-7, abs=half_a_unit("2.494e-7"))
    assert float(n) == pytest.approx(9.714e-8, abs=half_a_unit("9.714e-8"))
    assert float(h) == pytest.approx(0.999999998, abs=half_a_unit("0.999999998"))
    shifted = steady_gates(sodium, -60.0)[0]
    assert float(shifted) == pytest.approx(0.002081, abs=half_a_unit("0.002081"))


def test_reversal_potentials__published():
    published = [channel.reversal_mV for channel in traub_channels(legacy_shift=True)]
    np.testing.assert_allclose(published, [-123.2, 40.8, -129.2], atol=1e-12)
    corrected = [channel.reversal_mV for channel in traub_channels(legacy_shift=False)]
    assert corrected == [-74.0, 90.0, -80.0]


@pytest.mark.parametrize(
    ("low", "high", "v", "growing"),
    [(-125, -121, "-123.20", 0), (-45, -38, "-41.66", 1), (-30, -20, "-24.67", 2)],
)
def test_fixed_points_of_the_published_model__published(low, high, v, growing):
    cell = model(legacy_shift=True)
    found = cell.fixed_point(low, high)
    assert found == pytest.approx(float(v), abs=half_a_unit(v))
    assert (cell.eigenvalues(found).real > 0).sum() == growing


def test_rest_of_the_corrected_model__published():
    cell = model(legacy_shift=False)
    rest = cell.fixed_point(-76, -73)
    assert rest == pytest.approx(-74.28, abs=half_a_unit("-74.28"))
    assert cell.eigenvalues(rest).real.max() < 0


def test_the_published_shift_moves_the_voltage_and_nothing_else__property():
    """The same rates of change, at voltages 49.2 mV lower than without any shift."""
    published, plain = model(legacy_shift=True), model(legacy_shift=False, shift_mV=0.0)
    corrected = model(legacy_shift=False)
    states = np.random.default_rng(0).uniform(size=(20, 4))
    states[:, 0] = 150 * states[:, 0] - 80
    lower = states - np.array([49.2, 0, 0, 0])
    got = np.stack([published.derivative(state) for state in lower])
    expected = np.stack([plain.derivative(state) for state in states])
    np.testing.assert_allclose(
        got, expected, rtol=tolerances.NEURONS_CHANNELS_CLOSED_FORM, atol=1e-9
    )
    moved = np.stack([corrected.derivative(state) for state in lower])
    assert np.abs(moved - expected).max() > 10


def test_the_start_of_the_public_code_drifts__published():
    """Leak alone pulls by some 16 mV within 5 ms."""
    cell = model(legacy_shift=True)
    start = np.concatenate([[-60.0], cell.at_rest(-60.0 - 49.2)[1:]])
    step = jax.jit(lambda s: jax.lax.fori_loop(0, 500, lambda _, s: cell.step(s, 0.0, 0.01), s))
    leak_alone = -123.2 + 63.2 * np.exp(-5 / (37 * CAPACITANCE))
    assert -60 - leak_alone == pytest.approx(16, abs=0.5)
    assert float(step(start)[0]) < -70


def test_source_constants__closed_form():
    """All changes of the paper against its source, undone by options."""
    leak, sodium, potassium = traub_channels(
        legacy_shift=False,
        shift_mV=50.0,
        kinetics="exact",
        temperature_factor=temperature_factor(35.0, 32.0),
        potassium_factor=1.0,
        floor_per_ms=0.0,
    )
    assert leak.reversal_mV == -74.0
    assert sodium.speed == potassium.speed == pytest.approx(1.390, abs=5e-4)
    opening, closing = potassium.transition_rates(0.0)
    expected = 3**0.3 * float(opening[0] + closing[0])
    assert float(potassium.rates(-50.0).relaxation_per_ms[0]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SodiumTraub(shift_mV=49_200.0), "shift_mV must lie within"),
        (lambda: PotassiumTraub(intended_reversal_mV=float("inf")), "finite"),
        (lambda: PotassiumTraub(speed=0.0), "speed must be above 0"),
        (lambda: traub_channels(legacy_shift=True, floor_per_ms=-1.0), "negative"),
    ],
)
def test_refusals__property(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_unknown_kinetics__property():
    # The tests' own check of annotations may come first.
    with pytest.raises((ValueError, TypeError), match=r"'softplus' or 'exact'|Literal"):
        SodiumTraub(kinetics="fast")
