"""Scripts of failures: exact, short, and wrong where they say so, in a process that has their library alone."""

from __future__ import annotations

import platform
import random
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from lamm_robust import catalog
from lamm_robust.cli.main import main
from lamm_robust.keys import parse_key
from lamm_robust.runs.script import replay_scripts, scripts, that_fails, user_scripts
from lamm_robust.runs.script_end import FAILS, ended
from lamm_robust.runs.script_numbers import LISTED, number
from lamm_robust.runs.sources import imported
from lamm_robust.scoring.nonfinite import as_undefined
from lamm_robust.solvers.typed import CODE, code_of
from lamm_robust.solvers.user import Target, contract
from lamm_robust.values import PRECISIONS, SHAPES, Deficiency
from tests.support.problems import problem_of
from tests.support.scripts import outcome, run_scripts

REFERENCE = Path(__file__).parents[2] / "results/reference/records.parquet"

DRAWN = 1
"""The number of failures of each library and precision that are tried without --slow, of hundreds."""

SOMETIMES = {"torch-gelsy", "jax-dropping", "jax-normal-cholesky-vmap"}
"""Solvers of which a script may be right: one whose answers depend on memory that nobody has set (see
`solvers.torch_.lstsq`), and two that round otherwise within one compiled program, where a tenth is lost or nearly."""


@dataclass(frozen=True)
class Failure:
    """A silent failure of the reference, by its place."""

    problem: str
    variant: str

    @property
    def solver(self) -> str:
        found = catalog.find_variant(self.variant)
        return f"{found.library}-{found.algorithm}"


def failures(library: str, precision: str) -> list[Failure]:
    """The silent failures of a library in the reference, at problems that a script lists, of solvers with a text."""
    wanted = pc.field("verdict") == "wrong"
    for name, value in (("library", library), ("precision", precision), ("device", "cpu")):
        wanted &= pc.field(name) == value
    table = pq.read_table(REFERENCE, columns=["problem", "variant", "algorithm", "m", "n"], filters=wanted)
    rows = table.sort_by([("variant", "ascending"), ("problem", "ascending")]).to_pylist()
    small = [row for row in rows if row["m"] * row["n"] <= LISTED and code_of(library, row["algorithm"])]
    return [Failure(row["problem"], row["variant"]) for row in small]


def scripts_of(failure: Failure) -> list[str]:
    """The scripts of a failure, one for each right-hand side and layout: records do not say which one failed."""
    certified = catalog.truths().certify(parse_key(failure.problem))
    assert certified is not None
    variant = catalog.find_variant(failure.variant)
    return scripts(certified, variant, catalog.find_solver(variant).contract)


@pytest.mark.timeout(3600)  # all of them take minutes
@pytest.mark.parametrize("library", sorted(CODE))
def test_a_failure_shows_in_its_script(library: str, request: pytest.FixtureRequest) -> None:
    """All silent failures of the reference with up to 64 entries under --slow, else a few of each library."""
    if why := catalog.absent(catalog.LIBRARY[library], "cpu"):
        pytest.skip(str(why))
    unseen = []
    for precision in PRECISIONS:
        every = failures(library, precision)
        some = random.Random(0).sample(every, min(DRAWN, len(every)))
        chosen = every if request.config.getoption("--slow") else some
        flat = [(one, text) for one in chosen for text in scripts_of(one)]
        assert all(len(one.splitlines()) <= 20 and "lamm_robust" not in one for _, one in flat)
        found = run_scripts(library, [one for _, one in flat], 3600)
        wrong = {one for (one, _), (what, said) in zip(flat, found, strict=True) if what == "wrong" and "right" in said}
        unseen += [one for one in chosen if one not in wrong and one.solver not in SOMETIMES]
    assert not unseen


def test_a_script_is_right_where_the_solver_is() -> None:
    """Of the same problem, which normal equations lose and QR solves: one assertion fails, the other holds."""
    key = "raw A=1,1;0x1p-27,0;0,0x1p-27 b=2,1,-1 dtype=float64"
    certified = catalog.truths().certify(parse_key(key))
    assert certified is not None
    for name, expected in (("numpy-normal-inv-float64-cpu", "wrong"), ("numpy-qr-float64-cpu", "right")):
        variant = catalog.find_variant(name)
        text = scripts(certified, variant, catalog.find_solver(variant).contract)[0]
        found, said = outcome(text)
        assert found == expected or (name == "numpy-normal-inv-float64-cpu" and found.startswith("LinAlgError"))
        assert 'float.fromhex("0x1p-27")' in text
        assert expected == "wrong" or "right [134217729" in said


