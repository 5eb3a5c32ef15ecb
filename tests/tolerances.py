"""Every tolerance the tests use, each with its reason; loosening one needs a new reason."""

# --- geometry ------------------------------------------------------------------------------------
# Mirror map there and back in float64: |w|^0.1 and its tenth power lose a factor of about ten.
GEOMETRY_ROUND_TRIP = 1e-11
# Two float64 formulas for one quantity, sums of up to eight terms with some cancellation.
GEOMETRY_CLOSED_FORM = 1e-9
# Values written down with eight digits after the point.
GEOMETRY_PUBLISHED_DIGITS = 5e-9
# Mirror descent stopped after 6,000 steps against Newton's solution of the same problem.
GEOMETRY_END_POINT = 1e-8
# Residual of a dual change outside the span of the inputs: rounding of 50 steps of size 1e-3.
GEOMETRY_ROW_SPACE = 1e-12
# First-order difference of two discretisations of one flow at a step of 1e-4.
GEOMETRY_GRADIENT_FLOW = 5e-5
# One float32 step of weights of size 1: a few units in the last place (6e-8).
GEOMETRY_FLOAT32_STEP = 1e-6
# Sums on the grid of 1,000 points against integrals or values written with five digits.
GEOMETRY_GRID = 2e-5
# The law of the statistic to leading order in 1/n against simulation: 2 % at n = 100, plus noise.
GEOMETRY_NULL = 0.03
# Small-change limits by quadrature against a sample of 1e6 weights.
GEOMETRY_LIMIT = 3e-3
# Sample moments of a few hundred thousand draws.
GEOMETRY_MOMENT = 0.02

# --- dendrites -----------------------------------------------------------------------------------
# Relative error of a probability against exact rationals: a few hundred float64 roundings.
DENDRITES_EXACT = 1e-12
# scipy.stats.hypergeom.sf itself is only good to 5e-11 (lgamma cancels).
DENDRITES_SCIPY = 1e-10
# Published values are printed with five to ten digits; half a unit of the fifth is 5e-6 of 1.
DENDRITES_PUBLISHED = 5e-6
# Slopes against central differences: truncation h^2 and rounding 1e-13/h balance near 1e-6.
DENDRITES_SLOPE = 1e-6
# float32 callers get float64 tails, but float32 gradients.
DENDRITES_FLOAT32 = 1e-5
# SciPy's SLSQP at its own tolerance of 1e-15 in the objective, so about 1e-7 in the weights.
GEOMETRY_CONSTRAINED = 1e-5
# Mean distances of a few problems against published means of a few: seed spread about 0.01.
GEOMETRY_CROSS_DISTANCE = 0.02
# Means over 200 seeds against published means over 30 with three digits: 0.04 / sqrt(30) twice.
GEOMETRY_KNOWN_CHANGE = 0.015
# A few hundred float32 operations on numbers of size 1, in another order.
GEOMETRY_FLOAT32_NET = 2e-5

# --- training ------------------------------------------------------------------------------------
# Sixty float32 steps of weights of size 1, batched and one at a time: sums in another order.
TRAINING_FLOAT32 = 2e-5

# --- landscape -----------------------------------------------------------------------------------
# Two float64 formulas for one sum of a few hundred products.
LANDSCAPE_CLOSED_FORM = 1e-12
# Traces and norms by two float64 routes through a network: a few thousand roundings.
LANDSCAPE_ROUTES = 1e-9
# Published values are printed with eight to ten significant digits.
LANDSCAPE_PUBLISHED = 5e-8
# Lanczos with as many steps as needed in float64, against a full eigendecomposition.
LANDSCAPE_LANCZOS = 1e-8
# The same numbers in float32: about a thousand roundings of 6e-8, partly cancelling.
LANDSCAPE_FLOAT32 = 2e-5
# Random estimates lie within four of their own standard errors (6e-5 of Gaussian draws do not).
LANDSCAPE_STANDARD_ERRORS = 4.0
# The square of a Lanczos residual bounds the error of its eigenvalue: 1e-12 of the largest.
LANDSCAPE_RESIDUAL = 1e-6
# A hundred such roundings in one report: small singular values and reciprocals of them.
LANDSCAPE_REPORT_FLOAT32 = 2e-4
# Published values with one to three digits: half a unit of the second is 2 %.
LANDSCAPE_FEW_DIGITS = 0.02
# Root determinant of the 2 x 2 covariance of 2e5 draws: relative error 0.2 %, four times.
LANDSCAPE_CLOUD = 0.01
# Standard deviation of 36,864 draws: relative error 0.4 %, four times.
LANDSCAPE_SAMPLE_DEVIATION = 0.016
# Standard error estimated from 2,000 probes: relative error 1.6 % for Gaussian terms, some more.
LANDSCAPE_ERROR_OF_ERROR = 0.1

