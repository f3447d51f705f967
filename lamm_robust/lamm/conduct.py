"""Conduct a study of LAMM: one process for each precision, one after the other, whose results go to a directory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from lamm_robust import catalog
from lamm_robust.lamm.page import page, rest
from lamm_robust.lamm.plot import plots
from lamm_robust.lamm.records import (
    BASELINE,
    COURSES,
    PROFILES,
    TARGETS,
    Course,
    Member,
    Race,
    Run,
    Size,
    Task,
    load,
    parse_run,
    tasks,
)
from lamm_robust.provenance import commit, processor, versions
from lamm_robust.storage.files import refuse_other_versions, write_text
from lamm_robust.values import PRECISIONS, Device, HarnessError, Precision, StoreError
from lamm_robust.workers.process import THREADS, last_words

FOUND = "lamm.jsonl"
"""The file with a line of JSON for each run and race, after one that says where they were measured."""

REST = "runs.md"
"""The page of every number, beside lamm.md."""

UNFINISHED = "lamm.unfinished.jsonl"
"""What `FOUND` is called until it is complete: a study that is stopped leaves it, and an earlier one stays whole."""


@dataclass(frozen=True)
class Study:
    """The meshes, solvers, targets, precisions and races of a study."""

    sizes: tuple[Size, ...]
    members: tuple[Member, ...] | None
    """Those of each size, if None."""
    targets: tuple[str, ...]
    precisions: tuple[Precision, ...]
    courses: tuple[Course, ...]
    device: Device = "cpu"

    def tasks(self) -> list[Task]:
        """The tasks of each precision."""
        return tasks(self.sizes, self.members, self.targets)

    def planned(self) -> int:
        """The number of runs and races, at all precisions together."""
        runs = sum(len(task.targets) * task.starts for task in self.tasks())
        return len(self.precisions) * (runs + len(self.courses))


def study(
    profile: str,
    modes: Sequence[int] = (),
    targets: Sequence[str] = (),
    solvers: Sequence[str] = (),
    precisions: Sequence[Precision] = (),
    device: Device = "cpu",
) -> Study:
    """The study of a profile, or of the named part of it; ValueError for a name that the profile does not have."""
    sizes = PROFILES[profile]
    for name, asked, known in (
        ("--modes", modes, [size.modes for size in sizes]),
        ("--target", targets, TARGETS),
    ):
        if wrong := [value for value in asked if value not in known]:
            raise ValueError(f"{name} {wrong[0]}: the {profile} profile has {', '.join(map(str, known))}")
    names = tuple(dict.fromkeys(full_name(solver) for solver in solvers))
    rules = {True: ("library",), False: ("capped", "damped")}
    members = tuple((solver, rule) for solver in names for rule in rules[solver == BASELINE]) or None
    kept = tuple(size for size in sizes if not modes or size.modes in modes)
    narrowed = bool(targets or solvers)  # races have a target and a solver of their own
    courses = tuple(c for c in COURSES[profile] if not narrowed and (not modes or c.modes in modes))
    if reason := catalog.absent(catalog.LIBRARY["jax"], device):
        raise ValueError(f"--device {device}: {reason}")
    chosen = tuple(target for target in TARGETS if not targets or target in targets)
    return Study(kept, members, chosen, tuple(precisions) or PRECISIONS, courses, device)


def full_name(solver: str) -> str:
    """Check that `solver` (library-algorithm) is known and installed, and return it unchanged; else ValueError."""
    if solver == BASELINE:
        return solver
    known = {f"{library.name}-{s.algorithm}": library for library in catalog.LIBRARY.values() for s in library.solvers}
    if solver not in known:
        raise catalog.unknown("solver", solver, known)
    if reason := catalog.absent(known[solver], "cpu"):
        raise ValueError(f"solver '{solver}': {reason}")
    return solver


def conduct(asked: Study, directory: Path, on_run: Callable[[], None]) -> tuple[list[Run], list[Race]]:
    """Run a study, write its files, and return its runs and races, with a call of `on_run` for each.

    HarnessError if a process ends early; ValueError if the directory cannot be made.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"--out {directory}: expected a directory ({error.strerror or error})") from error
    where = {"kind": "Where", "planned": asked.planned(), "processor": processor(), "commit": commit(), **versions()}
    with (directory / UNFINISHED).open("w", encoding="utf-8", buffering=1) as kept:
        for precision in asked.precisions:
            for line in _lines(asked, precision):
                if json.loads(line)["kind"] != "Hello":
                    on_run()
                    kept.write(line)
                elif precision == asked.precisions[0]:  # the others find the same device
                    kept.write(json.dumps(where | {"device": json.loads(line)["device"]}) + "\n")
    (directory / UNFINISHED).replace(directory / FOUND)
    return rewrite(directory)


def rewrite(directory: Path) -> tuple[list[Run], list[Race]]:
    """Write the page and the plots of a directory from its lines, and return them; StoreError if there are none.

    The lines of a study that was stopped are taken where there is no finished one.
    """
    path = directory / (FOUND if (directory / FOUND).exists() else UNFINISHED)
    try:
        where, *lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        raise StoreError(f"'{directory / FOUND}' does not hold a study of LAMM") from None
    with refuse_other_versions(path):
        found = [load(line) for line in lines]
        facts = dict(json.loads(where))
    runs, races = [one for one in found if isinstance(one, Run)], [one for one in found if isinstance(one, Race)]
    drawn = plots(runs)
    for name, svg in drawn.items():
        write_text(directory / name, svg)
    for old in directory.glob("lamm-*-*.svg"):
        if old.name not in drawn:
            old.unlink()
    write_text(directory / "lamm.md", page(runs, facts | {"made": len(found)}, list(drawn)))
    write_text(directory / REST, rest(runs, races))
    return runs, races


def repeat(words: str) -> Run:
    """Make the one run that `Run.words` names once more; ValueError for words that name none."""
    task, precision = parse_run(words)
    full_name(task.solver)
    asked = Study((), None, (), (precision,), ())
    found = [load(line) for line in _lines(asked, precision, [task]) if json.loads(line)["kind"] == "Run"]
    assert isinstance(found[0], Run)
    return found[0]


def _lines(asked: Study, precision: Precision, only: Sequence[Task] | None = None) -> Iterator[str]:
    """The lines of the process of one precision, as it writes them: of all tasks of the study, or of some only."""
    environment = catalog.LIBRARY["jax"].environment(precision, asked.device)
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            [sys.executable, "-m", "lamm_robust.lamm.child", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=os.environ | THREADS | dict(environment),
            cwd=Path(__file__).parents[2],
            text=True,
        ) as process,
    ):
        assert process.stdin
        assert process.stdout
        try:
            tasks = [asdict(task) for task in (asked.tasks() if only is None else only)]
            json.dump({"tasks": tasks, "courses": [asdict(course) for course in asked.courses]}, process.stdin)
            process.stdin.close()
            yield from (line for line in process.stdout if line.startswith("{"))  # a library may print
            if process.wait():
                raise HarnessError(f"the process for {precision} ended early; {last_words(errors)}")
        except BrokenPipeError:
            raise HarnessError(f"the process for {precision} did not start; {last_words(errors)}") from None
        finally:
            process.kill()  # it holds nothing that could be lost