def test_what_fails_for_right_hand_sides_together_only_has_a_script() -> None:
    """Each b alone is solved; together, steps end when the first is."""
    certified = catalog.truths().certify(parse_key("raw A=1,0;0,0x1p-57 b=1,0;0,1 dtype=float64"))
    assert certified is not None
    variant = catalog.find_variant("numpy-qr-float64-cpu")
    made = scripts(certified, variant, catalog.find_solver(variant).contract)
    alone, together = made[:-2], made[-2:]
    assert all("x, b = x[:, " not in text for text in alone)
    assert "x, b = x[:, 1], b[:, 1]" in together[1]
    assert 'b = numpy.array([[1, 0], [0, 1]], "float64")' in together[1]
    assert [outcome(text)[0] for text in together] == ["right", "right"]
    lost = together[1].replace("x, b = ", "x[:, 1] = 0; x, b = ")
    assert outcome(lost)[0] == "wrong"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_are_exact(dtype: str) -> None:
    edges = [0.0, -0.0, 1.0, -2.5, 0.1, 1 / 3, 5e-324, 1.7976931348623157e308, 1e6, 2.0**60]
    with np.errstate(all="ignore"):
        values = np.array(edges).astype(dtype)
    for value in values[np.isfinite(values)].tolist():
        again = eval(number(value))
        assert (again, np.signbit(again)) == (value, np.signbit(value))


def test_a_larger_problem_is_packed_exactly() -> None:
    key = parse_key("spectrum m=12 n=12 mode=step log10_cond=10 residual=0.0 direction=random seed=0 dtype=float64")
    certified = catalog.truths().certify(key)
    assert certified is not None
    variant = catalog.find_variant("numpy-normal-lu-float64-cpu")
    text = scripts(certified, variant, catalog.find_solver(variant).contract)[0]
    names: dict[str, object] = {}
    exec(text[: text.index("x = ")], names)
    assert (names["A"] == certified.problem.A).all()
    assert (names["b"] == certified.problem.b).all()
    assert outcome(text)[0] == "wrong"


def test_nan_has_no_answer_in_a_script_either() -> None:
    undefined = as_undefined(problem_of([[np.nan], [1.0]], [1.0, 2.0]))
    assert undefined is not None
    target = Target("nowhere:solve", Path("/"))
    text = user_scripts(undefined, target, contract(Deficiency.MINIMUM_NORM, SHAPES))[0]
    assert 'numpy.array([[float("nan")], [1]], "float64")' in text
    assert "x = nowhere.solve(A, b)" in text


def test_what_has_no_script_is_refused_in_a_line() -> None:
    key = "raw A=1;1 b=1,2 dtype=float64 @ "
    with pytest.raises(ValueError, match="takes more than a few lines"):
        replay_scripts(key + "numpy-tsqr-float64-cpu", "auto")
    with pytest.raises(ValueError, match="is not asked: A is wide"):
        replay_scripts("raw A=1,1 b=1 dtype=float64 @ numpy-qr-float64-cpu", "auto")


@pytest.mark.parametrize(
    ("solver", "packages"),
    [("scipy-gelsd", {"numpy": "numpy", "scipy": "scipy"}), ("sklearn-linear-regression", {"sklearn": "scikit-learn"})],
)
def test_a_script_says_its_versions_and_how_the_right_answer_is_known(solver: str, packages: dict[str, str]) -> None:
    for module in packages:
        pytest.importorskip(module)
    key = "raw A=1,1;0x1p-27,0;0,0x1p-27 b=2,1,-1 dtype=float64"
    variant = catalog.find_variant(f"{solver}-float64-cpu")
    words = {"exact": "exact rational arithmetic", "verified": "proved in float64", "ball": "proved in ball arithmetic"}
    for oracle, known in words.items():
        certified = catalog.truths(oracle).certify(parse_key(key))
        assert certified is not None
        head, how, *_ = scripts(certified, variant, catalog.find_solver(variant).contract)[0].splitlines()
        assert head.startswith(f"# {key}; Python {platform.python_version()}, numpy {version('numpy')}, ")
        for module, package in packages.items():
            assert f", {module} {version(package)}" in head
        assert how.startswith("# The right answer is certified")
        assert known in how


