"""Problems of twenty more bug reports: fits over times, counters and prices, ranks that are exact, graphs, damping.

Where a report shows no right-hand side, or no abscissae, there are numbers of ours, which its symptom allows.
"""

from __future__ import annotations

from fractions import Fraction

from lamm_robust.generators.parts.report import Numbers, Report, Rows, decimals, identity, line, powers

COUNTERS: Numbers = tuple(
    4_155_915_000 + tick
    for tick in (
        *(305, 504, 705, 901, 1099, 1299, 1494, 1691, 1890, 2091, 2287, 2485, 2685, 2880, 3077, 3276, 3477, 3673),
        *(3871, 4071, 4266, 4463, 4662, 4863, 5059, 5257, 5457, 5652, 5849, 6048, 6249, 6445, 6643, 6843, 7038, 7235),
        *(7434, 7635, 7831, 8029),
    )
)
"""A counter of clock ticks near 2³², read forty times."""
ELAPSED: Numbers = (
    *(17, 315, 617, 911, 1208, 1508, 1800, 2096, 2394, 2696, 2990, 3287, 3587, 3879, 4175, 4473, 4775, 5069, 5366),
    *(5666, 5958, 6254, 6552, 6854, 7148, 7445, 7745, 8037, 8333, 8631, 8933, 9227, 9524, 9824, 10116, 10412, 10710),
    *(11012, 11306, 11603),
)
"""About one and a half times what the counter has moved."""

EDGES: tuple[tuple[int, int, str], ...] = (
    *((0, 1, "1"), (2, 3, "2"), (3, 4, "0.5"), (4, 5, "4"), (2, 5, "3"), (3, 5, "1"), (2, 4, "1"), (6, 7, "2")),
    *((6, 7, "-2"), (1, 8, "1"), (8, 9, "0.25"), (10, 11, "8"), (9, 10, "1"), (9, 11, "1"), (0, 9, "2"), (0, 6, "1")),
)
"""From node, to node, root of the weight: a graph of twelve nodes in two parts, of which only differences are known."""


def differences(nodes: int) -> Rows:
    """Return a row for each of `EDGES`: the root of its weight times the difference of its two nodes."""
    signs = ({start: 1, end: -1} for start, end, _ in EDGES)
    roots = (Fraction(root) for _, _, root in EDGES)
    return tuple(
        tuple(root * sign.get(node, 0) for node in range(nodes)) for sign, root in zip(signs, roots, strict=True)
    )


