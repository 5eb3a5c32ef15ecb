"""Functions that rates are made of, against SciPy, exact decimals and limits."""

from decimal import Decimal, localcontext

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import exprel
from spinebook.neurons.rates import linoid, open_fraction, softplus_rate

from tests import tolerances

X = np.concatenate([-np.geomspace(1e-9, 80, 150), [-0.25, 0.0, 0.25], np.geomspace(1e-9, 80, 150)])


def exact_slope(x):
    """Derivative of x / (e^x - 1) in 60 digits."""
    if x == 0:
        return -0.5
    with localcontext() as context:
        context.prec = 60
        power = Decimal(float(x)).exp()
        return float((power - 1 - Decimal(float(x)) * power) / (power - 1) ** 2)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_linoid_and_its_slope__independent_package(precision):
    x = X.astype(precision)
    value, slope = jax.jit(lambda x: jax.jvp(linoid, (x,), (jnp.ones_like(x),)))(x)
    assert value.dtype == slope.dtype == precision
    unit = np.finfo(precision).eps
    np.testing.assert_allclose(
        value, 1 / exprel(x.astype(float)), rtol=tolerances.NEURONS_CHANNELS_ROUNDINGS * unit
    )
    exact = [exact_slope(number) for number in x]
    np.testing.assert_allclose(slope, exact, rtol=tolerances.NEURONS_CHANNELS_ROUNDINGS * unit)


@pytest.mark.usefixtures("float64")
def test_derivatives_of_linoid_at_zero__closed_form():
    """Bernoulli's numbers: 1, -1/2, 1/6, 0."""
    orders = [linoid]
    for _ in range(3):
        orders.append(jax.grad(orders[-1]))
    values = jax.jit(lambda x: [order(x) for order in orders])(0.0)
    np.testing.assert_allclose(values, [1, -0.5, 1 / 6, 0], atol=1e-15)
    assert float(values[1]) == -0.5
    step = 1e-4
    difference = float(linoid(step) - linoid(-step)) / (2 * step)
    assert difference == pytest.approx(-0.5, abs=tolerances.NEURONS_CHANNELS_CENTRAL_DIFFERENCE)


@pytest.mark.usefixtures("float64")
def test_slopes_where_the_series_ends__brute_force():
    """Central differences across both seams, first and second derivative."""
    x, step = np.array([-0.25, 0.25, -3.0, 3.0]), 1e-4
    orders = [linoid, jax.vmap(jax.grad(linoid)), jax.vmap(jax.grad(jax.grad(linoid)))]
    values = jax.jit(lambda x: [order(x) for order in orders])
    low, here, high = (values(x + move) for move in (-step, 0, step))
    for order in (0, 1):
        slope, difference = here[order + 1], (high[order] - low[order]) / (2 * step)
        np.testing.assert_allclose(
            slope, difference, atol=tolerances.NEURONS_CHANNELS_CENTRAL_DIFFERENCE
        )


@pytest.mark.usefixtures("float64")
def test_softplus_rate__closed_form():
    u = np.linspace(-100, 100, 41)
    value, slope = jax.jvp(lambda u: softplus_rate(u, 2.01, 266.087, -0.139), (u,), (0 * u + 1,))
    weight = 266.087 * np.exp(-0.139 * u)
    np.testing.assert_allclose(
        value, 2.01 * np.log1p(weight), rtol=tolerances.NEURONS_CHANNELS_CLOSED_FORM
    )
    exact = -2.01 * 0.139 * weight / (1 + weight)
    np.testing.assert_allclose(slope, exact, rtol=tolerances.NEURONS_CHANNELS_CLOSED_FORM)


def test_softplus_rate_is_exponential_then_linear__closed_form():
    rate = softplus_rate(jnp.array([-400.0, 1000.0]), 1.841, 0.102, 0.17)
    expected = [1.841 * 0.102 * np.exp(-68.0), 1.841 * (170 + np.log(0.102))]
    np.testing.assert_allclose(rate, expected, rtol=tolerances.NEURONS_CHANNELS_FLOAT32)


def test_open_fraction_and_its_gradient_far_out__closed_form():
    """Rates of 1e30 and 1e-30, whose squares are beyond float32."""
    for size in (1e-30, 1.0, 1e30):
        opening, closing = jnp.float32(size), jnp.float32(3 * size)
        value, (by_opening, by_closing) = jax.value_and_grad(open_fraction, (0, 1))(
            opening, closing
        )
        got = [float(value), float(by_opening) * size, float(by_closing) * size]
        np.testing.assert_allclose(
            got, [1 / 4, 3 / 16, -1 / 16], rtol=tolerances.NEURONS_CHANNELS_FLOAT32
        )


@pytest.mark.usefixtures("float64")
def test_open_fraction_to_second_order__closed_form():
    """Hessian of a/(a + b) at (1, 3): [-2b, a - b; a - b, 2a] / (a + b)^3."""
    hessian = jax.hessian(lambda pair: open_fraction(pair[0], pair[1]))(jnp.array([1.0, 3.0]))
    np.testing.assert_allclose(hessian, np.array([[-6, -2], [-2, 2]]) / 64, atol=1e-15)