def test_a_users_file_is_named_as_typed_with_the_libraries_that_it_imports(tmp_path: Path) -> None:
    """The file is read and not run; modules of its own, and of Python, have no version."""
    (tmp_path / "sub dir").mkdir()
    (tmp_path / "sub dir/mine.py").write_text(
        "import os, helper\nfrom scipy.linalg import lstsq\nfrom .x import y\nraise SystemExit\n"
    )
    certified = catalog.truths().certify(parse_key("raw A=1;1 b=1,2 dtype=float64"))
    assert certified is not None
    terms = contract(Deficiency.FULL_RANK_ONLY, SHAPES)
    text = user_scripts(certified, Target("sub dir/mine.py:one.solve", tmp_path), terms)[0]
    assert 'x = runpy.run_path("sub dir/mine.py")["one"].solve(A, b)' in text
    assert str(tmp_path) not in text
    assert text.splitlines()[0].endswith(f"numpy {version('numpy')}, scipy {version('scipy')}")
    (tmp_path / "package").mkdir()
    (tmp_path / "package/inner.py").write_text("import scipy\n")
    text = user_scripts(certified, Target("package.inner:solve", tmp_path), terms)[0]
    assert text.splitlines()[0].endswith(f"numpy {version('numpy')}, scipy {version('scipy')}")
    assert "numpy" in imported(Target("scipy.linalg._basic:lstsq", tmp_path))
    assert imported(Target("nowhere.at.all:solve", tmp_path)) == []
    (tmp_path / "wrong.py").write_text("def (\n")
    assert imported(Target("wrong.py:solve", tmp_path)) == []


def test_a_script_of_a_call_that_raises_says_which_exception(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import numpy as np\n\n\ndef refuse(A, b):\n    return np.linalg.solve(A.T @ A * 0, b[:2])\n\n\n"
        "def words(A, b):\n    return ['no', 'number']\n\n\ndef claim(A, b):\n    assert len(b) == 2, 'two\\nlines'\n"
    )
    certified = catalog.truths().certify(parse_key("raw A=1,0;0,1;0,0 b=1,2,0 dtype=float64"))
    assert certified is not None
    terms = contract(Deficiency.FULL_RANK_ONLY, SHAPES)

    def first_line(name: str) -> str:
        return that_fails(user_scripts(certified, Target(f"mine.py:{name}", tmp_path), terms), tmp_path).splitlines()[0]

    assert first_line("refuse") == "# with these versions the call raises numpy.linalg.LinAlgError: Singular matrix"
    assert first_line("words").startswith("# with these versions it raises ValueError: could not convert string")
    assert first_line("claim") == "# with these versions the call raises AssertionError: two"