# --- regimes: connectivity and linear theory -----------------------------------------------------
# Norms of float32 matrices of up to 300 x 300 after a singular value decomposition.
REGIMES_THEORY_FLOAT32 = 2e-6
# Two float64 formulas or decompositions for one quantity of size 1, matrices of up to 300 rows.
REGIMES_THEORY_EXACT = 1e-9
# Values written down with four digits after the point, one of them rounded the wrong way.
REGIMES_THEORY_FOUR_DIGITS = 1e-4
# Values written down with three digits.
REGIMES_THEORY_THREE_DIGITS = 1e-2
# The four digits after the point of closed forms: half a unit.
REGIMES_THEORY_TABLE = 5.1e-5
# Means over about a dozen random matrices of 300 rows: standard errors of .004 and less.
REGIMES_THEORY_RANDOM_MATRIX = 0.015
# Fixed Runge-Kutta steps, 20 a time constant, along the whole path.
REGIMES_THEORY_PATH = 1e-5
# The solver of SciPy at a relative tolerance of 1e-12 against the exact solution.
REGIMES_THEORY_SOLVER = 1e-9
# Simulated first weights of size 1e-3 against the limit of vanishing ones: corrections of 1e-3.
REGIMES_THEORY_SMALL_START = 1e-3
# Diagonal networks: what gradient flow has left after its last time, and its solver's error.
REGIMES_THEORY_FLOW_END = 1e-6
# Power iterations in float64 that have converged.
REGIMES_THEORY_POWER = 1e-6

# --- regimes: tasks, rate networks, laziness, tangent kernels ------------------------------------
# Two float32 orders of sums of up to a few hundred products of size 1.
REGIMES_RATE_FLOAT32 = 1e-5
# The same in float64.
REGIMES_RATE_FLOAT64 = 1e-12
# Bayes floors as printed, five or six digits: half a unit of the last one.
REGIMES_RATE_FLOOR_DIGITS = 5.1e-6
# Two quadratures of a smooth density in float64; scipy's quad is asked for 1e-11.
REGIMES_RATE_QUADRATURE = 1e-9
# Monte Carlo against an expectation, in standard errors; about one false alarm in 16,000.
REGIMES_RATE_STANDARD_ERRORS = 4.0
# Sample mean and deviation of 20,000 noise values of size 0.1, relative to 0.1: 4 / sqrt(40,000).
REGIMES_RATE_MOMENT = 0.02
# Reference alignments printed from 14 pairs against 40 pairs here, in standard errors.
REGIMES_RATE_PUBLISHED_PAIRS = 3.0

# ---- rich and lazy learning: the chapter's studies ----
# Two orders of the same float32 sums over up to 8 steps and 9 samples.
REGIMES_STUDY_FLOAT32 = 2e-5
# The same formula in float64 by another route.
REGIMES_STUDY_FLOAT64 = 1e-12
# Four standard errors of a mean of 4,000 alignments that spread by 0.2.
REGIMES_STUDY_MEAN_OF_4000 = 0.013
# Fixed Runge-Kutta steps against an adaptive solver; the coarser of them decides.
REGIMES_STUDY_FLOW = 1e-5

# --- statistics -------------------------------------------------------------------------------
# A percentile bootstrap of 2,000 resamples knows its width to about 3 %.
STATISTICS_BOOTSTRAP_WIDTH = 0.1
# Two float64 formulas for one statistic of a few dozen values.
STATISTICS_CLOSED_FORM = 1e-9
# Published with four digits after the point: half a unit of the last, and its own rounding.
STATISTICS_FOUR_DIGITS = 5.1e-5
# scipy's Wilson limits at 0 and all successes are off by rounding under a square root.
STATISTICS_WILSON = 1e-7
# Coverage of 4,000 intervals at level 0.95: 4 standard errors are 0.014, and the logit interval is
# approximate to order 1/n, 0.01 at groups of 40.
STATISTICS_SUPERIORITY_COVERAGE = 0.024
# The hybrid score interval at groups of 40: Newcombe reports 0.93 to 0.97 nearly everywhere.
STATISTICS_SHARE_COVERAGE = 0.93

