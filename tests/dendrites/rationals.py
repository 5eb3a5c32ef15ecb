"""The theory in exact integers: what every helper of the package is held against."""

from decimal import Decimal, getcontext
from fractions import Fraction
from math import comb, perm

getcontext().prec = 50


def pmf(n, a, s, b):
    if b < 0 or b > s or b > a or a - b > n - s:
        return Fraction(0)
    return Fraction(comb(s, b) * comb(n - s, a - b), comb(n, a))


def false_match(n, a, s, theta):
    ways = sum(
        comb(s, b) * comb(n - s, a - b) for b in range(max(theta, 0, a + s - n), min(s, a) + 1)
    )
    return Fraction(ways, comb(n, a))


def false_match_by_draws(n, a, s, theta):
    """The same for huge n: cells are drawn one by one, so only falling products appear."""
    ways = sum(
        comb(s, b) * perm(a, b) * perm(n - a, s - b)
        for b in range(max(theta, 0, a + s - n), min(s, a) + 1)
    )
    return Fraction(ways, perm(n, s))


def false_negative(a, s, v, theta):
    return false_match(a, v, s, s - theta + 1)


def union_law(n, s, m):
    law = {s: Fraction(1)}
    for _ in range(m - 1):
        grown: dict[int, Fraction] = {}
        for k, p in law.items():
            for j in range(s + 1):
                step = Fraction(comb(n - k, j) * comb(k, s - j), comb(n, s))
                if step:
                    grown[k + j] = grown.get(k + j, 0) + p * step
        law = grown
    return law


def union_false_match(n, a, s, m, theta):
    return sum(p * false_match(n, a, k, theta) for k, p in union_law(n, s, m).items())


def log(fraction):
    """Natural logarithm to 50 digits."""
    return (Decimal(fraction.numerator) / Decimal(fraction.denominator)).ln()


def relative_error(log_probability, fraction):
    """Relative error of exp(log_probability), free of the rounding of exp itself."""
    return abs(float((Decimal(float(log_probability)) - log(fraction)).exp() - 1))
