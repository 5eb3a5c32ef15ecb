"""Three cognitive tasks of fixed length, drawn inside compiled code, with their Bayes floors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from spinebook.checks import check_count
from spinebook.misuse import explains_misuse
from spinebook.regimes.decision_task import DecisionTask, Trials, signed_coherences
from spinebook.regimes.ideal_observer import BayesFloor, comparison_floor, evidence_floor


@explains_misuse
@dataclass(frozen=True)
class TwoAlternativeForcedChoice(DecisionTask):
    r"""Tell which of two noisy channels is stronger on average.

    The stimulus lasts from the first step to the decision step:
    :math:`x_t = \tfrac12 \pm c/200 + \text{noise}` on channels 1 and 2, while channel 0 (fixation)
    is on. At the decision step all inputs are 0 and the label is 1 or 2, the stronger channel (a
    coin toss if c = 0). neurogym 0.0.2, PerceptualDecisionMaking, with the timing of the public
    code of Liu et al. 2024 (commit acf25c33).

    Args:
        stimulus: steps of stimulus, at least 1.
        coherences: values of c in per cent, equally likely.
        noise: standard deviation of each step and channel.

    Raises:
        ValueError: noise or durations that are not positive, negative or no coherences.

    Examples:
        >>> task = TwoAlternativeForcedChoice()
        >>> inputs, labels = task.draw(32, key=jax.random.key(0))
        >>> inputs.shape, labels.shape
        ((8, 32, 3), (8, 32))
        >>> round(task.bayes_loss, 6), round(task.bayes_accuracy, 5)
        (0.031707, 0.87522)
    """

    stimulus: int = 7
    coherences: tuple[float, ...] = (0.0, 6.4, 12.8, 25.6, 51.2)

    @property
    def steps(self) -> int:
        """Length of a trial: the stimulus and the decision."""
        return self.stimulus + 1

    @cached_property
    def floor(self) -> BayesFloor:
        """Floor of the summed difference of the channels, which holds all the evidence."""
        strengths = self.stimulus * np.asarray(self.coherences) / 100
        return evidence_floor(strengths, self.noise * float(np.sqrt(2 * self.stimulus)))

    def draw(self, batch: int, *, key: PRNGKeyArray) -> Trials:
        """Draw independent trials; ``batch`` is their number, at least 1."""
        check_count("batch", batch, 1)
        which, noise = jax.random.split(key)
        choice, coherence = signed_coherences(which, self.coherences, (batch,))
        mean = 0.5 + coherence[:, None] * jnp.array([1.0, -1.0], jnp.float32) / 200
        shape = (self.stimulus, batch, 2)
        shown = mean + self.noise * jax.random.normal(noise, shape, jnp.float32)
        stimulus = jnp.concatenate([shown, jnp.zeros((1, batch, 2), jnp.float32)])
        inputs = jnp.concatenate([self.fixation(batch), stimulus], axis=-1)
        return inputs, self.labels_after(1 + choice)


@explains_misuse
@dataclass(frozen=True)
class DelayedMatchToSample(DecisionTask):
    """Tell whether two noisy one-hot stimuli, parted by a delay, were the same.

    Steps: sample, delay, test, decision. Sample and test switch on channel 1 or 2, with noise on
    both; channel 0 (fixation) is on until the decision step, when all inputs are 0 and the label is
    1 for a match and 2 for none. neurogym 0.0.2, DelayMatchSample, with the timing of the public
    code of Liu et al. 2024 (commit acf25c33).

    Args:
        delay: steps between sample and test, at least 0.
        noise: standard deviation of each step and channel.

    Raises:
        ValueError: noise that is not positive or a negative delay.

    Examples:
        >>> task = DelayedMatchToSample()
        >>> inputs, labels = task.draw(32, key=jax.random.key(0))
        >>> inputs.shape, labels.shape
        ((8, 32, 3), (8, 32))
        >>> round(task.bayes_loss, 6), round(task.bayes_accuracy, 5)
        (0.0, 1.0)
    """

    delay: int = 5

    @property
    def steps(self) -> int:
        """Length of a trial: sample, delay, test and decision."""
        return self.delay + 3

    @cached_property
    def floor(self) -> BayesFloor:
        """Floor of comparing the two differences of channels, each +-1 with noise."""
        return comparison_floor([1.0], self.noise * float(np.sqrt(2)))

    def draw(self, batch: int, *, key: PRNGKeyArray) -> Trials:
        """Draw independent trials; ``batch`` is their number, at least 1."""
        check_count("batch", batch, 1)
        which, noise = jax.random.split(key)
        four = jax.random.randint(which, (batch,), 0, 4)
        sample, other = four % 2, four // 2
        angles = jnp.stack([sample, (sample + other) % 2])
        shown = jax.nn.one_hot(angles, 2, dtype=jnp.float32)
        shown = shown + self.noise * jax.random.normal(noise, (2, batch, 2), jnp.float32)
        pause, end = (jnp.zeros((n, batch, 2), jnp.float32) for n in (self.delay, 1))
        stimulus = jnp.concatenate([shown[:1], pause, shown[1:], end])
        inputs = jnp.concatenate([self.fixation(batch), stimulus], axis=-1)
        return inputs, self.labels_after(1 + other)


@explains_misuse
@dataclass(frozen=True)
class ContextDependentDecision(DecisionTask):
    r"""Tell which of two noisy channels was stronger in the modality that a cue selects.

    Steps: stimulus, delay, decision. Channels: fixation (on until the decision), two of modality 1,
    two of modality 2, two of context, of which one is on at all steps. The stimulus is
    :math:`(1 \pm c/100)/2` with c drawn for each modality, and noise is on all seven channels while
    it lasts. The label is 1 or 2, the stronger channel of the cued modality. neurogym 0.0.2,
    ContextDecisionMaking, with the timing of the public code of Liu et al. 2024 (commit acf25c33).

    Args:
        stimulus: steps of stimulus, at least 1.
        delay: steps between stimulus and decision, at least 0.
        coherences: values of c in per cent, equally likely.
        noise: standard deviation of each step and channel.

    Raises:
        ValueError: noise or durations that are not positive, negative or no coherences.

    Examples:
        >>> task = ContextDependentDecision()
        >>> inputs, labels = task.draw(32, key=jax.random.key(0))
        >>> inputs.shape, labels.shape
        ((8, 32, 7), (8, 32))
        >>> round(task.bayes_loss, 6), round(task.bayes_accuracy, 5)
        (0.033768, 0.87488)
    """

    stimulus: int = 2
    delay: int = 5
    coherences: tuple[float, ...] = (5.0, 15.0, 50.0)
    inputs: ClassVar[int] = 7

    @property
    def steps(self) -> int:
        """Length of a trial: stimulus, delay and decision."""
        return self.stimulus + self.delay + 1

    @cached_property
    def floor(self) -> BayesFloor:
        """Floor of the summed difference of the cued channels, the context being known."""
        strengths = self.stimulus * np.asarray(self.coherences) / 100
        return evidence_floor(strengths, self.noise * float(np.sqrt(2 * self.stimulus)))

    def draw(self, batch: int, *, key: PRNGKeyArray) -> Trials:
        """Draw independent trials; ``batch`` is their number, at least 1."""
        check_count("batch", batch, 1)
        which, cue, noise = jax.random.split(key, 3)
        choice, coherence = signed_coherences(which, self.coherences, (batch, 2))
        context = jax.random.bernoulli(cue, shape=(batch,)).astype(jnp.int32)
        ends = jnp.array([1.0, -1.0], jnp.float32)
        mean = (0.5 + coherence[:, :, None] * ends / 200).reshape(1, batch, 4)
        after = jnp.zeros((self.delay + 1, batch, 4), jnp.float32)
        stimulus = jnp.concatenate([jnp.repeat(mean, self.stimulus, axis=0), after])
        cued = jax.nn.one_hot(context, 2, dtype=jnp.float32)
        cues = jnp.broadcast_to(cued, (self.steps, batch, 2))
        inputs = jnp.concatenate([self.fixation(batch), stimulus, cues], axis=-1)
        shape = (self.stimulus, batch, self.inputs)
        inputs = inputs.at[: self.stimulus].add(
            self.noise * jax.random.normal(noise, shape, jnp.float32)
        )
        return inputs, self.labels_after(1 + jnp.where(context == 0, choice[:, 0], choice[:, 1]))
