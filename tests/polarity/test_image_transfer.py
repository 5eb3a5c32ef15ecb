"""Transfer between classes: the study against its parts, and what it refuses."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from spinebook.data import load_images
from spinebook.pixels import standardised_images
from spinebook.polarity.image_network import ImageNetwork
from spinebook.polarity.image_study import ImageRecipe, ImageScenario, image_study
from spinebook.polarity.image_tasks import draw_image_task
from spinebook.polarity.image_transfer import transfer_study

KEY = jax.random.key(8)
NETWORK = ImageNetwork(8, 8, 1, maps=(4, 6), hidden=(8,), outputs=3)
RECIPE = ImageRecipe(steps=60, checks=3, batch=10)
SIGNS, FREE = ImageScenario("signs"), ImageScenario(frozen=False)
SOURCE, TARGET, RUNS = (0, 1, 2), (3, 5, 9), 3
SPLIT = {"validation": 30, "test": 150}


@pytest.fixture(scope="module")
def digits():
    images, labels = standardised_images(load_images("digits8"))
    return images[..., None], labels


def study(digits, scenarios, **more):
    settings = {"target": TARGET, "sizes": (10, 200), "runs": RUNS, "recipe": RECIPE} | more
    return transfer_study(NETWORK, *digits, scenarios, key=KEY, **SPLIT, **settings)


def test_study_against_its_parts__brute_force(digits):
    found = study(digits, [SIGNS, FREE], source=SOURCE, source_steps=300)
    images, labels = digits

    def part(classes, samples, scenario, recipe, **more):
        task_key, study_key = jax.random.split(jax.random.fold_in(KEY, samples or 0))
        task = draw_image_task(labels, classes, RUNS, key=task_key, **SPLIT)
        settings = {"samples": samples or task.available, "key": study_key, "recipe": recipe}
        return image_study(NETWORK, images, task, [scenario], **settings, **more)[0]

    sources = part(SOURCE, None, FREE, replace(RECIPE, steps=300))
    np.testing.assert_array_equal(found.source_error, sources.error)
    # Chance is 67 %, and four standard errors of 150 images are 15 points.
    assert (found.source_error < 52).all()
    for place, samples in enumerate((10, 200)):
        direct = part(TARGET, samples, SIGNS, RECIPE, sources=sources.network)
        np.testing.assert_array_equal(found.error[SIGNS][:, place], direct.error)
        assert len(np.unique(np.asarray(direct.start[0]["weight"]), axis=0)) == RUNS


def test_more_images_help__property(digits):
    found = study(digits, [FREE], recipe=replace(RECIPE, steps=300))
    assert found.source_error.shape == (0,)
    few, many = found.error[FREE].T
    assert many.mean() < few.mean() - 10


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"target": (3, 5)}, "target has 2 classes, the network 3 outputs"),
        ({"source": (0, 1)}, "source has 2 classes, the network 3 outputs"),
        ({"sizes": (10, 0)}, "sizes"),
        ({"scenarios": [SIGNS]}, "pass sources="),
    ],
)
def test_studies_that_do_not_fit_are_refused__property(digits, more, message):
    scenarios = more.pop("scenarios", [FREE])
    with pytest.raises(ValueError, match=message):
        study(digits, scenarios, **more)
