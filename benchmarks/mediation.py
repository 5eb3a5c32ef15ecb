"""An indirect effect with 5,000 bootstrap resamples, against pingouin and statsmodels (PF-2).

One data set of the linear model with effects .5, .8 and .3, with 1,000 and with 10,000
observations. Ours returns values, standard errors, bias-corrected intervals and p values of all
five effects, as pingouin does. statsmodels runs 250 replicates, which are counted per replicate.
Every result must give the least-squares indirect effect and the standard error of the exact law;
the replicates of statsmodels carry the variance 2 b^2 / n on top of it, because it draws the
mediator's noise once for each world. Nothing of ours is compiled, so its first call is no slower.

    python benchmarks/mediation.py [PAIRS]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from pairs import Case, main
from reports import Bar

RESAMPLES, FEW = 5000, 250


def sample(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return stimulus, mediator and outcome."""
    x, e, f = np.random.default_rng(9).normal(size=(3, n))
    m = 0.5 * x + e
    return x, m, 0.3 * x + 0.8 * m + f


def judge(
    n: int, read: Callable[[Any], tuple[float, float]], replicates: int = RESAMPLES
) -> Callable[[Any], tuple[bool, str]]:
    """Return a check of an estimate and its standard error; few replicates are statsmodels'."""
    from spinebook.mediation.estimate import estimate_mediation
    from spinebook.mediation.significance import product_variance

    fitted = estimate_mediation(*sample(n), method="sobel")
    expected, b = float(fitted.indirect.value), float(fitted.b.value)
    extra = 2 * b**2 / n if replicates < RESAMPLES else 0.0
    spread = (float(product_variance(0.5, 0.8, n)) + extra) ** 0.5
    # A mean of replicates and their deviation, four standard errors, and 10 % for the sample's own.
    near, slack = 4 * spread / replicates**0.5, 0.1 + 4 / (2 * replicates) ** 0.5

    def check(result: Any) -> tuple[bool, str]:
        value, error = read(result)
        passed = abs(value - expected) < near and abs(error / spread - 1) < slack
        return passed, f"{value:.4f} for {expected:.4f}, s.e. {error:.5f} for {spread:.5f}"

    return check


def ours(n: int, method: str = "bias-corrected") -> Case:
    """Our estimate."""
    from spinebook.mediation.estimate import estimate_mediation

    data = sample(n)

    def read(result: Any) -> tuple[float, float]:
        return float(result.indirect.value), float(result.indirect.standard_error)

    def call() -> Any:
        return estimate_mediation(*data, method=method, resamples=RESAMPLES)

    return Case(call, judge(n, read), warm=15)


def pingouin(n: int) -> Case:
    """Pingouin's mediation analysis, with the draws it can return."""
    import pandas
    from pingouin import mediation_analysis

    data = pandas.DataFrame(dict(zip("xmy", sample(n), strict=True)))

    def read(result: Any) -> tuple[float, float]:
        table, draws = result
        return float(table.set_index("path").loc["Indirect", "coef"]), float(np.std(draws))

    def call() -> Any:
        return mediation_analysis(
            data, x="x", m="m", y="y", n_boot=RESAMPLES, seed=1, return_dist=True
        )

    return Case(call, judge(n, read), warm=3)


def statsmodels(n: int, formula: bool = False) -> Case:
    """The bootstrap of statsmodels, from arrays or from formulas."""
    import statsmodels.api as sm
    from statsmodels.stats.mediation import Mediation

    x, m, y = sample(n)
    replicates = FEW // 5 if formula else FEW
    if formula:
        import pandas

        data = pandas.DataFrame({"x": x, "m": m, "y": y})
        models = sm.OLS.from_formula("y ~ x + m", data), sm.OLS.from_formula("m ~ x", data)
        where: tuple[Any, Any] = ("x", "m")
    else:
        ones = np.ones(n)
        models = sm.OLS(y, np.stack([ones, x, m], axis=1)), sm.OLS(m, np.stack([ones, x], axis=1))
        where = ((1, 1), 2)

    def read(result: Any) -> tuple[float, float]:
        draws = np.asarray(result.ACME_avg)
        return float(draws.mean()), float(draws.std())

    def call() -> Any:
        generator = np.random.default_rng(2)
        return Mediation(*models, *where).fit(n_rep=replicates, method="bootstrap", rng=generator)

    return Case(call, judge(n, read, replicates), warm=1, work=replicates / RESAMPLES)


CASES = {
    "pingouin, 1,000": lambda: pingouin(1000),
    "ours, 1,000": lambda: ours(1000),
    "pingouin, 10,000": lambda: pingouin(10_000),
    "ours, 10,000": lambda: ours(10_000),
    "statsmodels, 1,000": lambda: statsmodels(1000),
    "statsmodels formulas, 1,000": lambda: statsmodels(1000, formula=True),
    "ours bca, 1,000": lambda: ours(1000, "bca"),
}
BARS = [
    Bar("PF-2a", "pingouin, 1,000", "ours, 1,000", 25, 60),
    Bar("PF-2b", "pingouin, 10,000", "ours, 10,000", 10, 25),
    Bar("PF-2c", "statsmodels, 1,000", "ours, 1,000", 150, None),
    Bar("PF-2c", "statsmodels formulas, 1,000", "ours, 1,000", 2000, None),
    Bar("PF-2, accelerated", "pingouin, 1,000", "ours bca, 1,000", None, None),
]

if __name__ == "__main__":
    main(__file__, CASES, BARS, ["numpy", "scipy", "pandas", "pingouin", "statsmodels"])
