"""Who is hunted: a solver of the catalog, or a function of the user's own."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lamm_robust import catalog
from lamm_robust.defaults import FIRST_SECONDS
from lamm_robust.keys import parse_key
from lamm_robust.runs.script import replay_scripts, that_fails, user_scripts
from lamm_robust.solvers import user
from lamm_robust.values import Deficiency, Library, Precision, Record, Shape, Solver, Variant


@dataclass(frozen=True)
class Quarry:
    """A solver, the library that it is in, and what repeats an attempt of it."""

    variant: Variant
    library: Library
    name: str
    """What to call it."""
    command: Callable[[Record], str]
    """The command that repeats an attempt."""
    script: Callable[[Record], str]
    """An attempt as a script without us that fails where its answer is wrong; ValueError if it has none."""
    first_seconds: float = 0.0
    """Time limit of a first call, which may compile; 0 if it is that of any call."""

    @property
    def solver(self) -> Solver:
        """The solver itself, with its contract."""
        return next(one for one in self.library.solvers if one.algorithm == self.variant.algorithm)


def known(name: str) -> Quarry:
    """The solver of the catalog that a name is of; ValueError for an unknown one, or one that is not found here."""
    variant = catalog.find_variant(name)
    library = catalog.LIBRARY[variant.library]
    if reason := catalog.absent(library, variant.device):
        raise ValueError(f"{variant}: {reason.sentence}")
    return Quarry(
        variant,
        library,
        str(variant),
        command=lambda found: f"lamm-robust replay {found.key!r}",
        script=lambda found: that_fails(replay_scripts(found.key, "auto"), Path.cwd()),
    )


def own(target: user.Target, contract: Deficiency, shapes: tuple[Shape, ...], precision: Precision) -> Quarry:
    """A function of the user's own, on the CPU, held to a contract."""
    promised = user.contract(contract, shapes)
    options = ["--contract", str(contract)] if contract is not Deficiency.MINIMUM_NORM else []
    words = [str(target), *options, "--shapes", ",".join(shapes)]
    command = f"lamm-robust check {shlex.join(words)} --only"
    library = user.library(target, promised)

    def script(found: Record) -> str:
        certified = catalog.truths().certify(parse_key(found.problem))
        assert certified, "what was judged is certified"
        return that_fails(user_scripts(certified, target, promised), target.home)

    return Quarry(
        Variant(user.NAME, target.function, precision, "cpu"),
        library,
        f"{target} in {precision}",
        command=lambda found: f'{command} "{found.problem}"',
        script=script,
        first_seconds=FIRST_SECONDS,
    )
