"""A solver of the user's own, named ``package.module:function`` or ``path/to/file.py:function``.

It is imported in its worker process and nowhere else, so that no import can hurt the check. What it was named is handed
there in two environment variables. It takes A and b as NumPy arrays and returns x, or something that holds it.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import operator
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lamm_robust.solvers import host
from lamm_robust.values import Array, Contract, Deficiency, Device, Library, Shape, Solve, Solver

NAME = "yours"
"""The library that a target is the one solver of."""

EXPECTED = "expected package.module:function or path/to/file.py:function"

TARGET, HOME = "LAMM_ROBUST_TARGET", "LAMM_ROBUST_TARGET_HOME"
"""Environment variables of the worker: the target as it was named, and the directory in which it was."""

REFUSALS = ("LinAlgError", "ValueError", "NotImplementedError")
"""Exceptions by which solvers say that they will not answer; any other is a crash."""


@dataclass(frozen=True)
class Target:
    """Where a function is to be found."""

    text: str
    """As it was named."""
    home: Path
    """The directory in which it was named, from which it is imported and in which it is called."""

    def __str__(self) -> str:
        return self.text

    @property
    def place(self) -> str:
        """A module, or a file that ends in .py."""
        return self.text.rpartition(":")[0]

    @property
    def function(self) -> str:
        """The name of the function in it, or of a method of an object in it, with dots."""
        return self.text.rpartition(":")[2]

    @property
    def path(self) -> Path | None:
        """The file, or None for a module."""
        return (self.home / self.place).resolve() if self.place.endswith(".py") else None


def parse_target(text: str, home: Path) -> Target:
    """The target of that name; ValueError if it is none, or its file is not there."""
    target = Target(text, home)
    names = [*([] if target.path else target.place.split(".")), *target.function.split(".")]
    if not all(name.isidentifier() for name in names):
        raise ValueError(f"'{text}' names no function; {EXPECTED}")
    if target.path and not target.path.is_file():
        raise ValueError(f"there is no file '{target.place}', which '{text}' names")
    return target


def library(target: Target, contract: Contract, solve: Solve | None = None) -> Library:
    """The library with this one solver; only the one in a worker can solve."""
    return Library(
        name=NAME,
        module="numpy",
        devices=("cpu", "gpu"),
        environment=lambda _, device: {**environment(device), TARGET: target.text, HOME: str(target.home)},
        put=host.put,
        wait=host.wait,
        state=state,
        forks=False,  # nobody knows what its import starts
        solvers=(Solver(target.function, target.text, contract, solve or _elsewhere),),
    )


def _elsewhere(*_: Array) -> tuple[Any, Any]:
    raise RuntimeError("a target is only called in its worker")


def contract(deficiency: Deficiency, shapes: tuple[Shape, ...]) -> Contract:
    """What the user says that the solver promises; its rank rule is its own affair."""
    return Contract(deficiency, "a rule of its own", shapes, REFUSALS)


def environment(device: Device) -> Mapping[str, str]:
    """A check on the CPU hides the GPU; precision is the solver's own affair, as it will be in use."""
    hidden = {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
    return hidden if device == "cpu" else {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}


def state() -> dict[str, object]:
    """What every worker watches, and JAX's settings if the target has imported JAX."""
    jax = sys.modules.get("jax")
    return host.state() | ({name: getattr(jax.config, name) for name in host.JAX_SETTINGS} if jax else {})


def from_environment() -> Library:
    """The library of the target that the environment names; ends this process with one line if it cannot be had."""
    target = parse_target(os.environ[TARGET], Path(os.environ[HOME]))
    return library(target, contract(Deficiency.MINIMUM_NORM, ()), paired(load(target)))


def load(target: Target) -> Callable[[Array, Array], Any]:
    """Import the function, as Python started in its home would; SystemExit with one line if that fails."""
    os.chdir(target.home)
    sys.path.insert(0, str(target.path.parent if target.path else target.home))
    try:
        module = _from_file(target.path) if target.path else importlib.import_module(target.place)
    except BaseException as error:  # a module may do anything, such as to end Python
        raise SystemExit(_said(error)) from None
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


def _said(error: BaseException) -> str:
    """An exception in one line, with the last line of the user's own code that led to it."""
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


def paired(function: Callable[[Array, Array], Any]) -> Solve:
    """The function as a solver: it returns x in NumPy's arrays, so that the answer is there, and a rank or None."""
    return lambda A, b: answer(function(A, b))


def answer(result: Any) -> tuple[Array, int | None]:
    """x in NumPy's array and the rank, if that is a whole number, from what a solver returned: see `parts`."""
    x, rank = parts(result)
    return np.asarray(x), _whole(rank)


def parts(result: Any) -> tuple[Any, Any]:
    """x and the rank, or None for it, in what a solver returned.

    x is the result itself, its attribute `x` or `solution`, or the first item of a tuple. The rank is its attribute
    `rank`, or the third item of four, as the `lstsq` of NumPy, SciPy and JAX have it: a whole number elsewhere may as
    well count iterations or errors.
    """
    for name in ("x", "solution"):
        if hasattr(result, name) and not isinstance(result, np.ndarray):
            return getattr(result, name), getattr(result, "rank", None)
    if isinstance(result, tuple) and result:
        return result[0], result[2] if len(result) == 4 else None
    return result, None


def _whole(value: Any) -> int | None:
    """A whole number, or None for anything else."""
    number = np.asarray(value)
    return int(number) if number.ndim == 0 and number.dtype.kind in "iu" else None
