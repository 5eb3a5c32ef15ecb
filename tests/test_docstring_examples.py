"""Every example in the library's docstrings prints what it says; every helper has one."""

import doctest
import importlib
import inspect
import pkgutil
import re

import pytest
import spinebook

MODULES = sorted(module.name for module in pkgutil.walk_packages(spinebook.__path__, "spinebook."))
# Examples of these train networks or compile several programs: two to ten seconds each.
HEAVY = re.compile(
    "stud(y|ies)|image_|network|tasks$|gaussianity|tuning$|regression|inference|known_changes"
    "|size_fits|convnets|report|interventional|readouts|rejection|spiking|xor|low_rank|rate_losses"
    "|reference_level|structure|tangent_kernel|neurons.reference|chain_fits|chain_search"
)
RESULTS = ["dendrites", "geometry", "landscape", "mediation", "neurons", "polarity", "regimes"]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if HEAVY.search(name) else [])
        for name in MODULES
        if not name.endswith("__main__")
    ],
)
def test_examples_run__published(name):
    """The docstring publishes the value, the module computes it."""
    outcome = doctest.testmod(
        importlib.import_module(name),
        optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE,
    )
    assert outcome.failed == 0


@pytest.mark.parametrize("result", RESULTS)
def test_public_helpers_have_an_example__property(result):
    package = importlib.import_module(f"spinebook.{result}")
    without = [
        name
        for name in package.__all__
        if inspect.isroutine(getattr(package, name))
        and ">>>" not in (inspect.getdoc(getattr(package, name)) or "")
    ]
    assert not without