RAISES = """import atexit, os, sys

def group(A, b):
    try:
        raise KeyError("first")
    except KeyError as error:
        raise ExceptionGroup("two faults", [error, ValueError("second")])

def noted(A, b):
    error = RuntimeError("a pool failed")
    error.add_note("Traceback (most recent call last):\\nValueError: in another process")
    raise error

def silent(A, b):
    raise RuntimeError

def leaves(A, b):
    sys.exit(0)

def quits(A, b):
    print("done")
    os._exit(0)

def breaks(A, b):
    os._exit(7)

def late(A, b):
    atexit.register(os._exit, 7)
    return [0.0] * A.shape[1]

def deaf(A, b):
    sys.stdout.close()
    os.close(1)
    os.close(2)
    sys.excepthook = sys.__excepthook__
    raise RuntimeError("unheard")
"""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("group", "the call raises ExceptionGroup: two faults (2 sub-exceptions)"),
        ("noted", "the call raises RuntimeError: a pool failed"),
        ("silent", "the call raises RuntimeError"),
        ("leaves", "the process ends with exit code 0"),
        ("quits", "the process ends with exit code 0"),
        ("breaks", "the process ends with exit code 7"),
        ("late", "the process ends with exit code 7"),
        ("deaf", "the call raises RuntimeError: unheard"),
    ],
)
def test_a_script_that_ends_before_its_assertion_says_how(name: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(RAISES)
    certified = catalog.truths().certify(parse_key("raw A=1,0;0,1;0,0 b=0,0,0 dtype=float64"))
    assert certified is not None
    made = user_scripts(certified, Target(f"mine.py:{name}", tmp_path), contract(Deficiency.MINIMUM_NORM, SHAPES))
    assert that_fails(made, tmp_path) == f"# with these versions {said}\n{made[0]}"


def test_a_script_may_do_what_it_likes_with_outputs_and_hooks(tmp_path: Path) -> None:
    meddles = (
        "import builtins, os, sys\nprint('{}', [1])\nsys.excepthook = None\nsys.stdout.close()\nos.close(1)\n"
        "os.close(2)\nbuiltins.print = sys.argv = None\n"
    )
    assert ended(meddles, tmp_path) == ""
    assert ended(f"{meddles}assert False\n", tmp_path) == FAILS
    assert ended(f"{meddles}1 / 0\n", tmp_path) == "it raises ZeroDivisionError: division by zero"
    assert ended("def (\n", tmp_path) == "it raises SyntaxError: invalid syntax"


def test_of_several_problems_the_worst_is_the_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(
        "import numpy as np\n\n\ndef solve(A, b):\n    return np.linalg.solve(A.T @ A, A.T @ b)\n"
    )
    passes, refused, wrong = (
        "raw A=1;1 b=1,2 dtype=float64",
        "raw A=1,1;0x1p-27,0;0,0x1p-27 b=2,1,-1 dtype=float64",
        "spectrum m=4 n=2 mode=geometric log10_cond=8 residual=1e-12 direction=random seed=0 dtype=float64",
    )

    def script(*keys: str) -> Result:
        only = [word for key in keys for word in ("--only", key)]
        return CliRunner().invoke(main, ["check", "mine.py:solve", "--contract", "full_rank_only", *only, "--script"])

    worst = script(passes, refused, wrong)
    head, rest = worst.stdout.split("\n", 1)
    assert (worst.exit_code, head) == (1, f"# the worst of 3 problems is {wrong}: wrong")
    assert len(worst.stdout.splitlines()) <= 20
    assert script(wrong).stdout == rest
    assert outcome(rest)[0] == "wrong"
    assert script(passes, refused).stdout.startswith(
        f"# the worst of 2 problems is {refused}: refused\n# with these versions the call raises numpy.linalg.LinAlg"
    )
    assert script(passes, passes.replace("1,2", "1,3")).exit_code == 0
    assert script().stderr == "lamm-robust: --script is of a problem; say which with --only KEY\n"


def test_the_script_that_fails_is_chosen(tmp_path: Path) -> None:
    """Of several right-hand sides and layouts, the one that shows it; where none does, a comment says so."""
    right, wrong = "assert True\n", "assert False\n"
    assert that_fails([right, "raise ValueError('AssertionErr')\n", wrong], tmp_path) == wrong
    none = "# no assertion fails here, with these versions: it asks for one correct digit\n"
    assert that_fails([right], tmp_path) == none + right
    (tmp_path / "mine.py").write_text("def solve(A, b):\n    return A.T @ b if A.flags.f_contiguous else A.T @ b * 3\n")
    certified = catalog.truths().certify(parse_key("raw A=1,0;0,1;0,0 b=1,2,0 dtype=float64"))
    assert certified is not None
    terms = contract(Deficiency.FULL_RANK_ONLY, SHAPES)
    made = user_scripts(certified, Target("mine:solve", tmp_path), terms)
    assert len(made) == 3
    assert "import math, numpy, mine" in made[0]
    assert that_fails(made, tmp_path) == made[0]
    assert that_fails(made[1:2], tmp_path).startswith("# no assertion fails")


@pytest.mark.parametrize(("entry", "shows"), [(0.0, False), (3.0, True)])
@pytest.mark.parametrize("key", ["raw A=1,2;3,4;5,6 b=0,0,0", "degenerate m=0 n=3 matrix=zero target=zero seed=0"])
def test_of_b_that_is_zero_any_other_x_is_wrong(key: str, entry: float, shows: bool, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(f"def solve(A, b):\n    return [{entry}] * A.shape[1]\n")
    certified = catalog.truths().certify(parse_key(f"{key} dtype=float64"))
    assert certified is not None
    made = user_scripts(certified, Target("mine.py:solve", tmp_path), contract(Deficiency.MINIMUM_NORM, SHAPES))
    first = that_fails(made, tmp_path).splitlines()[0]
    assert first.startswith("# no assertion fails here" if not shows else f"# {key}")
