"""Differentiable neurons: their shape, their channels, and the graph of compartments."""

from spinebook.neurons.builders import ball_and_stick, binary_tree, cylinder, cylinders
from spinebook.neurons.channel_checks import check_channel
from spinebook.neurons.channels import (
    Channel,
    GateRates,
    exp_euler_gate,
    steady_gates,
    two_state_rates,
)
from spinebook.neurons.compartments import (
    Compartments,
    compartments,
    graph_compartments,
    locate,
)
from spinebook.neurons.electrotonic import ac_length_constant_um, d_lambda_counts
from spinebook.neurons.hodgkin_huxley import Leak, PotassiumHH, SodiumHH, temperature_factor
from spinebook.neurons.morphology import Morphology
from spinebook.neurons.neuron import Neuron, State, steady_state
from spinebook.neurons.rates import linoid, open_fraction, softplus_rate
from spinebook.neurons.simulate import Simulation, simulate
from spinebook.neurons.swc import read_swc
from spinebook.neurons.traub import PotassiumTraub, SodiumTraub, TraubChannels, traub_channels
from spinebook.neurons.tree_solve import tree_solve

__all__ = [
    "Channel",
    "Compartments",
    "GateRates",
    "Leak",
    "Morphology",
    "Neuron",
    "PotassiumHH",
    "PotassiumTraub",
    "Simulation",
    "SodiumHH",
    "SodiumTraub",
    "State",
    "TraubChannels",
    "ac_length_constant_um",
    "ball_and_stick",
    "binary_tree",
    "check_channel",
    "compartments",
    "cylinder",
    "cylinders",
    "d_lambda_counts",
    "exp_euler_gate",
    "graph_compartments",
    "linoid",
    "locate",
    "open_fraction",
    "read_swc",
    "simulate",
    "softplus_rate",
    "steady_gates",
    "steady_state",
    "temperature_factor",
    "traub_channels",
    "tree_solve",
    "two_state_rates",
]
