"""The race of Adam with searches that use no gradient."""

import jax
import numpy as np
import pytest
from spinebook.neurons.chain_fits import chain_losses, chain_voltages
from spinebook.neurons.chain_search import race
from spinebook.neurons.published_toy import NOMINAL_MS_CM2, published_targets, toy_neuron

from tests import tolerances

NEURON, DT_MS, TARGETS = toy_neuron([-1, 0], 0.5), 0.1, 3
TRUE = np.stack([published_targets(20230619 + i, 2) for i in range(TARGETS)], axis=-1)[..., None]
OPTIONS = {"steps": 8, "gradient_cost": 5, "spread": 0.3, "dt_ms": DT_MS}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def setting():
    currents = np.random.default_rng(1).uniform(0, 19, (20, 2, TARGETS, 2)).astype(np.float32)
    return currents, np.asarray(chain_voltages(NEURON, TRUE, currents, dt_ms=DT_MS))


@pytest.fixture(scope="module")
def found(setting):
    return race(NEURON, *setting, key=jax.random.key(0), **OPTIONS)


def test_lowest_loss_is_that_of_the_conductances_returned__brute_force(setting, found):
    for losses, conductances in zip(found.losses, found.conductances, strict=True):
        again = chain_losses(NEURON, conductances[..., None], *setting, dt_ms=DT_MS)
        np.testing.assert_allclose(losses[-1], again, rtol=tolerances.CHAIN_LOSS)


def test_all_begin_at_nominal_and_never_get_worse__property(setting, found):
    nominal = np.broadcast_to(NOMINAL_MS_CM2[:, None, None, None], TRUE.shape)
    start = np.asarray(chain_losses(NEURON, nominal, *setting, dt_ms=DT_MS))
    for spent, losses in zip(found.spent, found.losses, strict=True):
        assert spent[0] == 0
        assert spent[-1] <= 40
        assert len(spent) == len(losses)
        np.testing.assert_allclose(losses[0], start, rtol=tolerances.CHAIN_LOSS)
        assert (np.diff(losses, axis=0) <= 0).all()


def test_random_search_stays_in_the_law_of_the_targets__property(found):
    shares = found.conductances[3] / NOMINAL_MS_CM2[:, None, None]
    assert ((shares >= 0.7) & (shares <= 1.3)).all()


def test_other_keys_draw_other_candidates_and_leave_adam_alone__property(setting, found):
    other = race(NEURON, *setting, key=jax.random.key(1), **OPTIONS)
    np.testing.assert_array_equal(other.losses[0], found.losses[0])
    assert all(
        (a[-1] != b[-1]).any() for a, b in zip(other.losses[1:], found.losses[1:], strict=True)
    )


def test_bad_input_is_named__property(setting):
    with pytest.raises(ValueError, match="spread must lie between 0 and 1"):
        race(NEURON, *setting, key=jax.random.key(0), **OPTIONS | {"spread": 1.0})
