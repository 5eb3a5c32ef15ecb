"""What every test shares: run-time shape checks, float64 and a quiet, reproducible environment."""

import os
import signal
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("MPLBACKEND", "Agg")
# Most of a test's time goes into compiling, so what a test process or a chapter it starts has
# compiled is kept for all others and for the next time.
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(__file__).parents[1] / ".cache/jax"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
# Threads as for the book's own runs: see spinebook.book.worker.
os.environ.setdefault("NPROC", "16")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

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
    "mediation",
    "neurons",
    "polarity",
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
