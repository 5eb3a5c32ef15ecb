"""Differentiable neurons: their shape and channels, their voltage, fits, and what data can say."""

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
from spinebook.neurons.firing import firing_rate_Hz, spike_times
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
from spinebook.neurons.stability import FixedPoint, fixed_points, hopf_points
from spinebook.neurons.swc import read_swc
from spinebook.neurons.traub import PotassiumTraub, SodiumTraub, TraubChannels, traub_channels
from spinebook.neurons.tree_solve import tree_solve
from spinebook.neurons.voltage_loss import masked_voltage_loss

__all__ = [
    "Channel",
    "Compartments",
    "Fit",
    "FixedPoint",
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
    "firing_rate_Hz",
    "fisher_information",
    "fit",
    "fixed_points",
    "graph_compartments",
    "hopf_points",
    "identifiability_report",
    "linoid",
    "locate",
    "masked_voltage_loss",
    "open_fraction",
    "output_jacobian",
    "random_search",
    "read_swc",
    "simulate",
    "simulate_adaptive",
    "softplus_rate",
    "spike_times",
    "steady_gates",
    "steady_state",
    "temperature_factor",
    "traub_channels",
    "tree_solve",
    "two_state_rates",
]
