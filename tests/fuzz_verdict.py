"""How a call with a hostile argument may end, and how it may not."""

import contextlib
import io
import re
import signal
import traceback
import warnings

import jax
import numpy as np

SECONDS = 60
_ALLOWED = (ValueError, TypeError, FloatingPointError)
# A message that the library wrote need not name the argument if it says what to do.
_ADVICE = re.compile(
    r"\b(pass|choose|give|take|use|must|expected|needs?|known ones|set|remove|convert|reshape|pad"
    r"|round|leave|cut|attach|ask|add)\b"
)
_TELLS_OF_NOT_FINITE = re.compile(r"\bnan\b|\binf|not finite|diverge", re.IGNORECASE)
# What is not finite may pass through a helper as it passes through NumPy; the pages of the library
# say so.
_NOT_FINITE = ("nan", "infinite", "one nan", "one infinite", "leaf nan")


class _TooSlow(BaseException):
    pass


def _stop(*_):
    raise _TooSlow


def watch():
    """Have calls that hang end."""
    signal.signal(signal.SIGALRM, _stop)


def verdict(call, name, kind, value):
    """Call a helper with a hostile argument; say what is wrong with how it ended, or nothing."""
    doc = call.helper.__doc__ or ""
    signal.alarm(SECONDS)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("error")
            result = jax.block_until_ready(call(**{name: value}))
    except _TooSlow:
        return f"no end within {SECONDS} s"
    except Exception as error:
        return _of_error(error, name, doc)
    finally:
        signal.alarm(0)
    if kind in _NOT_FINITE or _TELLS_OF_NOT_FINITE.search(doc) or _finite(result):
        return ""
    return "a result that is not finite, of which the documentation does not tell"


def _finite(result):
    for leaf in jax.tree.leaves(result):
        try:
            array = np.asarray(leaf)
        except TypeError:  # a random key, for instance
            continue
        if array.dtype.kind in "fc" and not np.isfinite(array).all():
            return False
    return True


def _of_error(error, name, doc):
    told = f"{type(error).__name__}: {str(error)[:300]}"
    frames = traceback.extract_tb(error.__traceback__)
    if any(frame.filename.startswith("<example") for frame in frames):
        return ""  # a function of the caller's own failed, not the library
    kinds = "|".join(kind.__name__ for kind in type(error).__mro__)
    if isinstance(error, OSError) and re.search(rf"\b({kinds}):", doc):
        return ""  # the system names the file
    if isinstance(error, Warning) or not isinstance(error, _ALLOWED):
        return f"no error that a caller expects: {told}"
    if re.match("jax|jaxlib|equinox", type(error).__module__):
        return f"an error of another package: {told}"
    named = re.search(rf"\b{re.escape(name)}\b", str(error))
    return "" if named or _advises(error, frames[-1]) else f"{name} is not named: {told}"


def _advises(error, frame):
    """Whether the library itself raised the error and said what to do."""
    own = "/spinebook/" in frame.filename and (frame.line or "").lstrip().startswith("raise ")
    by_annotation = frame.filename.endswith("/misuse.py")  # which has to find the right argument
    return own and not by_annotation and _ADVICE.search(str(error)) is not None
