"""The linear structural model of a stimulus, a neuron, a behaviour and their common input."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from spinebook.checks import check_broadcast, check_count, check_number, is_traced
from spinebook.mediation.structural import StructuralModel, Value, model_pytree
from spinebook.mediation.trials import (
    ExpectedRegression,
    LinearNoise,
    Sample,
    StimulusLaw,
    check_law,
    draw_stimulus,
    stimulus_moments,
)
from spinebook.misuse import explains_misuse


@explains_misuse
@model_pytree
@dataclass(frozen=True)
class LinearSCM(StructuralModel):
    r"""A linear structural causal model with an unrecorded common input.

    .. math::
        M = m_0 + \alpha X + \lambda_M U + \varepsilon_M, \qquad
        Y = y_0 + c' X + \beta M + \kappa X M + \lambda_Y U + \varepsilon_Y

    with U standard Gaussian and independent Gaussian errors (MacKinnon 2008 without U; Imai, Keele
    and Yamamoto 2010 with it). Each parameter is a number, or an array with one entry for each
    model of a family; parameters broadcast. A model is a pytree: ``jax.vmap`` maps over families.

    Args:
        alpha: Effect of the stimulus on the mediator.
        beta: Effect of the mediator on the outcome where the stimulus is 0.
        direct: c', effect of the stimulus on the outcome where the mediator is clamped at 0.
        interaction: kappa, change of the mediator's effect with the stimulus.
        confounder_mediator: lambda_M, effect of the common input on the mediator.
        confounder_outcome: lambda_Y, effect of the common input on the outcome.
        mediator_intercept: m_0.
        outcome_intercept: y_0.
        stimulus_sd: Standard deviation of a Gaussian stimulus, positive.
        mediator_sd: Standard deviation of the mediator's private error, not negative.
        outcome_sd: Standard deviation of the outcome's private error, not negative.

    Raises:
        TypeError: If a parameter is not numeric.
        ValueError: If one is not finite, a standard deviation is out of range, or shapes differ.

    Examples:
        >>> LinearSCM().expected_regression().indirect
        0.4
        >>> LinearSCM(beta=0.0, confounder_mediator=0.5, confounder_outcome=0.5).omitted_bias
        0.2
    """

    alpha: Value = 0.5
    beta: Value = 0.8
    direct: Value = 0.3
    interaction: Value = 0.0
    confounder_mediator: Value = 0.0
    confounder_outcome: Value = 0.0
    mediator_intercept: Value = 0.0
    outcome_intercept: Value = 0.0
    stimulus_sd: Value = 1.0
    mediator_sd: Value = 1.0
    outcome_sd: Value = 1.0

    def __post_init__(self) -> None:
        """Refuse parameters without meaning."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        for name, value in values.items():
            check_number(name, value)
            if name.endswith("_sd") and not is_traced(value):
                low = np.min(value)
                if low < 0 or (name == "stimulus_sd" and low == 0):
                    bound = "positive" if name == "stimulus_sd" else "at least 0"
                    raise ValueError(f"{name} must be {bound}, got {low}.")
        check_broadcast(**values)

    @property
    def mediator_residual_variance(self) -> Value:
        """Variance of the mediator given the stimulus, common input included."""
        return self.confounder_mediator**2 + self.mediator_sd**2

    @property
    def outcome_residual_variance(self) -> Value:
        """Variance of the outcome given stimulus and mediator, were both set by intervention."""
        return self.confounder_outcome**2 + self.outcome_sd**2

    @property
    def omitted_bias(self) -> Value:
        r"""What leaving out U adds to b, :math:`\lambda_M\lambda_Y/(\lambda_M^2+\sigma_M^2)`."""
        return self.confounder_mediator * self.confounder_outcome / self.mediator_residual_variance

    @property
    def residual_correlation(self) -> Value:
        """Correlation of the two structural residuals that the common input causes."""
        scale = self.mediator_residual_variance * self.outcome_residual_variance
        return self.confounder_mediator * self.confounder_outcome / scale**0.5

    def reliability(self, recording_sd: Value) -> Value:
        """Return the share of the recorded mediator's variance given the stimulus that is real.

        Args:
            recording_sd: Standard deviation of the noise that recording adds.

        Returns:
            The reliability, from 0 to 1.

        Examples:
            >>> LinearSCM().reliability(2.0)
            0.2
        """
        check_number("recording_sd", recording_sd)
        variance = self.mediator_residual_variance
        return variance / (variance + recording_sd**2)

    def draw_noise(self, n: int, *, key: PRNGKeyArray) -> LinearNoise:
        """Draw the common input and the private errors of n trials."""
        common, mediator, outcome = jax.random.normal(key, (3, n))
        return LinearNoise(common, self.mediator_sd * mediator, self.outcome_sd * outcome)

    def mediator(self, stimulus: Value, noise: LinearNoise) -> Value:
        """Return M(x) of each trial."""
        driven = self.mediator_intercept + self.alpha * stimulus
        return driven + self.confounder_mediator * noise.confounder + noise.mediator

    def outcome(self, stimulus: Value, mediator: Value, noise: LinearNoise) -> Value:
        """Return Y(x, m) of each trial."""
        slope = self.beta + self.interaction * stimulus
        driven = self.outcome_intercept + self.direct * stimulus + slope * mediator
        return driven + self.confounder_outcome * noise.confounder + noise.outcome

    def draw(
        self,
        n: int,
        *,
        key: PRNGKeyArray,
        stimulus: StimulusLaw = "gaussian",
        set_mediator: Value | None = None,
        push: Value = 0.0,
        off_target: Value = 0.0,
    ) -> Sample:
        r"""Draw independent trials, with or without hands on the mediator.

        ``set_mediator`` clamps it, do(M = m). ``push`` adds :math:`\tau P` to it and
        ``off_target`` adds :math:`\eta P` to the outcome, for a randomized standard Gaussian
        perturbation P: an instrument for the effect of M where :math:`\eta = 0`.

        Args:
            n: Number of trials, at least 1.
            key: Random key; one key gives the same noise whatever the intervention.
            stimulus: "gaussian" or "bernoulli".
            set_mediator: Level of a clamp, or None for a mediator that follows its own law.
            push: tau, effect of the perturbation on the mediator (none on a clamped one).
            off_target: eta, effect of the perturbation on the outcome past the mediator.

        Returns:
            The trials, arrays of length n.

        Raises:
            ValueError: If the law of the stimulus is unknown or the parameters are arrays.

        Examples:
            >>> sample = LinearSCM().draw(4, key=jax.random.key(0), set_mediator=2.0)
            >>> sample.mediator.tolist()
            [2.0, 2.0, 2.0, 2.0]
        """
        check_count("n", n, minimum=1)
        check_law(stimulus)
        shapes = check_broadcast(
            **{item.name: jnp.asarray(getattr(self, item.name)) for item in fields(self)}
        )
        if shapes:
            raise ValueError(
                f"draw needs one model, got a family of shape {shapes}; map over it with jax.vmap."
            )
        return _draw(self, n, stimulus, key, set_mediator, push, off_target)

    def covariance(self, *, stimulus: StimulusLaw = "gaussian") -> Float[np.ndarray, "... 3 3"]:
        """Return the covariance matrix of (X, M, Y) that the model implies, exactly.

        Args:
            stimulus: "gaussian" or "bernoulli".

        Returns:
            The matrix in float64, one for each model of a family.

        Raises:
            ValueError: If the law of the stimulus is unknown.

        Examples:
            >>> LinearSCM().covariance().round(2)
            array([[1.  , 0.5 , 0.7 ],
                   [0.5 , 1.25, 1.15],
                   [0.7 , 1.15, 2.13]])
        """
        mean, variance, square = stimulus_moments(stimulus, self.stimulus_sd)
        # Y = const + linear X + quadratic X^2 + (beta + kappa X) R + lambda_Y U + error, where
        # R is the mediator's residual.
        linear = self.direct + self.alpha * self.beta + self.interaction * self.mediator_intercept
        quadratic = self.interaction * self.alpha
        residual = self.mediator_residual_variance
        shared = self.confounder_mediator * self.confounder_outcome
        slope = self.beta + self.interaction * mean
        xy = (linear + 2 * quadratic * mean) * variance
        driven = linear * xy + quadratic * (2 * linear * mean * variance + quadratic * square)
        slope_square = slope**2 + self.interaction**2 * variance
        yy = driven + slope_square * residual + self.outcome_residual_variance + 2 * slope * shared
        my = self.alpha * xy + slope * residual + shared
        xm, mm = self.alpha * variance, self.alpha**2 * variance + residual
        entries = np.broadcast_arrays(variance, xm, xy, xm, mm, my, xy, my, yy)
        matrix = np.stack([np.asarray(entry, np.float64) for entry in entries], axis=-1)
        return matrix.reshape(*matrix.shape[:-1], 3, 3)

    def expected_regression(
        self,
        *,
        stimulus: StimulusLaw = "gaussian",
        recording_sd: Value = 0.0,
        push: Value = 0.0,
        off_target: Value = 0.0,
    ) -> ExpectedRegression:
        r"""Return what regressions that know neither U nor the interaction converge to.

        .. math::
            a = \alpha, \qquad b = \frac{(\beta + \kappa E[X])\,V + \lambda_M\lambda_Y + \tau\eta}
            {V + \sigma_\nu^2}, \qquad V = \lambda_M^2 + \sigma_M^2 + \tau^2, \qquad c' = c - ab

        so an omitted common input moves what belongs to the direct path into the indirect one
        (Imai, Keele & Yamamoto 2010), and noise in the recording, :math:`\sigma_\nu`, does the
        reverse. Y ~ X gives :math:`c`, which a randomized stimulus keeps right.

        Args:
            stimulus: "gaussian" or "bernoulli".
            recording_sd: Standard deviation of the noise that recording adds to the mediator.
            push: tau, effect on the mediator of a perturbation left out of the regressions.
            off_target: eta, its effect on the outcome past the mediator.

        Returns:
            The limits of the coefficients and the product a b.

        Raises:
            ValueError: If the law is unknown, or the mediator is a function of the stimulus.

        Examples:
            >>> confounded = LinearSCM(beta=0.0, confounder_mediator=1.0, confounder_outcome=1.0)
            >>> confounded.expected_regression().indirect  # no mediation at all
            0.25
        """
        mean, _, _ = stimulus_moments(stimulus, self.stimulus_sd)
        variance = self.mediator_residual_variance + push**2
        recorded = variance + recording_sd**2
        if not is_traced(recorded) and np.min(recorded) == 0:
            raise ValueError(
                "the mediator is a function of the stimulus, so no regression tells their effects "
                "apart; give it a positive mediator_sd."
            )
        shared = self.confounder_mediator * self.confounder_outcome + push * off_target
        b = ((self.beta + self.interaction * mean) * variance + shared) / recorded
        total = (
            self.direct
            + self.alpha * self.beta
            + self.interaction * (self.mediator_intercept + 2 * self.alpha * mean)
        )
        indirect = self.alpha * b
        return ExpectedRegression(self.alpha, b, total - indirect, total, indirect)


@partial(jax.jit, static_argnums=(1, 2))
def _draw(
    model: LinearSCM,
    n: int,
    law: StimulusLaw,
    key: PRNGKeyArray,
    level: Value | None,
    push: Value,
    off_target: Value,
) -> Sample:
    for_stimulus, for_noise, for_perturbation = jax.random.split(key, 3)
    stimulus = draw_stimulus(n, law, model.stimulus_sd, key=for_stimulus)
    noise = model.draw_noise(n, key=for_noise)
    perturbation = jax.random.normal(for_perturbation, (n,))
    mediator = model.mediator(stimulus, noise) + push * perturbation
    if level is not None:
        mediator = jnp.full_like(mediator, level)
    outcome = model.outcome(stimulus, mediator, noise) + off_target * perturbation
    return Sample(stimulus, mediator, outcome, noise.confounder, perturbation)
