"""Work that is shared out over devices gives what it gives on one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest
from spinebook.devices import over_devices

from tests import tolerances

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def three_devices():
    """What three devices return; a process has as many devices as when it began."""
    run = subprocess.run(
        [sys.executable, HERE / "three_devices.py"],
        capture_output=True,
        text=True,
        env=os.environ | {"JAX_PLATFORMS": "cpu"},
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.parametrize("cells", ["even", "uneven", "fewer"])
def test_cells_on_three_devices_as_on_one__brute_force(three_devices, cells):
    """Losses and their slopes, those along a number that all devices share as well."""
    assert three_devices["devices"] == 3
    assert three_devices[cells] < tolerances.DEVICES_FLOAT64


@pytest.mark.parametrize("axis", ["first", "last"])
def test_any_axis_of_any_tree__brute_force(three_devices, axis):
    assert three_devices[axis] == [True, 3]


def test_one_device_is_no_other_case__property():
    shared = over_devices(lambda x, y: x + y, axis=0, devices=jax.devices()[:1])
    assert shared(jnp.arange(3.0), jnp.ones(3)).tolist() == [1.0, 2.0, 3.0]


def test_what_cannot_be_cut_is_refused__property():
    with pytest.raises(ValueError, match=r"argument.1. of shape .. has no axis -1"):
        over_devices(lambda x, y: x + y)(jnp.arange(3.0), 1.0)
    with pytest.raises(ValueError, match=r"must be the same, got .*3.*4"):
        over_devices(lambda x, y: x)(jnp.arange(3.0), jnp.arange(4.0))
    with pytest.raises(ValueError, match="returned 2 for 3 elements"):
        over_devices(lambda x: x[:2])(jnp.arange(3.0))
    with pytest.raises(ValueError, match=r"result of shape .. has no axis"):
        over_devices(jnp.sum)(jnp.arange(3.0))
    with pytest.raises(ValueError, match="got no array"):
        over_devices(lambda: jnp.ones(3))()
    with pytest.raises(ValueError, match="devices is empty"):
        over_devices(jnp.square, devices=[])
    with pytest.raises(TypeError):
        over_devices(jnp.square, axis=0.5)
