"""Batched training against plain optax loops, interrupted runs against whole ones."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from spinebook import progress
from spinebook.training import Recipe, programs, random_rows, train

from tests import tolerances

RUNS, STEPS, BATCH = 4, 60, 3
KEY = jax.random.key(11)


def draw(key, shared, own):
    rows = random_rows(len(shared["x"]), BATCH, key=key)
    return shared["x"][rows], shared["y"][rows]


def loss(weights, batch):
    x, y = batch
    return jnp.mean((jnp.tanh(x @ weights["first"]) @ weights["second"] - y) ** 2)


def record(weights, shared, own):
    return {
        "norm": jnp.sum(weights["first"] ** 2),
        "rate": own["rate"],
        "sign": weights["second"] > 0,
    }


RECIPE = Recipe(draw, loss, lambda own: optax.sgd(own["rate"], momentum=0.9), record)


@pytest.fixture(scope="module")
def study():
    keys = iter(jax.random.split(jax.random.key(1), 4))
    return {
        "start": {
            "first": jax.random.normal(next(keys), (RUNS, 5, 7)),
            "second": jax.random.normal(next(keys), (RUNS, 7)),
        },
        "shared": {
            "x": jax.random.normal(next(keys), (20, 5)),
            "y": jax.random.normal(next(keys), (20,)),
        },
        "own": {"rate": jnp.array([0.001, 0.01, 0.02, 0.05])},
        "key": KEY,
        "steps": STEPS,
        "at": (0, 1, 25, STEPS),
    }


def run(study, **changes):
    options = {**study, **changes}
    return train(RECIPE, options.pop("start"), **options)


@pytest.fixture(scope="module")
def trained(study):
    return run(study)


def test_equals_a_plain_loop__independent_package(study, trained):
    for i in range(RUNS):
        weights = jax.tree.map(lambda leaf, i=i: leaf[i], study["start"])
        optimiser = optax.sgd(float(study["own"]["rate"][i]), momentum=0.9)
        state, losses, norms = optimiser.init(weights), [], []
        key = jax.random.fold_in(KEY, i)
        for step in range(STEPS):
            norms.append(float(jnp.sum(weights["first"] ** 2)))
            batch = draw(jax.random.fold_in(key, step), study["shared"], None)
            value, slope = jax.value_and_grad(loss)(weights, batch)
            losses.append(float(value))
            updates, state = optimiser.update(slope, state)
            weights = optax.apply_updates(weights, updates)
        np.testing.assert_allclose(
            trained.parameters["first"][i], weights["first"], atol=tolerances.TRAINING_FLOAT32
        )
        assert trained.recorded["norm"][i, 2] == pytest.approx(norms[25], rel=1e-5)
        assert trained.loss[i, 2] == pytest.approx(np.mean(losses[1:25]), rel=1e-5)
        assert trained.loss[i, 3] == pytest.approx(np.mean(losses[25:]), rel=1e-5)
        assert np.isnan(trained.loss[i, 0])


@pytest.mark.parametrize("together", [1, 2, 3, RUNS, 100])
def test_side_by_side_or_in_turn__property(study, trained, together):
    again = run(study, together=together)
    np.testing.assert_allclose(
        again.parameters["first"], trained.parameters["first"], atol=tolerances.TRAINING_FLOAT32
    )
    np.testing.assert_allclose(again.loss, trained.loss, rtol=1e-5)


def test_a_run_knows_nothing_of_others_or_of_records__property(study, trained):
    alone = run(
        study,
        start=jax.tree.map(lambda leaf: leaf[2:3], study["start"]),
        own={"rate": study["own"]["rate"][2:3]},
        draws=[2],
        at=None,
    )
    np.testing.assert_allclose(
        alone.parameters["first"][0],
        trained.parameters["first"][2],
        atol=tolerances.TRAINING_FLOAT32,
    )
    assert alone.steps.tolist() == [STEPS]


def test_equal_draws_see_equal_batches__property(study):
    start = jax.tree.map(lambda leaf: jnp.stack([leaf[0]] * RUNS), study["start"])
    own = {"rate": jnp.full(RUNS, 0.01)}
    paired = run(study, start=start, own=own, draws=[5, 5, 6, 7]).parameters["first"]
    np.testing.assert_array_equal(paired[0], paired[1])
    assert np.abs(paired[0] - paired[2]).max() > 1e-3


def test_divergence_is_kept_and_dated__brute_force():
    def one(rate, steps=200):
        w = np.float32(1.0)
        with np.errstate(all="ignore"):
            for step in range(steps):
                if not np.isfinite(np.float32(0.5) * (w * w)):
                    return step
                w -= np.float32(rate) * w
        return -1

    rates = np.array([0.5, 2.5, 4.0, 1.0], np.float32)
    recipe = Recipe(
        draw=lambda key, shared, own: None,
        loss=lambda w, batch: 0.5 * w**2,
        optimiser=optax.sgd,
        record=lambda w, shared, own: {"w": w, "right": jnp.argmax(jnp.stack([w, w - 1]))},
    )
    end = train(recipe, jnp.ones(4), key=KEY, steps=200, at=(0, 3, 200), own=jnp.asarray(rates))
    assert end.diverged_at.tolist() == [one(rate) for rate in rates]
    assert end.diverged.tolist() == [False, True, True, False]
    np.testing.assert_array_equal(np.isnan(end.recorded["w"][:, 2]), end.diverged)
    assert np.isfinite(end.recorded["w"][:, :2]).all()
    assert end.recorded["right"].shape == (4, 3)  # a diverged run keeps its row


def test_parameters_lost_in_the_last_step_are_divergence__closed_form():
    recipe = Recipe(lambda key, shared, own: None, lambda w, batch: w, optax.sgd(jnp.inf))
    end = train(recipe, jnp.ones(2), key=KEY, steps=1)
    assert end.diverged_at.tolist() == [1, 1]


def test_start_stays_usable__property(study):
    run(study)
    assert np.isfinite(np.asarray(study["start"]["first"])).all()


def test_one_program_for_all_lengths__property(study):
    run(study)
    before = programs._advance._cache_size()
    run(study, steps=90, at=(10, 90))
    assert programs._advance._cache_size() == before


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("interrupted_after", [1, 2, 3])
def test_resumed_run_equals_the_whole__property(
    study, trained, tmp_path, monkeypatch, interrupted_after
):
    monkeypatch.setattr("spinebook.training.checkpoints._SAVE_SECONDS", 0.0)
    monkeypatch.setattr("spinebook.training.pace._FIRST_DISPATCH", 20)
    advance, calls = programs._advance, []

    def failing(*arguments):
        if len(calls) == interrupted_after:
            raise Interrupted
        calls.append(arguments[-2:])
        return advance(*arguments)

    monkeypatch.setattr(programs, "_advance", failing)
    with pytest.raises(Interrupted):
        run(study, checkpoint=tmp_path / "run")
    first = list(calls)
    interrupted_after = -1
    resumed = run(study, checkpoint=tmp_path / "run")
    assert calls[len(first)][0] == first[-1][1]  # goes on where it stopped
    np.testing.assert_array_equal(resumed.parameters["first"], trained.parameters["first"])
    np.testing.assert_array_equal(resumed.recorded["norm"], trained.recorded["norm"])
    np.testing.assert_allclose(resumed.loss, trained.loss, rtol=1e-6)
    done = len(calls)
    finished = run(study, checkpoint=tmp_path / "run")
    assert len(calls) == done  # nothing left to do
    np.testing.assert_array_equal(finished.recorded["norm"], trained.recorded["norm"])


def test_random_state_survives_a_checkpoint__property(study, tmp_path):
    noisy = Recipe(
        draw, loss, optax.chain(optax.add_noise(0.01, 0.5, jax.random.key(3)), optax.sgd(0.01))
    )
    options = {k: v for k, v in study.items() if k not in {"start", "at"}}
    whole = train(noisy, study["start"], **options)
    train(noisy, study["start"], **options, checkpoint=tmp_path)
    again = train(noisy, study["start"], **options, checkpoint=tmp_path)
    np.testing.assert_array_equal(whole.parameters["first"], again.parameters["first"])


def test_checkpoint_of_another_training_is_refused__property(study, tmp_path):
    run(study, checkpoint=tmp_path)
    with pytest.raises(ValueError, match="another training"):
        run(study, checkpoint=tmp_path, key=jax.random.key(12))
    with pytest.raises(ValueError, match="another training"):
        run(study, checkpoint=tmp_path, steps=STEPS + 1)


def test_progress_is_told__property(monkeypatch, capsys, study):
    monkeypatch.setattr(progress, "_SILENT_SECONDS", 0.0)
    run(study, label="four nets")
    lines = capsys.readouterr().err.splitlines()
    assert lines
    assert all(line.startswith("progress: four nets: step ") for line in lines)
    monkeypatch.undo()
    run(study, label="four nets")
    assert capsys.readouterr().err == ""  # a short run is silent


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 0}, "steps"),
        ({"at": (3, 2)}, "rising"),
        ({"at": ()}, "rising"),
        ({"at": (0, STEPS + 1)}, "between 0 and 60"),
        ({"together": 0}, "together"),
        ({"draws": [1, 2]}, "one number for each of 4 runs"),
        ({"own": {"rate": jnp.ones(3)}}, "leading axis"),
        ({"start": {}}, "no parameters"),
        ({"start": {"first": jnp.ones(())}}, "leading axis"),
    ],
)
def test_bad_input_is_refused__property(study, change, message):
    with pytest.raises(ValueError, match=message):
        run(study, **change)


def test_rows_are_uniform__closed_form():
    rows = np.asarray(random_rows(7, 70_000, key=KEY))
    counts = np.bincount(rows, minlength=7)
    assert np.abs(counts - 10_000).max() < 6 * np.sqrt(10_000)