MORE_REPORTS: tuple[Report, ...] = (
    Report(
        name="gonum-34",
        library="Gonum",
        urls=("https://github.com/gonum/lapack/issues/34",),
        symptom="QR of a column that is zero but for its last entry is NaN",
        reported="float64",
        A=((0,), (0,), (1,)),
        b=(1, 2, 3),
    ),
    Report(
        name="mljs-213",
        library="ml-matrix",
        urls=("https://github.com/mljs/matrix/pull/213",),
        symptom="all entries are near 1e-17, κ is small, and the pseudo-inverse is zero",
        reported="float64",
        A=(("2e-17", "4e-17"), ("7e-17", "1e-17")),
        b=identity(2),
    ),
    Report(
        name="julia-22672",
        library="Julia",
        urls=("https://github.com/JuliaLang/julia/issues/22672",),
        symptom="pinv inverts the 1e-17 if the matrix is of a diagonal type, and drops it if it is not",
        reported="float64",
        A=((1, 0), (0, "1e-17")),
        b=identity(2),
    ),
    Report(
        name="ndarray-7",
        library="ndarray-householder-qr",
        urls=("https://github.com/scijs/ndarray-householder-qr/issues/7",),
        symptom="two equations, right-hand sides with a zero in them, and the solution is NaN",
        reported="float64",
        A=(("1.3767678870535784", "1.264007208970765"), ("0.32328035074533273", "-1.4142135623730951")),
        b=(
            (0, "0.7071067811865475", "0.7071067811865475"),
            ("0.7071067811865475", "0.7071067811865475", 0),
        ),
        small=False,
    ),
    Report(
        name="ejml-151",
        library="EJML",
        urls=("https://github.com/lessthanoptimal/ejml/issues/151",),
        symptom="the rank is 1, and the one from the singular values is 2",
        reported="float64",
        A=((10, 3), (20, 6), (30, 9)),
        b=(1, 2, 4),
    ),
    Report(
        name="breeze-864",
        library="Breeze",
        urls=("https://github.com/scalanlp/breeze/issues/864",),
        symptom="the pseudo-inverse has entries of 5e16, where 2.5 is right: a rounding error was inverted",
        reported="float64",
        A=(("0.1", "0.1", 0), ("0.1", "0.1", 0), (0, 0, 0)),
        b=identity(3),
    ),
    Report(
        name="aardvark-107",
        library="Aardvark",
        urls=("https://github.com/aardvark-platform/aardvark.base/issues/107",),
        symptom="Householder's reflection of a column that begins with 0 takes 0 for its sign: a permutation is lost",
        reported="float64",
        A=((0, 1, 0), (0, 0, 1), (1, 0, 0)),
        b=(1, 2, 3),
    ),
    Report(
        name="statistics-857",
        library="simple-statistics",
        urls=("https://github.com/simple-statistics/simple-statistics/pull/857",),
        symptom="a line that goes through all points: sums of products of numbers near 1e8 lose its slope",
        reported="float64",
        A=tuple((100_000_000 + i, 1) for i in range(5)),
        b=(1, 3, 5, 7, 9),
        accepted=("float64",),  # float32 has one abscissa left
        small=False,
    ),
    Report(
        name="statistics-857-minutes",
        library="simple-statistics",
        urls=("https://github.com/simple-statistics/simple-statistics/pull/857",),
        symptom="the same over minutes of unix time: the slope is 17/700, and what cuts at 1e-15 says 1.4e-8",
        reported="float64",
        A=line(tuple(1_700_000_000 + 60 * i for i in range(6))),
        b=(20, 21, 23, 24, 26, 27),
        accepted=("float64",),  # in float32 some of the times are equal
    ),
    Report(
        name="polynomials-579",
        library="Polynomials.jl",
        urls=("https://github.com/JuliaMath/Polynomials.jl/issues/579",),
        symptom="a parabola whose leading coefficient is exactly zero: its degree is 1 or 2 by chance",
        reported="float64",
        A=powers((-2, -1, 0, 1), 2),
        b=decimals("0.0360126786947437 0.020007043719302054 0.0360126786947437 0.020007043719302054"),
        small=False,
    ),
    Report(
        name="la4j-94",
        library="la4j",
        urls=("https://github.com/vkostyukov/la4j/issues/94",),
        symptom="rows that are sums and doubles of two others: the rank is 2, and 4 is reported",
        reported="float64",
        A=((1, 2, 3, 4), (1, 1, 1, 1), (2, 3, 4, 5), (2, 2, 2, 2)),
        b=(1, 0, 0, 1),
        small=False,
    ),
    Report(
        name="lsqfit-103",
        library="LsqFit.jl",
        urls=("https://github.com/JuliaNLSolvers/LsqFit.jl/issues/103",),
        symptom="a line with weights near 1e14, whose standard errors come out too small by thirteen decades",
        reported="float64",
        A=(
            decimals("9637625.289128758 9637625.289128758"),
            decimals("9511454.050136892 9475260.095889632"),
            decimals("5566818.224551389 5482245.747147862"),
            decimals("4995397.645359056 4825183.598235913"),
            decimals("6424526.074001993 6037079.743786336"),
            decimals("6233914.432882617 5649845.194241677"),
            decimals("6593315.547011691 5709978.758879017"),
            decimals("5949628.8167334655 4873650.607987913"),
            decimals("10190930.866406014 7806705.96042"),
            decimals("13169440.731315952 9312200.845547836"),
            decimals("8185004.613355145 5261219.5506918505"),
        ),
        b=decimals(
            "148.78373168851195 146.24211184597016 85.18368264375819 74.73099601439834 93.80474876692647 "
            "88.26470654704062 89.399995432017 76.42956356458805 123.56610328271984 149.01011305011826 "
            "85.51849318672069"
        ),
        small=False,
    ),
    Report(
        name="scipy-14028",
        library="SciPy",
        urls=("https://github.com/scipy/scipy/issues/14028",),
        symptom="lsqr with damping and a first guess damps the wrong vector; here the damping, 5, is in the rows",
        reported="float64",
        A=((1, 0, 1), (1, 1, 0), (0, 1, 1), (0, 0, 1), (0, 0, 1), (5, 0, 0), (0, 5, 0), (0, 0, 5)),
        b=(1, 0, 1, 0, 1, 0, 0, 0),
        small=False,
    ),
    Report(
        name="tensorflow-79157",
        library="TensorFlow",
        urls=("https://github.com/tensorflow/tensorflow/issues/79157",),
        symptom="matrix_solve_ls of random squares says one thing on a CPU and another on a GPU",
        reported="float32",
        A=(
            decimals("0.37454012 0.9507143 0.7319939 0.5986585 0.15601864"),
            decimals("0.15599452 0.05808361 0.8661761 0.601115 0.7080726"),
            decimals("0.02058449 0.96990985 0.83244264 0.21233912 0.18182497"),
            decimals("0.1834045 0.30424225 0.52475643 0.43194503 0.29122913"),
            decimals("0.6118529 0.13949387 0.29214466 0.36636186 0.45606998"),
        ),
        b=(
            decimals("0.59241456 0.04645041"),
            decimals("0.94888556 0.965632"),
            decimals("0.684233 0.4401525"),
            decimals("0.9093204 0.25877997"),
            decimals("0.54671025 0.18485446"),
        ),
        accepted=("float32",),  # the numbers are those of float32, and κ is 7e3: others have another answer
        small=False,
    ),
    Report(
        name="julia-1376",
        library="Julia",
        urls=("https://github.com/JuliaLang/julia/pull/1376",),
        symptom="a column stands twice, and the backslash answers ±1e15 where the shortest solution is −1/55 twice",
        reported="float64",
        A=tuple((1, i, i) for i in range(1, 11)),
        b=(1, 0, 0, 0, 0, 0, 1, 0, 0, 0),
        small=False,
    ),
    Report(
        name="regressionjs-87",
        library="regression-js",
        urls=("https://github.com/Tom-Alexander/regression-js/issues/87",),
        symptom="coefficients of a parabola are rounded to two decimals, and are 0, 0 and 2.47",
        reported="float64",
        A=powers(
            tuple(500 * i for i in (1, 2, 3, 4, 6, 8, 11, 12, 14, 16, 18, 24, 28, 30, 36, 40, 42, 48, 56, 60, 100)),
            2,
        ),
        b=decimals("2.5 3.0 3.0 3.3 3.6 4.0 4.8 5.0 5.0 5.5 6.0 7.0 8.0 8.0 9.0 10.0 10.0 11.0 12.0 13.0 18.0"),
        small=False,
    ),
    Report(
        name="numpy-5702",
        library="NumPy",
        urls=("https://github.com/numpy/numpy/issues/5702",),
        symptom="a line over a counter near 2³²: lstsq drops the constant, polyfit does not",
        reported="float64",
        A=tuple((t, 1) for t in COUNTERS),
        b=ELAPSED,
        accepted=("float64",),  # neighbours in float32 are 256 apart, the counters 200
        small=False,
    ),
    Report(
        name="regpoly-10",
        library="ml-regression-polynomial",
        urls=("https://github.com/mljs/regression-polynomial/issues/10",),
        symptom="a parabola over wavelengths a hundredth of a nanometre apart: normal equations, and LU finds no pivot",
        reported="float64",
        A=powers(tuple(Fraction("404.26220703125") + i * Fraction("0.011") for i in range(30)), 2),
        b=decimals(
            "1.949 1.794 1.655 1.536 1.434 1.348 1.271 1.200 1.134 1.075 1.028 0.999 0.988 0.996 1.019 "
            "1.051 1.088 1.131 1.181 1.243 1.323 1.421 1.538 1.669 1.810 1.957 2.108 2.267 2.438 2.626"
        ),
        accepted=("float64",),  # κ of columns of one size is 1e8
        small=False,
    ),
    Report(
        name="sklearn-17654",
        library="scikit-learn",
        urls=("https://github.com/scikit-learn/scikit-learn/issues/17654",),
        symptom="a polynomial of degree 9 through ten prices of houses misses them: the last column is 1e24",
        reported="float64",
        A=powers((300, 170, 288, 360, 319, 330, 520, 345, 399, 479), 9),
        b=(305_000, 270_000, 360_000, 370_000, 379_000, 405_000, 407_500, 450_000, 450_000, 485_000),
        accepted=("float64",),  # κ of columns of one size is 3e11
        small=False,
    ),
    Report(
        name="statsmodels-10126",
        library="statsmodels",
        urls=("https://github.com/statsmodels/statsmodels/issues/10126",),
        symptom="differences between the nodes of a graph, with weights: after an update of NumPy the fit is another",
        reported="float64",
        A=differences(12),
        b=decimals(
            "2 -3.9375 0.953125 -7.25 5.0625 -1.53125 1.3125 -2.1875 1.6875 -0.59375 0.078125 -0.25 -0.25 "
            "0.53125 -1.625 1.0625"
        ),
        small=False,
    ),
)
"""The later reports, from the smallest problem to the largest."""
