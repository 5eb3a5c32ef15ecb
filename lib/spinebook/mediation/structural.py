"""What any model stimulus, mediator, outcome can do: the effects, and how to simulate them."""

from __future__ import annotations

from dataclasses import fields
from functools import partial
from typing import Any, NamedTuple, TypeAlias, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Num, PRNGKeyArray

from spinebook.checks import check_count, check_number
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray

Value: TypeAlias = float | int | np.floating | Num[AnyArray, "..."]
"""A number or an array of numbers, one for each model of a family."""

Exact: TypeAlias = Float[np.ndarray, "..."] | np.floating
"""A float64 number or array that NumPy computed."""

Class = TypeVar("Class", bound=type)


class Effects(NamedTuple):
    r"""Effects of moving the stimulus from x* (control) to x (treated) on the outcome.

    With M(x) the mediator and Y(x, m) the outcome that a unit would show (Robins & Greenland 1992;
    Pearl 2001), each a mean over units:

    - ``total``: Y(x, M(x)) - Y(x*, M(x*));
    - ``controlled_direct``: Y(x, m) - Y(x*, m), the mediator clamped at m;
    - ``pure_direct``: Y(x, M(x*)) - Y(x*, M(x*)), often called the natural direct effect;
    - ``total_direct``: Y(x, M(x)) - Y(x*, M(x));
    - ``pure_indirect``: Y(x*, M(x)) - Y(x*, M(x*));
    - ``total_indirect``: Y(x, M(x)) - Y(x, M(x*));
    - ``reference_interaction``: pure direct less controlled direct (VanderWeele 2014);
    - ``mediated_interaction``: total indirect less pure indirect.
    """

    total: Value
    controlled_direct: Value
    pure_direct: Value
    total_direct: Value
    pure_indirect: Value
    total_indirect: Value
    reference_interaction: Value
    mediated_interaction: Value

    @property
    def proportion_mediated(self) -> Value:
        """Total indirect over total effect; may leave 0 to 1 and means little near total = 0."""
        return self.total_indirect / self.total

    @property
    def proportion_eliminated(self) -> Value:
        """Share of the total effect that clamping the mediator removes (total minus controlled)."""
        return (self.total - self.controlled_direct) / self.total


class SimulatedEffects(NamedTuple):
    """Means over simulated units and their standard errors, effect by effect."""

    effects: Effects
    standard_error: Effects


class StructuralModel:
    """A stimulus that drives a mediator and an outcome, unit by unit.

    A subclass says how a unit's noise is drawn and what its mediator and its outcome are for any
    stimulus and any mediator. Noise belongs to the unit and stays the same in every world.
    """

    def draw_noise(self, n: int, *, key: PRNGKeyArray) -> Any:
        """Draw what makes n units differ: a pytree of arrays with leading length n."""
        raise NotImplementedError

    def mediator(self, stimulus: Any, noise: Any) -> Any:
        """Return M(x), the mediator of each unit under a stimulus."""
        raise NotImplementedError

    def outcome(self, stimulus: Any, mediator: Any, noise: Any) -> Any:
        """Return Y(x, m), the outcome of each unit under a stimulus and a mediator."""
        raise NotImplementedError

    def simulate_effects(
        self,
        n: int,
        *,
        key: PRNGKeyArray,
        control: Value = 0.0,
        treated: Value = 1.0,
        level: Value = 0.0,
    ) -> SimulatedEffects:
        r"""Simulate every effect by intervening on the same n units, term by term.

        Each effect is the mean of its own definition in :class:`Effects`, so their identities
        (total = pure direct + total indirect = total direct + pure indirect) are not put in. An
        effect that is the same for all units has a standard error of zero up to rounding.

        Args:
            n: Number of units, at least 2.
            key: Random key.
            control: x*, the stimulus one comes from.
            treated: x, the stimulus one goes to.
            level: m, where the mediator is clamped for the controlled direct effect.

        Returns:
            Means and standard errors.

        Raises:
            ValueError: If there are fewer than two units or a number is not finite.
        """
        check_count("n", n, minimum=2)
        for name, value in (("control", control), ("treated", treated), ("level", level)):
            check_number(name, value)
        return _simulated(self, n, key, control, treated, level)


