"""What people type, and what they meet: the default call of each library, and problems of daily work.

Which call is the default is a fact about a library, and which problems people meet is a choice of ours: both are
literal tables here. What is said about them comes from records alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from lamm_robust.values import Record


@dataclass(frozen=True)
class Call:
    """A line that people type, and the solver that it is."""

    library: str
    algorithm: str
    typed: str
    device: str = ""
    """The device on which it is the default; "" for any."""


CALLS = (
    Call("numpy", "lstsq", "numpy.linalg.lstsq(A, b)"),
    Call("scipy", "gelsd", "scipy.linalg.lstsq(A, b)"),
    Call("jax", "lstsq", "jax.numpy.linalg.lstsq(A, b)"),
    Call("torch", "gelsy", "torch.linalg.lstsq(A, b)", "cpu"),
    Call("torch", "gels", "torch.linalg.lstsq(A, b)", "gpu"),
    Call("sklearn", "linear-regression", "LinearRegression(fit_intercept=False)"),
    Call("statsmodels", "pinv", "OLS(b, A).fit()"),
    Call("lineax", "auto", "lineax.linear_solve(A, b, Auto…)"),
    Call("numpy", "pinv", "numpy.linalg.pinv(A) @ b"),
    Call("numpy", "normal-lu", "solve(A.T @ A, A.T @ b)"),
    Call("jax", "solve", "lamm_robust.solve(A, b)"),
)
"""The default call of each library, two lines that many type instead, and the solver that comes with this harness."""

OURS = frozenset({("jax", "solve")})
"""The solvers (library, algorithm) that this project recommends and wrote: they are marked wherever they are ranked."""

NORMAL_EQUATIONS = ("numpy", "normal-lu")
"""The solver by which the page says how far the normal equations go."""


@dataclass(frozen=True)
class Trap:
    """Problems that people meet in daily work: those of a family whose keys hold one of some parameters."""

    words: str
    family: str
    parameters: tuple[str, ...] = ()
    """Texts such as "pattern=zero"; none means the whole family."""

    def holds(self, record: Record) -> bool:
        """Whether the problem of a record is one of these; in a key each parameter stands between two spaces."""
        if record.family != self.family:
            return False
        return not self.parameters or any(f" {parameter} " in record.problem for parameter in self.parameters)


TRAPS = (
    Trap("dates in seconds since 1970", "offset", ("offset=1700000000",)),
    Trap("a column twice", "columns", ("pattern=duplicate",)),
    Trap("a column of zeros", "columns", ("pattern=zero",)),
    Trap("all dummies and a constant", "columns", ("pattern=dummy",)),
    Trap("polynomial fits", "polynomial"),
    Trap("weights of many sizes", "weighted"),
    Trap("100,000 rows or more", "tall", ("m=100000", "m=200000", "m=1000000")),
    Trap("NaN or ∞ in the data", "nonfinite"),
    Trap("numbers near over- or underflow", "scaled"),
    Trap("no rows, or no columns", "degenerate", ("m=0", "n=0")),
    Trap("NIST's regressions", "nist"),
    Trap("public bug reports", "field"),
)
"""A dozen kinds of problems of daily work."""
