"""A solver of the user's own, named ``package.module:function`` or ``path/to/file.py:function``.

The function is imported in its worker process and nowhere else: a check survives whatever an import does.
Environment variables tell the worker where it is, and what it promises. It takes A and b as NumPy arrays and returns x,
or something that holds x; `results` says what that may be.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import json
import operator
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lamm_robust.solvers import host
from lamm_robust.solvers.calling import USUAL, Calling
from lamm_robust.solvers.contracts import share
from lamm_robust.solvers.differentiation import compiled_where_possible, jax_ways, torch_ways
from lamm_robust.solvers.numbers import number_in, with_b
from lamm_robust.solvers.results import as_numbers, item_fault, parts, whole
from lamm_robust.solvers.signature import why_not_callable
from lamm_robust.values import (
    REAL_OF,
    SHAPES,
    Array,
    Contract,
    Deficiency,
    Device,
    Differentiate,
    FormError,
    Library,
    Number,
    Shape,
    Solve,
    Solver,
)

NAME = "yours"
"""The name of the library whose only solver is the user's own."""

EXPECTED = "expected package.module:function or path/to/file.py:function"

TARGET, HOME, TERMS = "LAMM_ROBUST_TARGET", "LAMM_ROBUST_TARGET_HOME", "LAMM_ROBUST_TARGET_TERMS"
"""Environment variables of the worker: the text and the home of a `Target`, and what of its contract an attempt
depends on, as JSON."""

REFUSALS = ("LinAlgError", "ValueError")
"""Exceptions by which a solver of the user's own may refuse a problem, with their subclasses and those that the user
names; any other is a crash. NotImplementedError is neither: it says that the solver is not for this problem."""


@dataclass(frozen=True)
class Target:
    """The place of the user's function."""

    text: str
    """The target as the user wrote it: ``package.module:function`` or ``path/to/file.py:function``."""
    home: Path
    """The directory that the user was in: modules are imported in it, and from there."""

    def __str__(self) -> str:
        return self.text

    @property
    def place(self) -> str:
        """The module, or the file that ends in .py, that holds the function."""
        return self.text.rpartition(":")[0]

    @property
    def function(self) -> str:
        """The name of the function, with dots if it is a method of an object."""
        return self.text.rpartition(":")[2]

    @property
    def path(self) -> Path | None:
        """The file that holds the function, or None if a module does."""
        return (self.home / self.place).resolve() if self.place.endswith(".py") else None


def parse_target(text: str, home: Path) -> Target:
    """The target that the text names; ValueError if it names none, or its file is not there."""
    target = Target(text, home)
    names = [*([] if target.path else target.place.split(".")), *target.function.split(".")]
    if not all(name.isidentifier() for name in names):
        raise ValueError(f"'{text}' names no function; {EXPECTED}")
    if target.path and not target.path.is_file():
        raise ValueError(f"there is no file '{target.place}', which '{text}' names")
    return target


Ways = Callable[[Solver], Mapping[str, Differentiate]]
"""Solver → the ways in which it is differentiated."""


def library(
    target: Target,
    contract: Contract,
    solve: Solve | None = None,
    calling: Calling = USUAL,
    differentiate: Ways | None = None,
) -> Library:
    """The library whose only solver is the target; without `solve` it can be listed, but not called."""
    return Library(
        name=NAME,
        module="numpy",
        devices=("cpu", "gpu"),
        environment=lambda precision, device: {
            **environment(device),
            **({"JAX_ENABLE_X64": str(int(REAL_OF[precision] == "float64"))} if calling.arrays == "jax" else {}),
            TARGET: target.text,
            HOME: str(target.home),
            TERMS: json.dumps(
                {
                    "refuses": contract.errors,
                    "strict": contract.exact_dtype,
                    "returns": contract.returns,
                    "penalty": contract.penalty,
                    "calling": asdict(calling),
                }
            ),
        },
        place_of=partial(place_of, target),
        put=host.put,
        wait=host.wait,
        state=state,
        forks=False,  # nobody knows what its import starts
        foreign=True,
        differentiate=differentiate,
        solvers=(Solver(target.function, target.text, contract, solve or _elsewhere),),
    )


def _elsewhere(*_: Array) -> tuple[Any, Any]:
    raise RuntimeError("a target is only called in its worker")


def contract(
    deficiency: Deficiency,
    shapes: tuple[Shape, ...],
    refuses: tuple[str, ...] = (),
    *,
    one_right_side: bool = False,
    columns: int | None = None,
    strict: bool = False,
    cutoff: float | None = None,
    returns: Number = Number.X,
    penalty: float | None = None,
) -> Contract:
    """The contract that the user claims for the solver, whose rank rule nobody else knows.

    `refuses` are names of exceptions beside `REFUSALS`; `strict` asks for the dtype of A to the letter; singular values
    up to `cutoff`·σ₁ may be taken for zero; `returns` is what it returns; `penalty` is the λ of a ridge problem.
    """
    return Contract(
        deficiency,
        "a rule of its own",
        shapes,
        (*REFUSALS, *refuses),
        one_right_side=one_right_side,
        columns=columns,
        exact_dtype=strict,
        cutoff=None if cutoff is None else share(cutoff),
        returns=returns,
        real_only="",
        penalty=penalty,
    )


def usual_shapes(deficiency: Deficiency) -> tuple[Shape, ...]:
    """The shapes that a solver takes unless the user says: all, or tall and square if it is for full rank only."""
    return ("tall", "square") if deficiency is Deficiency.FULL_RANK_ONLY else SHAPES


