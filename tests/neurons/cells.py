"""Neurons that several tests simulate, and the same equations written plainly in NumPy."""

import numpy as np
from scipy.integrate import solve_ivp
from spinebook.neurons import (
    Leak,
    Neuron,
    PotassiumHH,
    SodiumHH,
    State,
    binary_tree,
    compartments,
)

from tests.neurons.passive import conductances

SQUID = (SodiumHH(), PotassiumHH(), Leak(-54.3))
DENSITIES = np.array([120.0, 36.0, 0.3])[:, None]


def branched(channels=SQUID):
    """Seven sections of one compartment each, on three forks without membrane: ten nodes."""
    return Neuron(compartments(binary_tree(2, 300.0, 4.0), counts=1), channels)


def forks(neuron):
    return np.flatnonzero(np.asarray(neuron.graph.areas_um2) == 0)


def squid_rates(v):
    """Steady states and rates of m, h and n (Hodgkin and Huxley 1952, rest at -65 mV)."""
    opening = np.array(
        [
            (v + 40) / (1 - np.exp(-(v + 40) / 10)),
            7 * np.exp(-(v + 65) / 20),
            0.1 * (v + 55) / (1 - np.exp(-(v + 55) / 10)),
        ]
    ) / np.reshape([10, 100, 10], (3, *(1,) * v.ndim))
    closing = np.array(
        [4 * np.exp(-(v + 65) / 18), 1 / (1 + np.exp(-(v + 35) / 10)), np.exp(-(v + 65) / 80) / 8]
    )
    return opening / (opening + closing), opening + closing


class Squid:
    """A neuron of the three squid channels as NumPy sees it, one cell; gates are m, h and n."""

    def __init__(self, neuron, densities=DENSITIES):
        graph = neuron.graph
        membrane = 1e-5 * graph.areas_um2
        self.capacitance = membrane * neuron.capacitance_uF_cm2
        self.maximal = membrane * np.asarray(densities)
        self.axial = conductances(graph, 0.0)
        self.start = np.full(len(membrane), -65.0), squid_rates(np.full(len(membrane), -65.0))[0]

    def channels(self, gates):
        """Conductance of all channels of a node, and the current they pass at 0 mV."""
        m, h, n = gates
        open_ = self.maximal * np.array([m**3 * h, n**4, np.ones_like(n)])
        return open_.sum(0), np.array([50.0, -77.0, -54.3]) @ open_

    def move_gates(self, v, gates, dt):
        steady, rate = squid_rates(v)
        return steady + (gates - steady) * np.exp(-rate * dt)

    def implicit(self, v, gates, current, dt):
        conductance, drive = self.channels(gates)
        matrix = self.axial + np.diag(self.capacitance / dt + conductance)
        return np.linalg.solve(matrix, self.capacitance / dt * v + drive + current)

    def backward_euler(self, v, gates, current, dt):
        gates = self.move_gates(v, gates, dt)
        return self.implicit(v, gates, current, dt), gates

    def crank_nicolson(self, v, gates, current, dt):
        gates = self.move_gates(v, gates, dt / 2)
        v = 2 * self.implicit(v, gates, current, dt / 2) - v
        return v, self.move_gates(v, gates, dt / 2)

    def steps(self, scheme, currents, dt):
        """Voltages of all nodes after 0, 1, ... steps under currents of each step and node."""
        state = self.start
        trace = [state[0]]
        for current in currents:
            state = getattr(self, scheme)(*state, current, dt)
            trace.append(state[0])
        return np.array(trace)

    def everywhere(self, v, current):
        """Voltages of all nodes, from those with membrane and from currents into all."""
        fork = self.capacitance == 0
        total = np.empty(len(fork))
        total[~fork] = v
        flow = current[fork] - self.axial[np.ix_(fork, ~fork)] @ v
        total[fork] = np.linalg.solve(self.axial[np.ix_(fork, fork)], flow)
        return total

    def slopes(self, state, current):
        """Change of voltages and gates of the nodes with membrane."""
        there = self.capacitance > 0
        gates = np.zeros((3, len(there)))
        v, gates[:, there] = state[: there.sum()], state[there.sum() :].reshape(3, -1)
        total = self.everywhere(v, current)
        conductance, drive = self.channels(gates)
        flow = current - self.axial @ total - conductance * total + drive
        steady, rate = squid_rates(v)
        relaxed = rate * (steady - gates[:, there])
        return np.concatenate([flow[there] / self.capacitance[there], relaxed.ravel()])

    def solve(self, currents, edges_ms, times_ms):
        """Voltages of all nodes at times, by SciPy, under currents constant between the edges."""
        there = self.capacitance > 0
        state = np.concatenate([self.start[0][there], self.start[1][:, there].ravel()])
        trace = [self.everywhere(state[: there.sum()], currents[0])]
        for current, begin, end in zip(currents, edges_ms[:-1], edges_ms[1:], strict=True):
            inside = times_ms[(times_ms > begin) & (times_ms <= end)]
            solution = solve_ivp(
                lambda _, state, current=current: self.slopes(state, current),
                (begin, end),
                state,
                "LSODA",
                t_eval=np.union1d(inside, end),
                rtol=1e-10,
                atol=1e-10,
            )
            state = solution.y[:, -1]
            for found in solution.y.T[: len(inside)]:
                trace.append(self.everywhere(found[: there.sum()], current))
        return np.array(trace)


def rest(neuron, voltages=-65.0, cells=()):
    """A state of the three squid channels, gates steady, from NumPy's formulas."""
    v = np.broadcast_to(np.asarray(voltages, float), (neuron.n_nodes, *cells))
    steady = squid_rates(v)[0]
    return State(v, (steady[:2], steady[2:], steady[:0]))
