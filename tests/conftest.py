"""What every test shares: run-time shape checks, float64 and a quiet, reproducible environment."""

import os
import signal

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("MPLBACKEND", "Agg")
# A larger thread pool than two cores give: see spinebook.book.worker.
os.environ.setdefault("NPROC", "16")

# Started in the background by a shell, this process ignores Ctrl-C, and its children would too.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import jax
import pytest
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook

CHECKED = (
    "dendrites",
    "geometry",
    "landscape",
    "regimes",
    "data",
    "patches",
    "pixels",
    "stats",
    "training",
)
# Shapes and dtypes written as jaxtyping annotations are checked on every call made by a test.
install_import_hook(
    [f"spinebook.{part}" for part in CHECKED],
    "beartype.beartype",
)

settings.register_profile(
    "spinebook",
    deadline=None,
    derandomize=True,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("spinebook")


@pytest.fixture
def float64():
    """Run a test with 64-bit JAX arrays, as a reader who set ``jax_enable_x64`` would."""
    with jax.enable_x64(True):
        yield
