"""Problems of the first nineteen bug reports: zero columns, singular squares, lines far from the origin."""

from __future__ import annotations

from fractions import Fraction

from lamm_robust.generators.parts.report import Numbers, Report, Rows, decimals, identity, line

ONES: Rows = ((1, 1), (1, 1))
DIGITS: Rows = ((1, 2, 3), (4, 5, 6), (7, 8, 9))
COLLINEAR: Rows = ((1, 2), (2, 4), (3, 6), (4, 8))
FALLING: Numbers = decimals(
    "1 0.8888888888888888 0.7777777777777778 0.6666666666666667 0.5555555555555556 0.4444444444444444 "
    "0.33333333333333337 0.22222222222222232 0.11111111111111116 0"
)
"""`numpy.linspace(1, 0, 10)`, with its rounding errors."""

REPORTS: tuple[Report, ...] = (
    Report(
        name="krylov-1054",
        library="Krylov.jl",
        urls=("https://github.com/JuliaSmoothOptimizers/Krylov.jl/issues/1054",),
        symptom="the iteration lnlq ends with NaN in both unknowns and calls it solved",
        reported="float64",
        A=((-1, 0),),
        b=(-3,),
    ),
    Report(
        name="numpy-7906",
        library="NumPy",
        urls=("https://github.com/numpy/numpy/issues/7906",),
        symptom="matrix_rank of this row, given as a vector, is 1 even with a tolerance of 1e-13",
        reported="float64",
        A=((0, 0, "1e-14"),),
        b=(1,),
    ),
    Report(
        name="torchjd-142",
        library="PyTorch",
        urls=("https://github.com/SimplexLab/TorchJD/issues/142",),
        symptom="on a GPU, lstsq of zeros gives NaN and infinity",
        reported="float32",
        A=((0, 0), (0, 0)),
        b=(1, 1),
    ),
    Report(
        name="numpy-28716",
        library="NumPy",
        urls=("https://github.com/numpy/numpy/issues/28716",),
        symptom="with a tolerance of 0, matrix_rank is 1 on one machine and 2 on another",
        reported="float64",
        A=ONES,
        b=(1, 1),
    ),
    Report(
        name="cupy-9085",
        library="CuPy",
        urls=("https://github.com/cupy/cupy/issues/9085",),
        symptom="with rcond=0, the pseudo-inverse has entries of ±3.5e16 on a GPU, where NumPy finds 1/4",
        reported="float64",
        A=ONES,
        b=identity(2),
    ),
    Report(
        name="nx-1550",
        library="Nx",
        urls=("https://github.com/elixir-nx/nx/pull/1550",),
        symptom="least squares left square systems to the linear solver, this singular one without a solution too",
        reported="float64",
        A=((1, 2), (2, 4)),
        b=(3, 5),
    ),
    Report(
        name="numpy-6999",
        library="NumPy",
        urls=("https://github.com/numpy/numpy/issues/6999",),
        symptom="something underflows inside DGELSD on this harmless matrix, and a build that traps underflow dies",
        reported="float64",
        A=(("0.70710678", 0), ("0.70710678", 1)),
        b=("0.4", "0.2"),
    ),
    Report(
        name="sklearn-32210",
        library="scikit-learn",
        urls=("https://github.com/scikit-learn/scikit-learn/issues/32210",),
        symptom="the singular values that LinearRegression keeps are not those of this matrix of rank 1",
        reported="float64",
        A=COLLINEAR,
        b=(1, 2, 3, 4),
    ),
    Report(
        name="sklearn-32210-near",
        library="scikit-learn",
        urls=("https://github.com/scikit-learn/scikit-learn/issues/32210",),
        symptom="as sklearn-32210, with 1e-10 more in the second column: the rank is 2, and b is the first column",
        reported="float64",
        A=tuple((first, Fraction(second) + Fraction("1e-10")) for first, second in COLLINEAR),
        b=(1, 2, 3, 4),
        accepted=("float64",),  # in float32 this is sklearn-32210
    ),
    Report(
        name="torch-114568",
        library="PyTorch",
        urls=("https://github.com/pytorch/pytorch/issues/114568",),
        symptom="a pseudo-inverse of entries up to 2/3 comes out as 1.7e7 on a CPU and as 3.8e7 on a GPU",
        reported="float32",
        A=((0, 1, -1), (1, -1, 0), (-1, 1, 0)),
        b=identity(3),
    ),
    Report(
        name="scipy-12515",
        library="SciPy",
        urls=("https://github.com/scipy/scipy/issues/12515",),
        symptom="pinvh keeps what rounding made of a zero eigenvalue, 4e-17, and inverts it",
        reported="float64",
        A=((1, -1, 0), (-1, 2, -1), (0, -1, 1)),
        b=identity(3),
    ),
    Report(
        name="torch-88101",
        library="PyTorch",
        urls=("https://github.com/pytorch/pytorch/issues/88101", "https://github.com/pytorch/pytorch/issues/180157"),
        symptom="on a GPU, lstsq (QR) gives a solution that is not the shortest, and no warning",
        reported="float32",
        A=DIGITS,
        b=DIGITS,
    ),
    Report(
        name="statsmodels-9258-0",
        library="statsmodels",
        urls=("https://github.com/statsmodels/statsmodels/issues/9258",),
        symptom="the first of six lines, each further from the origin: κ = 2.8e14, and still fitted",
        reported="float64",
        A=line(
            decimals(
                "40000000000000 46666666666666.664 53333333333333.336 60000000000000 66666666666666.67 "
                "73333333333333.34 80000000000000 86666666666666.67 93333333333333.34 100000000000000"
            )
        ),
        b=FALLING,
        accepted=("float64",),  # in float32 no cutoff is near: the constant is lost in every line
    ),
    Report(
        name="statsmodels-9258-3",
        library="statsmodels",
        urls=("https://github.com/statsmodels/statsmodels/issues/9258",),
        symptom="the fourth: κ = 1.4e15, and a pseudo-inverse cut at 1e-15 drops the constant and misses every point",
        reported="float64",
        A=line(
            decimals(
                "130000000000000 136666666666666.66 143333333333333.34 150000000000000 156666666666666.7 "
                "163333333333333.34 170000000000000 176666666666666.7 183333333333333.34 190000000000000"
            )
        ),
        b=FALLING,
        accepted=("float64",),  # as statsmodels-9258-0
    ),
    Report(
        name="torch-92537",
        library="PyTorch",
        urls=("https://github.com/pytorch/pytorch/issues/92537",),
        symptom="the driver gelsy finds rank 4 or 0 by chance: its list of pivots is handed over uninitialised",
        reported="float32",
        A=((0,) * 5, *identity(5)[1:]),
        b=(1,) * 5,
    ),
    Report(
        name="polyfit-3",
        library="Polyfit (C++)",
        urls=("https://github.com/patLoeber/Polyfit/issues/3",),
        symptom="a line over seconds since 1970 gets the slope 0.058, where it is 44.86",
        reported="float64",
        A=line(
            decimals(
                "1644487998.203166 1644487998.319793 1644487998.4947336 1644487998.669674 1644487998.7863007 "
                "1644487998.9612412 1644487999.1361816 1644487999.311122 1644487999.544376 1644487999.6610029 "
                "1644487999.8359432 1644488000.0108836 1644488000.185824 1644488000.4190779 1644488000.5357049"
            )
        ),
        b=decimals(
            "836.64453867 842.21457824 849.86294357 858.0944194 863.41256084 870.97044193 880.09775508 "
            "887.30253895 898.01580567 903.36690136 910.9577752 918.34186103 926.03658193 936.03563531 "
            "940.99893027"
        ),
        accepted=("float64",),  # float32 has two different abscissae left
    ),
    Report(
        name="linearsolve-531",
        library="LinearSolve.jl",
        urls=("https://github.com/SciML/LinearSolve.jl/issues/531",),
        symptom="QR without pivoting answers zeros if the first column is zero (random numbers there, a parabola here)",
        reported="float64",
        A=tuple((0, Fraction(i, 10) ** 2, Fraction(i, 10), 1) for i in range(1, 11)),
        b=decimals(  # cos 0, cos 1, …
            "1 0.5403023058681398 -0.4161468365471424 -0.9899924966004454 -0.6536436208636119 0.28366218546322625 "
            "0.960170286650366 0.7539022543433046 -0.14550003380861354 -0.9111302618846769"
        ),
    ),
    Report(
        name="jax-11433",
        library="JAX",
        urls=("https://github.com/jax-ml/jax/issues/11433",),
        symptom="a perspective transform: the residuals of lstsq add up to 562, those of NumPy to 0.0005",
        reported="float32",
        A=(
            (122, 1141, 1, 0, 0, 0, 0, 0),
            (0, 0, 0, 122, 1141, 1, -156536, -1459977),
            (686, 1209, 1, 0, 0, 0, -493286, -869838),
            (0, 0, 0, 686, 1209, 1, -877486, -1547319),
            (626, 2, 1, 0, 0, 0, -450148, -1812),
            (0, 0, 0, 626, 2, 1, 0, 0),
            (23, 339, 1, 0, 0, 0, 0, 0),
            (0, 0, 0, 23, 339, 1, 0, 0),
        ),
        b=(0, 1279, 719, 1279, 719, 0, 0, 0),
    ),
    Report(
        name="jax-13105",
        library="JAX",
        urls=("https://github.com/jax-ml/jax/issues/13105",),
        symptom="the line 2020 + 2020 t through 10,000 points comes back as 0.30 + 2020.3 t",
        reported="float32",
        A=line(tuple(range(10_000))),
        b=tuple(2020 * (i + 1) for i in range(10_000)),  # multiples of 4 below 2²⁶: exact in float32
    ),
)
"""The first reports, from the smallest problem to the largest."""