def environment(device: Device) -> Mapping[str, str]:
    """Environment variables that hide the GPU from a check on the CPU; the solver sets its precision itself."""
    hidden = {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
    return hidden if device == "cpu" else {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}


def state() -> dict[str, object]:
    """The settings that every worker watches, and those of JAX if the target has imported it."""
    jax = sys.modules.get("jax")
    return host.state() | ({name: getattr(jax.config, name) for name in host.JAX_SETTINGS} if jax else {})


def from_environment() -> Library:
    """The library of the target that the environment names; SystemExit with one line if it cannot be used."""
    target = parse_target(os.environ[TARGET], Path(os.environ[HOME]))
    terms = json.loads(os.environ[TERMS])
    returns = Number(terms["returns"])
    promised = contract(Deficiency.MINIMUM_NORM, (), tuple(terms["refuses"]), strict=terms["strict"], returns=returns)
    calling = Calling(**terms["calling"])
    found = load(target)
    if fault := why_not_callable(target.function, found, returns, ridge=terms["penalty"] is not None):
        raise SystemExit(fault)
    function = with_penalty(found, terms["penalty"])
    try:
        solve = as_solve(function, strict=promised.exact_dtype, calling=calling, returns=returns)
    except ImportError as error:
        raise SystemExit(f"--arrays {calling.arrays}: {error}") from None
    return library(target, promised, solve, calling, ways_of(function, calling))


def ways_of(function: Callable[[Array, Array], Any], calling: Calling) -> Ways | None:
    """How the function is differentiated if it takes arrays of JAX or PyTorch, and one problem at a time; else None.

    It is compiled where it can be: one that looks at numbers cannot.
    """

    def x(A: Any, b: Any) -> Any:
        return parts(function(A, b))[0]

    found: dict[str, Ways] = {
        "jax": lambda solver: compiled_where_possible(jax_ways(x, solver.contract.deficiency)),
        "torch": lambda solver: torch_ways(x, solver.contract.deficiency),
    }
    return None if calling.batched else found.get(calling.arrays)


def load(target: Target) -> Callable[[Array, Array], Any]:
    """The function, imported as by a Python that starts in its home; SystemExit with one line if that fails."""
    os.chdir(target.home)
    sys.path.insert(0, str(target.path.parent if target.path else target.home))
    try:
        module = _from_file(target.path) if target.path else importlib.import_module(target.place)
    except BaseException as error:  # a module may do anything, such as to end Python
        raise SystemExit(_describe(error)) from None
    try:
        function: Callable[[Array, Array], Any] = operator.attrgetter(target.function)(module)
    except AttributeError:
        there = [name for name, value in vars(module).items() if callable(value)]
        near = difflib.get_close_matches(target.function, there, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise SystemExit(f"there is no '{target.function}' in it{hint}") from None
    if not callable(function):
        raise SystemExit(f"'{target.function}' is no function, but of type {type(function).__name__}")
    return function


def _describe(error: BaseException) -> str:
    """The exception in one line, with the place in the user's own code that led to it."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith("<frozen")]
    own = [f for f in frames if Path(f.filename) not in (Path(__file__), Path(importlib.__file__))]
    where = f" ({own[-1].filename}, line {own[-1].lineno})" if own else ""
    return " ".join(f"{type(error).__name__}: {error}".split()) + where


def _from_file(path: Path) -> Any:
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    sys.modules.setdefault(path.stem, module)  # dataclasses and the like look their module up
    specification.loader.exec_module(module)
    return module


def place_of(target: Target, error: BaseException) -> str:
    """The file and the line of the user's own code that led to an exception, in words; empty if there is none."""
    homes = [str(home) for home in (target.home, target.path and target.path.parent) if home]
    frames = [f for f in traceback.extract_tb(error.__traceback__) if any(f.filename.startswith(h) for h in homes)]
    own = [f for f in frames if "site-packages" not in f.filename]
    return f"{Path(own[-1].filename).name}, line {own[-1].lineno}" if own else ""


def with_penalty(function: Callable[..., Any], penalty: float | None) -> Callable[..., Any]:
    """The function as one of A and b: one for ridge problems is called as f(A, b, λ)."""
    return function if penalty is None else lambda A, b: function(A, b, penalty)


def as_solve(
    function: Callable[..., Any], *, strict: bool = False, calling: Calling = USUAL, returns: Number = Number.X
) -> Solve:
    """The function as a solver of x as a NumPy array, so that it is really there, and the rank if it is an integer.

    Of a function that returns another number, that number stands in the place of x.

    If it is `strict`, x is taken as it came: of whatever form is no array of the dtype and shape asked for is a fault.
    ImportError if it wants arrays of a library that is not installed. Solving raises `FormError` if the first item of a
    tuple, which is taken for x, has another shape than x.
    """
    called = calling.wrap(with_b(returns, function))
    if returns is not Number.X:
        return lambda A, b: (number_in(returns, called(A, b), A), None)

    def solve(A: Array, b: Array) -> tuple[Array, int | None]:
        result = called(A, b)
        x, rank = parts(result)
        found = np.asarray(x) if strict else as_numbers(x, A, b)
        if fault := item_fault(result, found.shape, (A.shape[1], *b.shape[1:])):
            raise FormError(fault)
        return found, whole(rank)

    return solve
