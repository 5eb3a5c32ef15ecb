"""A valid call of each public helper, taken from the example in its docstring."""

import contextlib
import doctest
import functools
import importlib
import inspect
import io
from typing import NamedTuple

import jax

PACKAGES = (
    "geometry",
    "regimes",
    "landscape",
    "polarity",
    "dendrites",
    "neurons",
    "mediation",
    "stats",
    "training",
    "data",
    "devices",
    "pixels",
    "patches",
)
# Helpers without an example of their own: what they are called with.
BY_HAND = {
    "data.read_image_file": {"path": "nowhere.npz"},
    "polarity.ImageRecipe": {"steps": 120, "checks": 8, "batch": 25, "rate": 5e-3, "epsilon": 1e-3},
    "polarity.ImageScenario": {"start": "signs", "frozen": True},
    "polarity.Scenario": {"signs": "random", "frozen": True, "reset": "random", "start": "random"},
    "polarity.XorRecipe": {"epochs": 9, "rate": 0.03, "batch": 8, "validation": 9, "epsilon": 1e-3},
    "regimes.DecisionTask": {"noise": 0.1},
}


class Call(NamedTuple):
    """A helper with arguments by name, as its example gives them, and JAX's precision there."""

    helper: object
    arguments: dict
    float64: bool

    def __call__(self, **changes):
        bound = signature(self.helper).bind_partial()
        bound.arguments.update(self.arguments | changes)
        with jax.enable_x64(self.float64):
            return self.helper(*bound.args, **bound.kwargs)


def signature(helper):
    """Signature of a helper; a metaclass may hide that of a class."""
    if not inspect.isclass(helper):
        return inspect.signature(helper)
    whole = inspect.signature(helper.__init__)
    return whole.replace(parameters=list(whole.parameters.values())[1:])


def helpers(package):
    """Public names of a package that compute something, with what they name."""
    module = importlib.import_module(f"spinebook.{package}")
    names = getattr(module, "__all__", None) or [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
    ]
    return {name: getattr(module, name) for name in names if _computes(getattr(module, name))}


def _computes(value):
    """Whether a value is a helper: neither a constant nor a record that is only filled in.

    A record, protocol or abstract class runs no code of the library when it is made, so there is
    no check to try.
    """
    if not callable(value):
        return False
    if not inspect.isclass(value):
        return bool(inspect.signature(value).parameters)
    if inspect.isabstract(value) or getattr(value, "_is_protocol", False):
        return False
    own = [vars(base) for base in value.__mro__ if base.__module__.startswith("spinebook")]
    if any("__post_init__" in names for names in own):
        return True
    made_by_dataclass = hasattr(value, "__dataclass_fields__")
    return any("__init__" in names for names in own) and not made_by_dataclass


def valid_call(package, name):
    """Run a helper's example and return the first call of it, or None if there is none."""
    helper = helpers(package)[name]
    if arguments := BY_HAND.get(f"{package}.{name}"):
        return Call(helper, arguments, False)
    module = importlib.import_module(helper.__module__)
    public = importlib.import_module(f"spinebook.{package}")
    seen = []

    @functools.wraps(helper)
    def recorder(*args, **kwargs):
        result = helper(*args, **kwargs)
        if not seen:
            bound = signature(helper).bind(*args, **kwargs)
            bound.apply_defaults()
            seen.append(Call(helper, _named(bound), bool(jax.config.jax_enable_x64)))
        return result

    text = inspect.getdoc(helper) or ""
    names = vars(module) | {name: recorder}
    example = doctest.DocTestParser().get_doctest(text, names, name, None, 0)
    with _replaced((module, public), name, recorder), contextlib.redirect_stdout(io.StringIO()):
        for part in example.examples:
            code = compile(part.source, f"<example of {name}>", "single")
            try:
                exec(code, example.globs)
            except Exception:
                if part.exc_msg is None:
                    raise
            if seen:
                break
    return seen[0] if seen else None


def _named(bound):
    """Arguments by name, defaults among them, without the empty rest of a variable number."""
    return {
        name: value
        for name, value in bound.arguments.items()
        if not (isinstance(value, (tuple, dict)) and not value)
    }


@contextlib.contextmanager
def _replaced(modules, name, recorder):
    """Have examples that import the helper get the recorder as well."""
    kept = [(module, getattr(module, name)) for module in modules if hasattr(module, name)]
    for module, _ in kept:
        setattr(module, name, recorder)
    try:
        yield
    finally:
        for module, value in kept:
            setattr(module, name, value)
