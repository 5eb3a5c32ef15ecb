"""One isopotential compartment with any channels, written down for the tests alone."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import brentq
from spinebook.neurons.channels import exp_euler_gate, steady_gates


class Compartment:
    """C dv/dt = I - sum g phi (v - E), dx/dt = k (x_inf - x), in a state (v, gates...)."""

    def __init__(self, channels, conductances_mS_cm2, capacitance_uF_cm2=1.0):
        self.channels, self.conductances = channels, conductances_mS_cm2
        self.capacitance = capacitance_uF_cm2
        self.derivative = jax.jit(self._derivative)
        self.jacobian = jax.jit(jax.jacfwd(self._derivative))
        self.at_rest = jax.jit(self._at_rest)

    def parts(self, state):
        start = 1
        for channel, conductance in zip(self.channels, self.conductances, strict=True):
            yield channel, conductance, state[start : start + channel.n_gates]
            start += channel.n_gates

    def _derivative(self, state, current=0.0):
        changes = []
        for channel, conductance, gates in self.parts(state):
            steady, relaxation = channel.rates(state[0])
            changes.append(relaxation * (steady - gates))
            current -= conductance * channel.conductance(gates) * (state[0] - channel.reversal_mV)
        return jnp.concatenate([jnp.array([current / self.capacitance]), *changes])

    def _at_rest(self, v):
        """The state with all gates steady at v."""
        gates = [steady_gates(channel, v) for channel in self.channels]
        return jnp.concatenate([jnp.array([v]), *gates])

    def holding_current(self, v):
        """Current that keeps the compartment at v, uA/cm2."""
        return -self.capacitance * float(self.derivative(self.at_rest(v))[0])

    def fixed_point(self, low, high):
        return brentq(self.holding_current, low, high, xtol=1e-12)

    def eigenvalues(self, v):
        return np.linalg.eigvals(self.jacobian(self.at_rest(v)))

    def step(self, state, current, dt):
        """Gates by exponential Euler at the old voltage, then the voltage, its equation linear."""
        total, drive, moved = 0.0, current, []
        for channel, conductance, gates in self.parts(state):
            gates = exp_euler_gate(gates, channel.rates(state[0]), dt)
            open_ = conductance * channel.conductance(gates)
            total, drive = total + open_, drive + open_ * channel.reversal_mV
            moved.append(gates)
        v = (self.capacitance * state[0] + dt * drive) / (self.capacitance + dt * total)
        return jnp.concatenate([jnp.array([v]), *moved])
