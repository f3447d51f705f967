"""Problems of nine bug reports on complex numbers: most are a transpose where a conjugate transpose belongs.

Such a mistake passes every test with real numbers. Where a report shows no numbers, or draws them at random from a
generator that it does not seed, there are small ones of ours, which its symptom allows.
"""

from __future__ import annotations

from fractions import Fraction

from lamm_robust.generators.parts.report import Report, Rows, decimals, identity
from lamm_robust.values import COMPLEX

PHASES: Rows = (("1+1j", 2), (0, "1-3j"), ("2j", 1))
"""A matrix of ours whose pseudo-inverse is not that of its conjugate."""

COMPLEX_REPORTS: tuple[Report, ...] = (
    Report(
        name="cupy-2581",
        library="CuPy",
        urls=("https://github.com/cupy/cupy/issues/2581",),
        symptom="the imaginary parts of a pseudo-inverse have the wrong sign: the factors are transposed only",
        reported="complex128",
        A=(("1+2j", "-3j"), (4, "1-1j")),
        b=identity(2),
        accepted=COMPLEX,
    ),
    Report(
        name="mathnet-667",
        library="Math.NET Numerics",
        urls=("https://github.com/mathnet/mathnet-numerics/issues/667",),
        symptom="the pseudo-inverse of a complex matrix comes out conjugated",
        reported="complex128",
        A=PHASES,
        b=identity(3),
        accepted=COMPLEX,
    ),
    Report(
        name="torch-198118",
        library="PyTorch",
        urls=("https://github.com/pytorch/pytorch/issues/198118",),
        symptom="under torch.compile, pinv leaves out the conjugate of one factor, and A A⁺ A is not A",
        reported="complex64",
        A=(("1+1j", 0, "2j"), (2, "1-3j", 1)),
        b=identity(2),
        accepted=COMPLEX,
    ),
    Report(
        name="cupy-4389",
        library="CuPy",
        urls=("https://github.com/cupy/cupy/issues/4389",),
        symptom="lstsq of a 3×2 matrix returns another x, and a residual that is no real number",
        reported="complex128",
        A=(  # numpy.random.default_rng(0).normal
            decimals("0.1257302210933933+1.3040000451301372j -0.1321048632913019+0.9470809631292422j"),
            decimals("0.6404226504432821-0.7037352358069926j 0.10490011715303971-1.2654214710460525j"),
            decimals("-0.535669373161111-0.6232744625373522j 0.36159505490948474+0.0413259793472436j"),
        ),
        b=decimals(
            "-2.3250307746388343-0.7322673547034516j -0.21879166393254573-0.5442589828573099j "
            "-1.2459109472530652-0.31630015636915454j"
        ),
        accepted=COMPLEX,
    ),
    Report(
        name="torch-180158",
        library="PyTorch",
        urls=("https://github.com/pytorch/pytorch/issues/180158",),
        symptom="on a GPU, lstsq of a matrix of rank 2 returns entries of a million",
        reported="complex64",
        A=((1, 2, 3), (4, 5, 6), (7, 8, 9)),
        b=("1+2j", "-1j", 3),
        accepted=COMPLEX,
    ),
    Report(
        name="dask-7053",
        library="Dask",
        urls=("https://github.com/dask/dask/issues/7053",),
        symptom="the x of lstsq solves no equation of a square system: Qᵀ stands where Qᴴ belongs",
        reported="complex128",
        A=(("0.5+0.25j", "0.75j", "0.125+1j"), ("0.25+0.5j", "1+0.375j", 0), ("0.625", "0.5+0.5j", "0.875+0.25j")),
        b=("1+0.5j", "0.25j", "0.75"),
        accepted=COMPLEX,
    ),
    Report(
        name="cupy-1602",
        library="CuPy",
        urls=("https://github.com/cupy/cupy/issues/1602",),
        symptom="solve returns two of the three entries of b as entries of x",
        reported="complex128",
        A=(
            decimals("1.03310883-0.87701077j -0.35775642-0.94918977j 2.63837642+0.29920745j"),
            decimals("-0.88041189+0.97322198j 0.26771522-0.56788898j -0.47020123+0.63015159j"),
            decimals("-0.05746688-0.16238003j -0.18490837-0.00778188j 1.61550173+1.13397892j"),
        ),
        b=decimals("0.92632861+1.45552766j -0.54307601-0.62108012j -0.23769241+2.91680425j"),
        accepted=COMPLEX,
    ),
    Report(
        name="torch-196113",
        library="PyTorch",
        urls=("https://github.com/pytorch/pytorch/issues/196113",),
        symptom="on an Apple GPU, lstsq of wide matrices returns what does not solve the equations",
        reported="complex64",
        A=(
            ("1+1j", 0, "-2j", 1, "3-1j", "2j"),
            (2, "1-2j", 0, "1j", -1, "1+1j"),
            ("-1j", 3, "1+2j", 0, "2+1j", -2),
            (0, "1j", 1, "-2+1j", "1-1j", 3),
        ),
        b=(("1+1j", 2, "-1j"), (0, "1j", 1), (3, "-1+2j", 0), ("2-1j", 1, "1+3j")),
        accepted=COMPLEX,
    ),
    Report(
        name="mpmath-388",
        library="mpmath",
        urls=("https://github.com/mpmath/mpmath/issues/388",),
        symptom="qr_solve of one column squares its entries where it needs their sizes, and x is another one",
        reported="complex128",
        A=tuple((f"{float(Fraction(64 * i, 63) - 32)!r}+1j",) for i in range(64)),
        b=(1,) * 64,
        accepted=COMPLEX,
    ),
)
"""The reports, from the smallest problem to the largest."""
