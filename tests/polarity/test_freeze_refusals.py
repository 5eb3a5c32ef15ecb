"""What frozen signs refuse, and what they say then."""

import jax.numpy as jnp
import optax
import pytest
from spinebook.polarity.freeze import freeze_polarity, frozen_step


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"reset": "random"}, "need a seed"),
        ({"reset": "zero", "epsilon": 0.0}, "positive"),
        ({"reset": "zero", "epsilon": float("nan")}, "finite"),
    ],
)
def test_bad_arguments_are_refused__property(arguments, message):
    with pytest.raises(ValueError, match=message):
        freeze_polarity(optax.sgd(0.1), jnp.ones(2), **arguments)


def test_an_unknown_rule_is_refused__property():
    # The tests' own check of annotations may come first.
    with pytest.raises((ValueError, TypeError), match=r"one of random|Literal\['random"):
        freeze_polarity(optax.sgd(0.1), jnp.ones(2), "flip", seed=0)


@pytest.mark.parametrize(
    ("polarity", "message"),
    [
        (jnp.ones(3), "shape"),
        (jnp.array([0.5, 1.0]), "-1, 0"),
        ({"w": jnp.ones(2)}, "structure|shape"),
    ],
)
def test_a_polarity_that_does_not_fit_is_refused__property(polarity, message):
    optimiser = freeze_polarity(optax.sgd(0.1), polarity, "zero")
    with pytest.raises(ValueError, match=message):
        optimiser.init(jnp.ones(2))


def test_missing_weights_and_keys_are_refused__property():
    optimiser = freeze_polarity(optax.sgd(0.1), jnp.ones(2), "zero")
    with pytest.raises(ValueError, match="current weights"):
        optimiser.update(jnp.ones(2), optimiser.init(jnp.ones(2)))
    with pytest.raises(ValueError, match="need a key"):
        frozen_step(jnp.ones(2), jnp.ones(2), jnp.ones(2))


def test_masks_that_do_not_fit_are_refused__property():
    for mask, error in (({"a": True, "b": True}, ValueError), (jnp.ones(2), TypeError)):
        optimiser = freeze_polarity(optax.sgd(0.1), jnp.ones(2), "zero", mask=mask)
        with pytest.raises(error, match="mask"):
            optimiser.init(jnp.ones(2))
