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