# --- polarity: theory ---------------------------------------------------------------------------
# scipy's binomial tails against exact fractions.
POLARITY_BINOMIAL_TAIL = 1e-12
# Written with four digits after the point: half a unit of the last.
POLARITY_FOUR_DIGITS = 5.1e-5
# The same with six digits.
POLARITY_SIX_DIGITS = 5.1e-7
# The same with five digits.
POLARITY_FIVE_DIGITS = 5.1e-6
# Residual of nnls where the exact one is 0; it is above 1e-3 where random patterns are separable.
POLARITY_NNLS_RESIDUAL = 1e-8
# Accuracies of half-planes summed over a grid of 400 by 400 cells a square.
POLARITY_GRID_OF_CELLS = 2e-3
# Best accuracy that a search may find for an incapable pattern: 0.8496 is the bound of convex
# functions; midpoints of 30 by 30 cells a square add less than 0.01.
POLARITY_INCAPABLE_ACCURACY = 0.86
# A search of 3,000 gradient steps comes this close to a network that solves the task.
POLARITY_CAPABLE_ACCURACY = 0.95
# Mixed differences and monotone sums of float64 networks with weights of size 1.
POLARITY_ROUNDING = 1e-9

# --- mediation: effects ---------------------------------------------------------------------------
# Two float64 formulas for one effect, or a covariance through coefficients of up to ten.
MEDIATION_EFFECTS_CLOSED_FORM = 1e-12
# Values written down with six digits after the point: half a unit of the last.
MEDIATION_EFFECTS_SIX_DIGITS = 5.1e-7
# Values written down with eight digits after the point.
MEDIATION_EFFECTS_EIGHT_DIGITS = 5.1e-9
# A float32 mean of a few hundred thousand numbers of size 1, all alike up to rounding.
MEDIATION_EFFECTS_FLOAT32 = 1e-6
# Monte Carlo against an expectation, in standard errors; about one false alarm in 16,000.
MEDIATION_EFFECTS_STANDARD_ERRORS = 4.0
# Adaptive quadrature of SciPy, asked for 1e-12, against 80 Gauss-Hermite nodes on a logistic curve.
MEDIATION_EFFECTS_QUADRATURE = 1e-9
# The approximations for rare outcomes at an outcome probability of .1 to 1 per cent.
MEDIATION_EFFECTS_RARE = 3e-3

# --- mediation: estimates ----------------------------------------------------------------------
# Two float64 routes to a regression coefficient of size 1.
MEDIATION_EXACT = 1e-10
# Values written down with six digits after the point.
MEDIATION_SIX_DIGITS = 5.1e-7
# Variances written down with nine significant digits, relative.
MEDIATION_NINE_DIGITS = 5.1e-9
# Monte Carlo against an expectation, in standard errors; about one false alarm in 16,000.
MEDIATION_STANDARD_ERRORS = 4.0
# The same simulation in float32 (JAX) and float64 (NumPy loop): 400 steps of 6e-8, voltages of 1.
MEDIATION_SPIKING_VOLTAGE = 1e-4
# Costs of up to 100 from filtered spikes of such a run, relative.
MEDIATION_SPIKING_COST = 1e-4
# A p value of resampling where the end of an interval passes zero: one draw of 2,000, twice.
MEDIATION_LEVEL = 2e-3
# A bootstrap standard error of 5,000 resamples is known to 1 %; four times that.
MEDIATION_BOOTSTRAP_ERROR = 0.04

# --- polarity: training --------------------------------------------------------------------------
# A weight of size 1 that is put back by adding: one float32 rounding of it, and of epsilon.
POLARITY_EPSILON_ROUNDING = 2e-7
# Some ten steps in float64, another order of the sums.
POLARITY_FLOAT64_STEPS = 1e-12
# Thirty steps of float32 training on gradients of size 1 with a rate of 0.03, against float64.
POLARITY_FLOAT32_TRAINING = 2e-4
# Two float32 orders of sums of up to 20 products of size 1.
POLARITY_FLOAT32_SUM = 2e-6
# Monte Carlo against an expectation, in standard errors; about one false alarm in 16,000.
POLARITY_STANDARD_ERRORS = 4.0

# --- mediation: network --------------------------------------------------------------------------
# Float32 runs of up to five steps on drives of up to ten, reports of size 1, against float64.
MEDIATION_NETWORK_FLOAT32 = 2e-5

# --- polarity: images ----------------------------------------------------------------------------
# Width of a 95 % percentile bootstrap of 2,000 resamples: each end is a quantile known to 5 % of
# its distance from the middle; four standard errors of the width, and DeLong's own error.
POLARITY_BOOTSTRAP_WIDTH = 0.15

