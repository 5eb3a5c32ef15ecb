"""Taking, giving and transferring signs, against what they must be entry by entry."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from spinebook.polarity.signs import (
    apply_polarity,
    dale_polarity,
    polarity_of,
    transfer_polarity,
)

WEIGHTS = {"kernel": jnp.array([[0.5, -2.0], [0.0, 3.0]]), "bias": jnp.array([0.0, 1.0])}


def test_signs_of_weights__closed_form():
    polarity = polarity_of(WEIGHTS)
    assert polarity["kernel"].tolist() == [[1, -1], [0, 1]]
    assert polarity["kernel"].dtype == jnp.int8
    assert polarity_of(WEIGHTS, {"kernel": True, "bias": False})["bias"] is None
    assert polarity_of(WEIGHTS, False) == {"kernel": None, "bias": None}


def test_reflected_weights_keep_their_sizes__closed_form():
    polarity = {"kernel": jnp.array([[-1, -1], [0, 1]]), "bias": None}
    given = apply_polarity(WEIGHTS, polarity)
    assert given["kernel"].tolist() == [[-0.5, -2.0], [0.0, 3.0]]
    assert given["bias"] is WEIGHTS["bias"]


@pytest.mark.slow
def test_redrawn_weights_have_the_signs_and_the_sizes_of_the_leaf__property():
    w = jax.random.normal(jax.random.key(0), (40, 50)).at[0, 0].set(0.0)
    polarity = jax.random.rademacher(jax.random.key(1), w.shape, jnp.int8).at[1].set(0)
    given = apply_polarity(w, polarity, "redraw", key=jax.random.key(2))
    fixed = np.asarray(polarity) != 0
    np.testing.assert_array_equal(np.sign(given)[fixed], np.asarray(polarity)[fixed])
    np.testing.assert_array_equal(given[1], w[1])
    assert set(np.abs(given)[fixed]) <= set(np.abs(w[w != 0]).tolist())
    # Sizes drawn in their place or not: uncorrelated within four standard errors.
    correlation = np.corrcoef(np.abs(w)[fixed], np.abs(given)[fixed])[0, 1]
    assert abs(correlation) < 4 / np.sqrt(fixed.sum())


def test_transferred_signs__closed_form():
    source = {"kernel": WEIGHTS["kernel"], "bias": None, "new": None}
    target = {"kernel": jnp.full((2, 2), -1.0), "bias": jnp.zeros(2), "new": jnp.array([-1.0, 2.0])}
    mask = {"kernel": True, "bias": False, "new": True}
    polarity = transfer_polarity(source, target, mask)
    assert polarity["kernel"].tolist() == [[1, -1], [0, 1]]
    assert polarity["bias"] is None
    assert polarity["new"].tolist() == [-1, 1]
    drawn = transfer_polarity(source, target, mask, zero="random", key=jax.random.key(0))
    assert drawn["kernel"].tolist()[0] == [1, -1]
    assert abs(int(drawn["kernel"][1, 0])) == 1


def test_random_signs_of_zeros_are_fair__property():
    source, target = jnp.zeros(10_000), jnp.ones(10_000)
    signs = transfer_polarity(source, target, zero="random", key=jax.random.key(0))
    assert abs(float(signs.astype(float).mean())) < 4 / 100


def test_signs_survive_the_transfer_and_the_giving__property():
    source = jax.random.normal(jax.random.key(0), (6, 6))
    target = jax.random.normal(jax.random.key(1), (6, 6))
    given = apply_polarity(target, transfer_polarity(source, target))
    assert bool(jnp.all(polarity_of(given) == polarity_of(source)))
    assert bool(jnp.all(jnp.abs(given) == jnp.abs(target)))


@pytest.mark.parametrize("shape", [(10, 4), (3, 3, 10, 4)])
def test_every_neuron_has_one_sign__closed_form(shape):
    polarity = np.asarray(dale_polarity(shape, 0.7, key=jax.random.key(0)))
    assert polarity.shape == shape
    rows = np.moveaxis(polarity, -2, 0).reshape(10, -1)
    assert np.all(rows == rows[:, :1])
    assert (rows[:, 0] == 1).sum() == 7


def test_which_neurons_excite_is_drawn__property():
    one, other = (dale_polarity((50, 2), 0.5, key=jax.random.key(k)) for k in range(2))
    assert bool(jnp.any(one != other))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: apply_polarity(jnp.ones(2), jnp.ones(3)), "shape"),
        (lambda: apply_polarity(jnp.ones(2), jnp.array([2, 1])), "-1, 0"),
        (lambda: apply_polarity({"a": jnp.ones(2)}, {"b": jnp.ones(2)}), "structure"),
        (lambda: apply_polarity(jnp.zeros(2), jnp.ones(2)), "exactly zero"),
        (lambda: apply_polarity(jnp.zeros(2), jnp.ones(2), "redraw", key=KEY), "exactly zero"),
        (lambda: apply_polarity(jnp.ones(2), jnp.ones(2), "redraw"), "key"),
        (lambda: transfer_polarity(jnp.ones(2), jnp.ones(3)), "no counterpart"),
        (lambda: transfer_polarity({"a": jnp.ones(2)}, jnp.ones(2)), "counterpart|structure"),
        (lambda: transfer_polarity(jnp.ones(2), jnp.ones(2), zero="random"), "key"),
        (lambda: dale_polarity((3,), key=KEY), "kernel"),
        (lambda: dale_polarity((3, 0), key=KEY), "at least 1"),
        (lambda: dale_polarity((3, 2), 1.5, key=KEY), "between 0 and 1"),
    ],
)
def test_bad_arguments_are_refused__property(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_unknown_ways_are_refused__property():
    # The tests' own check of annotations may come first.
    with pytest.raises((ValueError, TypeError), match=r"or 'redraw'|Literal"):
        apply_polarity(jnp.ones(2), jnp.ones(2), "resample")
    with pytest.raises((ValueError, TypeError), match=r"or 'random'|Literal"):
        transfer_polarity(jnp.ones(2), jnp.ones(2), zero="drop")


KEY = jax.random.key(0)