@explains_misuse
def unit_effects(
    model: StructuralModel, noise: Any, *, control: Value, treated: Value, level: Value
) -> Effects:
    """Return the effects of every single unit, which no experiment can see.

    Args:
        model: The model.
        noise: Noise of the units, as ``model.draw_noise`` returns it.
        control: x*, the stimulus one comes from.
        treated: x, the stimulus one goes to.
        level: m, where the mediator is clamped for the controlled direct effect.

    Returns:
        The effects, arrays with one entry a unit.

    Raises:
        TypeError: If ``noise`` is not of the kind that the model draws.
        ValueError: If a stimulus or the level is not finite.

    Examples:
        >>> from spinebook.mediation.scm import LinearSCM
        >>> model = LinearSCM()
        >>> noise = model.draw_noise(3, key=jax.random.key(0))
        >>> units = unit_effects(model, noise, control=0.0, treated=1.0, level=0.0)
        >>> units.pure_indirect.shape
        (3,)
    """

    for name, value in (("control", control), ("treated", treated), ("level", level)):
        check_number(name, value)
    own: Any = jax.eval_shape(lambda key: model.draw_noise(1, key=key), jax.random.key(0))
    kinds: Any = jax.tree.structure(noise), jax.tree.structure(own)
    if kinds[0] != kinds[1]:
        raise TypeError(
            f"noise must be a {type(own).__name__} as model.draw_noise returns it, got "
            f"{type(noise).__name__}; draw it from this model"
        )

    def y(stimulus: Value, mediator: Any) -> Any:
        return model.outcome(stimulus, mediator, noise)

    before, after = model.mediator(control, noise), model.mediator(treated, noise)
    clamped = jnp.broadcast_to(jnp.asarray(level, jnp.result_type(before)), jnp.shape(before))
    controlled_direct = y(treated, clamped) - y(control, clamped)
    pure_direct = y(treated, before) - y(control, before)
    pure_indirect = y(control, after) - y(control, before)
    total_indirect = y(treated, after) - y(treated, before)
    return Effects(
        total=y(treated, after) - y(control, before),
        controlled_direct=controlled_direct,
        pure_direct=pure_direct,
        total_direct=y(treated, after) - y(control, after),
        pure_indirect=pure_indirect,
        total_indirect=total_indirect,
        reference_interaction=pure_direct - controlled_direct,
        mediated_interaction=total_indirect - pure_indirect,
    )


def model_pytree(cls: Class) -> Class:
    """Register a dataclass of parameters as a pytree, so that ``jit`` and ``vmap`` take models.

    JAX rebuilds pytrees around placeholders, so the checks of ``__post_init__`` are left out there.
    """
    names = [item.name for item in fields(cls)]

    def flatten(model: Any) -> tuple[list[Any], None]:
        return [getattr(model, name) for name in names], None

    def unflatten(_: None, leaves: Any) -> Any:
        model: Any = object.__new__(cls)
        for name, leaf in zip(names, leaves, strict=True):
            object.__setattr__(model, name, leaf)
        return model

    jax.tree_util.register_pytree_node(cls, flatten, unflatten)
    return cls


@partial(jax.jit, static_argnums=1)
def _simulated(
    model: StructuralModel,
    n: int,
    key: PRNGKeyArray,
    control: Value,
    treated: Value,
    level: Value,
) -> SimulatedEffects:
    noise = model.draw_noise(n, key=key)
    units = unit_effects(model, noise, control=control, treated=treated, level=level)
    # An effect that does not vary over units may come out as a scalar.
    columns = [jnp.broadcast_to(jnp.asarray(values, float), (n,)) for values in units]
    mean = Effects(*(jnp.mean(values) for values in columns))
    error = Effects(*(_standard_error(values) for values in columns))
    return SimulatedEffects(mean, error)


def _standard_error(values: Num[Array, " n"]) -> Num[Array, ""]:
    return jnp.std(values, ddof=1) / jnp.sqrt(values.size)