# --- neurons: channels ---------------------------------------------------------------------------
# Roundings of a quotient of exponentials and of its slope, whose numerator loses three bits at 1/4.
NEURONS_CHANNELS_ROUNDINGS = 20
# Two float64 formulas for one rate, with exponents of up to 30 that amplify one rounding.
NEURONS_CHANNELS_CLOSED_FORM = 1e-13
# A float32 exponential of -68 or a float32 quotient: the exponent's rounding, 4e-6, counts in full.
NEURONS_CHANNELS_FLOAT32 = 1e-5
# Central differences of functions of size 1: a step of 1e-4 squared over six, times slopes of 1.
NEURONS_CHANNELS_CENTRAL_DIFFERENCE = 1e-8
# A fixed point by Brent's method to 1e-12, times slopes of up to ten.
NEURONS_CHANNELS_FIXED_POINT = 1e-11
# Values written down with so many digits after the point: half a unit of the last.
NEURONS_CHANNELS_FIVE_DIGITS = 5.1e-6
NEURONS_CHANNELS_SIX_DIGITS = 5.1e-7
NEURONS_CHANNELS_EIGHT_DIGITS = 5.1e-9
# Ratio of errors at a step and at half of it, 2 at first order; second order adds half a per cent.
NEURONS_CHANNELS_FIRST_ORDER = 0.02
# Ratio of what is left without the first order, 4 at second order; third order adds two per cent.
NEURONS_CHANNELS_SECOND_ORDER = 0.1

# --- neurons: shape and compartments -------------------------------------------------------------
# Two float64 formulas for a length, an area or a resistance: sums of a few hundred terms, relative.
NEURONS_SHAPE_CLOSED_FORM = 1e-12
# Trapezia on 400,000 pieces of a smooth integrand, relative.
NEURONS_SHAPE_INTEGRAL = 1e-8
# Dense solves of up to a hundred nodes with condition numbers up to 1e4, relative.
NEURONS_DENSE_SOLVE = 1e-10
# Cable theory's values are written down with seven digits: half a unit of the last, relative.
NEURONS_CABLE_DIGITS = 5e-7
# Ratios are written down with six digits after the point, resistances in MOhm with three.
NEURONS_CABLE_RATIOS = 5.1e-7
NEURONS_CABLE_MOHM = 5.1e-4
# Fourfold and ninefold drops of an error hold up to the next order, (h / lambda)^2 < 1e-2.
NEURONS_SECOND_ORDER = 0.01

# --- neurons: tree solve -------------------------------------------------------------------------
# Ten nodes, diagonally dominant, float64: a few roundings of numbers below 1.
NEURONS_TREE_SOLVE = 1e-12
# The same in float32.
NEURONS_TREE_SOLVE_FLOAT32 = 1e-6
# Central differences with a step of 1e-5: rounding 1e-16 / 1e-5 plus a third derivative below 1.
NEURONS_TREE_SLOPE = 1e-9

# Published chains (tests/neurons/test_published_toy.py)
# Stored targets are printed with three decimals: half a unit of the last, and their own rounding.
NEURONS_TOY_DIGITS = 6e-4
# Initial gates are printed with four significant digits.
NEURONS_TOY_GATES = 1e-3
# The same formula in float64, up to the order of the factors.
NEURONS_TOY_ROUNDING = 1e-15
# A value stored in float32.
NEURONS_TOY_SINGLE = 1e-6

# --- neurons: rest, stability and spikes ---------------------------------------------------------
# A root is found in an interval of 250 mV / 1000^4; times slopes of up to 20 mS/cm2.
NEURONS_FIRING_ROOT_MV = 1e-9
NEURONS_FIRING_ROOT_CURRENT = 1e-9
# Central differences of rates in float64, step 1e-4 mV: rounding 1e-16 * 1e3 / 1e-4 and curvature.
NEURONS_FIRING_SLOPES = 1e-6
# Linear interpolation over 0.05 ms of a sine of 10 ms, or 0.025 ms of a spike: h^2 v'' / (8 v').
NEURONS_FIRING_INTERPOLATION_MS = 2e-4
# First-order scheme at 0.0125 ms: NEURON's is off by 0.6 % at twice that step, relative.
NEURONS_FIRING_RATES = 5e-3

# --- the book ------------------------------------------------------------------------------------
# Share of 100,000 comparisons: five standard errors of a count of nine.
FALSE_ALARMS = 1.5e-4

# --- several devices -----------------------------------------------------------------------------
# Float64, the same operations with shares of another size: vector code rounds sums in other places.
DEVICES_FLOAT64 = 1e-12

