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
from spinebook.neurons.fit import Fit, fit
from spinebook.neurons.hodgkin_huxley import Leak, PotassiumHH, SodiumHH, temperature_factor
from spinebook.neurons.identifiability import (
    IdentifiabilityReport,
    fisher_information,
    identifiability_report,
    output_jacobian,
)
from spinebook.neurons.morphology import Morphology
from spinebook.neurons.neuron import Neuron, State, steady_state
from spinebook.neurons.rates import linoid, open_fraction, softplus_rate
from spinebook.neurons.reference import simulate_adaptive
from spinebook.neurons.search import Search, cma_search, default_population, random_search
from spinebook.neurons.simulate import Simulation, simulate
from spinebook.neurons.swc import read_swc
from spinebook.neurons.traub import PotassiumTraub, SodiumTraub, TraubChannels, traub_channels
from spinebook.neurons.tree_solve import tree_solve

__all__ = [
    "Channel",
    "Compartments",
    "Fit",
    "GateRates",
    "IdentifiabilityReport",
    "Leak",
    "Morphology",
    "Neuron",
    "PotassiumHH",
    "PotassiumTraub",
    "Search",
    "Simulation",
    "SodiumHH",
    "SodiumTraub",
    "State",
    "TraubChannels",
    "ac_length_constant_um",
    "ball_and_stick",
    "binary_tree",
    "check_channel",
    "cma_search",
    "compartments",
    "cylinder",
    "cylinders",
    "d_lambda_counts",
    "default_population",
    "exp_euler_gate",
    "fisher_information",
    "fit",
    "graph_compartments",
    "identifiability_report",
    "linoid",
    "locate",
    "open_fraction",
    "output_jacobian",
    "random_search",
    "read_swc",
    "simulate",
    "simulate_adaptive",
    "softplus_rate",
    "steady_gates",
    "steady_state",
    "temperature_factor",
    "traub_channels",
    "tree_solve",
    "two_state_rates",
]