# --- neurons: simulation -------------------------------------------------------------------------
# Float64 solves of a well-conditioned passive tree over 200 damped steps, relative.
NEURONS_SIMULATE_DISCRETE = 1e-12
# What Richardson extrapolation leaves of an error: the step over the fastest time constant.
NEURONS_SIMULATE_EXTRAPOLATED = 0.05
# Charge of 10 pC through differences of voltages of 100 mV: a few roundings of 1e-14.
NEURONS_SIMULATE_CHARGE = 1e-11
# Float32 voltages through a spike, 1e-5 mV of rounding amplified a few hundred times.
NEURONS_SIMULATE_FLOAT32_MV = 1e-2
# The same with gates, through a spike that amplifies a rounding a few hundred times.
NEURONS_SIMULATE_SPIKE_MV = 1e-9
# Order of a scheme from the ratio of errors at a step and at half of it: next order at 3 to 6 us.
NEURONS_SIMULATE_ORDER = 0.05
# Extrapolated differences of a loss of size 1: rounding 1e-13 / 1e-4 and fifth derivatives.
NEURONS_SIMULATE_SLOPE = 1e-6
# The same gradient by another order of float64 operations, through a spike.
NEURONS_SIMULATE_GRADIENT = 1e-9
# Two roots of the steps of states, and currents and samples of up to 2**18 steps.
NEURONS_SIMULATE_MEMORY = 3
# Global error of a spike at tolerances of 1e-8 a step: 240 steps a ms, amplified by its rise.
NEURONS_REFERENCE_MV = 5e-5
# The end of a run, as a sample and as the last state: one rounding of an interpolation.
NEURONS_REFERENCE_END = 1e-14

# --- neurons: fits, searches, identifiability ----------------------------------------------------
# Up to 130 float64 steps that do the same sums in another order, relative to what they leave.
NEURONS_FIT_FLOAT64 = 1e-11
# A hundred float32 steps, each with a few roundings that later ones shrink or keep.
NEURONS_FIT_FLOAT32 = 1e-4
# Parameters after 600 steps of Adam in a valley that ends at the truth, relative.
NEURONS_FIT_FOUND = 0.02
# Fifty generations in which a rounding of a loss changes no rank; a rounding of x is 1e-16.
NEURONS_SEARCH_SAME_STRATEGY = 1e-12
# An optimum at a corner, approached to the precision of 300 generations.
NEURONS_SEARCH_CORNER = 1e-3
# About one false alarm in 16,000 for each of 16 comparisons.
NEURONS_SEARCH_STANDARD_ERRORS = 4.0
# Sums of up to 42 products of size 1 and inverses of matrices with condition numbers below 1e3.
NEURONS_IDENTIFY_FLOAT64 = 1e-11
# Central differences with a step of 1e-3: third derivatives below 1 times 1e-6 / 6, and roundings
# of 1e-12 mV over 1e-3.
NEURONS_IDENTIFY_DIFFERENCES = 1e-6
# Bounds for other draws of the same 100 stimuli: how often distant nodes fire differs. A factor.
NEURONS_IDENTIFY_OTHER_STIMULI = 3.0
# About one false alarm in 16,000 for each of four comparisons.
NEURONS_IDENTIFY_STANDARD_ERRORS = 4.0

# --- neurons: other simulators -------------------------------------------------------------------
# The same 800 steps in float64: roundings, grown by spikes; 7e-11 mV was found.
NEURONS_PEERS_VOLTAGE = 1e-8
# Sums of slopes over compartments, which cancel in part, relative.
NEURONS_PEERS_SLOPE = 1e-9

# --- neurons: fits of the published chains -------------------------------------------------------
# Twelve to twenty float32 steps of voltages near 100 mV, 1e-5 mV each, in differences of about
# 5 mV, from another program than the one compared with.
CHAIN_LOSS = 1e-4
# Adam's first step is the rate times s/(|s| + 1e-8), less a rounding of a conductance near 100.
ADAM_FIRST_STEP = 1e-4
# The same steps in both precisions: roundings of 1e-5 mV, grown by spikes.
CHAIN_FLOAT32_MV = 0.02

# --- neurons: fits of the published toy -------------------------------------------------------
# Float32; a few steps of Adam multiply the rounding of a gradient, which Adam rescales.
NEURONS_TOY_FITS = 1e-4
# Losses and errors are small differences of voltages and conductances, in float32.
NEURONS_TOY_FITS_LOSS = 1e-2
# Central differences with a step of 1e-4 of nominal, in float64: the square of the step, amplified
# by the curvature of a spike.
NEURONS_TOY_INFORMATION = 1e-4
