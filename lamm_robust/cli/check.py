"""The command `check`: what is asked on the command line, and where the verdict goes."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from lamm_robust.cli.options import SECONDS
from lamm_robust.defaults import CASE_MEMORY, CHECK_SECONDS, FIRST_SECONDS, Exit
from lamm_robust.storage.files import require_place, write_text
from lamm_robust.terminal import say
from lamm_robust.text import json_text
from lamm_robust.values import (
    ARRAYS,
    CLASS_REQUIREMENTS,
    DEVICES,
    EVERY_PRECISION,
    NUMBER_REQUIREMENTS,
    NUMBERS,
    PRECISIONS,
    PROFILES,
    RIDGE,
    SHAPES,
    SUITE,
    Deficiency,
    Device,
    Number,
    Precision,
    Shape,
)

if TYPE_CHECKING:
    from lamm_robust.check.judgement import Judgement
    from lamm_robust.check.terms import Terms
    from lamm_robust.solvers.user import Target

PLACE = click.Path(path_type=Path, dir_okay=False)


@click.command(short_help="A verdict on a solver of your own.")
@click.argument("target")
@click.option(
    "--contract",
    type=click.Choice([*(contract.value for contract in Deficiency), *(number.value for number in NUMBERS), RIDGE]),
    default="minimum_norm",
    show_default=True,
    help="What it promises: which x, or another number than x.",
)
@click.option("--lam", type=float, metavar="LAMBDA", help="λ of --contract ridge: it is called as f(A, b, LAMBDA).")
@click.option("--shapes", metavar="LIST", help="Of tall,wide,square.  [default: all; no wide for full_rank_only]")
@click.option("--precision", type=click.Choice([*EVERY_PRECISION, "all"]), default="float64", show_default=True)
@click.option("--device", type=click.Choice(DEVICES), default="cpu", show_default=True, help="`cpu` hides the GPU.")
@click.option("--profile", type=click.Choice([p.name for p in PROFILES[:2]]), default="small", show_default=True)
@click.option("--family", "families", multiple=True, metavar="GLOB", help="Only these families; repeatable.")
@click.option("--one-right-side", is_flag=True, help="It takes b of length m only, not m×k.")
@click.option("--columns", type=click.IntRange(1), metavar="N", help="It takes matrices of N columns only.")
@click.option("--max-cond", type=click.FloatRange(1), metavar="K", help="It promises something up to κ = K only.")
@click.option("--refuses", metavar="LIST", help="Exceptions by which it refuses, beside LinAlgError and ValueError.")
@click.option("--beside", multiple=True, metavar="SOLVER", help="Compare it with this, too: a name, or a TARGET.")
@click.option("--strict", is_flag=True, help="x must be an array of A's dtype and the right shape, to the letter.")
@click.option("--arrays", type=click.Choice(ARRAYS), default="numpy", show_default=True, help="Whose arrays it takes.")
@click.option("--batched", is_flag=True, help="It takes several A and b at once, on a first axis.")
@click.option("--derivative", is_flag=True, help="Differentiate it, too, at problems of their own: JAX, PyTorch.")
@click.option("--cutoff", type=click.FloatRange(0, 1, max_open=True), metavar="C", help="It takes σ ≤ C·σ₁ for zero.")
@click.option("--require", type=click.Choice(CLASS_REQUIREMENTS), help="Exit with 1 unless this holds.")
@click.option("--expect", type=PLACE, metavar="FILE", help="Failures that are known, with reasons, as TOML.")
@click.option("--allow", metavar="LIST", help="Of silent,ranks,declined: what --require need not forbid.")
@click.option("--json", "out", metavar="FILE", help="Write the verdict as JSON too; `-` prints it instead of the page.")
@click.option("--html", type=PLACE, metavar="FILE", help="Also write a page.")
@click.option("--junit", type=PLACE, metavar="FILE", help="Also write JUnit XML, a test for each problem.")
@click.option("--markdown", type=PLACE, metavar="FILE", help="Also write a summary, such as of a CI job.")
@click.option("--badge", type=PLACE, metavar="FILE", help="Also write the class as an SVG badge.")
@click.option("--suite", metavar="VERSION", help=f"Refuse to judge by another suite than this.  [this is {SUITE}]")
@click.option(
    "--only",
    multiple=True,
    metavar="KEY",
    help="Only the problem of this key, in full; exit with 1 if it fails. Repeatable; @FILE has one key a line.",
)
@click.option("--script", is_flag=True, help="Print the problem of --only, or the worst, as a short script without us.")
@click.option("--case-seconds", type=SECONDS, default=CHECK_SECONDS, show_default=True)
@click.option("--first-seconds", type=SECONDS, default=FIRST_SECONDS, show_default=True, help="For a first call.")
@click.option("--seconds", type=SECONDS, help="For all attempts together: what was done by then is judged.")
@click.option(
    "--case-memory", type=click.IntRange(1, 1 << 24), default=CASE_MEMORY >> 20, show_default=True, help="In MiB."
)
def check(
    target: str,
    contract: str,
    lam: float | None,
    shapes: str | None,
    precision: str,
    device: str,
    profile: str,
    families: tuple[str, ...],
    one_right_side: bool,
    columns: int | None,
    max_cond: float | None,
    beside: tuple[str, ...],
    refuses: str | None,
    strict: bool,
    arrays: Any,
    batched: bool,
    derivative: bool,
    cutoff: float | None,
    require: Any,
    expect: Path | None,
    allow: str | None,
    out: str | None,
    only: tuple[str, ...],
    script: bool,
    suite: str | None,
    case_seconds: float,
    first_seconds: float,
    seconds: float | None,
    case_memory: int,
    **written: Path | None,
) -> None:
    """A verdict on your own solver TARGET: package.module:function or path/to/file.py:function.

    The function takes NumPy arrays A and b and returns x. Exit code 0 if what is required holds, or nothing is.
    """
    from lamm_robust.catalog import find_variant
    from lamm_robust.check.expected import read_expected
    from lamm_robust.check.only import read_keys
    from lamm_robust.check.pinned import require_suite
    from lamm_robust.check.terms import ALLOWANCES, Terms
    from lamm_robust.solvers import user

    require_suite(suite)
    found_target = user.parse_target(target, Path.cwd())
    if out and out != "-":
        require_place("--json", Path(out))
    if only and seconds is not None:
        raise ValueError("--seconds is about a profile; --only has --case-seconds")
    places = {name: place for name, place in written.items() if place}
    about_a_profile = [*places, *(["expect"] if expect else [])]
    if only and about_a_profile:
        raise ValueError(f"--{about_a_profile[0]} is about a profile; --only names single problems")
    for name, place in places.items():
        require_place(f"--{name}", place)
    _check_derivative(asked=derivative, arrays=arrays, batched=batched)
    if allow and not require:
        raise ValueError("--allow is about what is required; say what with --require")
    _check_number(contract, require, {"--batched": batched, "--script": script, "--cutoff": cutoff is not None})
    _check_ridge(contract, lam, {"--derivative": derivative, "--script": script, "--cutoff": cutoff is not None})
    for name in beside:  # a misspelt one should be known before the check, not after it
        user.parse_target(name, Path.cwd()) if ":" in name else find_variant(name)
    precisions = PRECISIONS if precision == "all" else (cast(Precision, precision),)
    asked = [
        Terms(
            **_promised(contract),
            lam=lam,
            shapes=cast("tuple[Shape, ...]", parse_list("--shapes", shapes, SHAPES)),
            precision=one,
            device=cast(Device, device),
            profile=profile,
            families=families,
            require=require,
            allow=cast(Any, parse_list("--allow", allow, tuple(ALLOWANCES))),
            refuses=parse_names(refuses),
            one_right_side=one_right_side,
            columns=columns,
            max_cond=max_cond,
            expected=read_expected(expect) if expect else (),
            beside=tuple(dict.fromkeys(beside)),
            strict=strict,
            arrays=arrays,
            batched=batched,
            derivative=derivative,
            cutoff=cutoff,
            case_seconds=case_seconds,
            first_seconds=first_seconds,
            case_memory=case_memory << 20,
            seconds=seconds,
        )
        for one in precisions
    ]
    if script and (arrays != "numpy" or batched):
        raise ValueError("--script is of a function of NumPy arrays, of one problem at a time")
    if script:
        sys.exit(_script(found_target, asked[0], read_keys(only)))
    sys.exit(
        _check_only(found_target, asked[0], read_keys(only), out) if only else _check(found_target, asked, out, places)
    )


def _promised(contract: str) -> dict[str, Any]:
    """What --contract says, as arguments of `Terms`: what x is held to, or which other number is asked for."""
    if contract in NUMBERS:
        return {"returns": Number(contract)}
    return {} if contract == RIDGE else {"contract": Deficiency(contract)}


def _check_ridge(contract: str, lam: float | None, options: Mapping[str, bool]) -> None:
    """Raise ValueError for a ridge problem without a λ, a λ without one, and what cannot be asked of it."""
    if contract != RIDGE:
        if lam is not None:
            raise ValueError(f"--lam is about --contract {RIDGE}, not {contract}")
        return
    if lam is None or not 0 < lam < math.inf:
        given = "is not given" if lam is None else f"is {lam:g}"
        raise ValueError(f"--lam {given}; --contract {RIDGE} needs a finite number above 0")
    if named := [name for name, is_given in options.items() if is_given]:
        raise ValueError(f"{named[0]} does not go with --contract {RIDGE}")


def _check_number(contract: str, require: str | None, options: Mapping[str, bool]) -> None:
    """Raise ValueError for what cannot be asked of a number other than x."""
    if contract not in NUMBERS:
        return
    if given := [name for name, is_given in options.items() if is_given]:
        raise ValueError(f"{given[0]} is about x; it does not go with --contract {contract}")
    if require not in (None, *NUMBER_REQUIREMENTS):
        raise ValueError(f"--contract {contract} has no '{require}'; accepted are {', '.join(NUMBER_REQUIREMENTS)}")


def _check_derivative(*, asked: bool, arrays: str, batched: bool) -> None:
    """ValueError if derivatives are asked of a function that has none to be asked."""
    if asked and arrays == "numpy":
        raise ValueError("--derivative is of functions of arrays of JAX or PyTorch: say --arrays jax or --arrays torch")
    if asked and batched:
        raise ValueError("--derivative is of a function of one problem at a time; leave out --batched")


def _check(target: Target, asked: Sequence[Terms], out: str | None, places: Mapping[str, Path]) -> Exit:
    """Check in each precision, print and write what was found, and return the exit code."""
    from lamm_robust.check.facts import facts
    from lamm_robust.check.judgement import Stop
    from lamm_robust.check.page import page
    from lamm_robust.check.supervised import check_target
    from lamm_robust.console import open_console

    def check_in(terms: Terms) -> Judgement:
        what = f"checking in {terms.precision}"
        with open_console(err=True).status(what) as status:
            return check_target(target, terms, lambda done, of: status.update(f"{what}: {done} of {of} problems"))

    found: list[Judgement] = []
    start = time.monotonic()
    for terms in asked:
        left = None if terms.seconds is None else max(0.001, terms.seconds + start - time.monotonic())
        found.append(check_in(replace(terms, seconds=left)))
        if out != "-":
            say(("\n\n" if len(found) > 1 else "") + page(found[-1]))
        if found[-1].stopped is Stop.USER:
            break
    if places:
        from lamm_robust.check.outputs import WRITERS

        for name, place in places.items():
            write_text(place, WRITERS[name](found))
    values = [facts(one) for one in found]
    write_json(values if len(asked) > 1 else values[0], out)
    if any(one.stopped is Stop.USER for one in found):
        return Exit.INTERRUPTED
    return Exit.DONE if all(one.passed for one in found) else Exit.NOT_HELD


def _check_only(target: Target, terms: Terms, keys: Sequence[str], out: str | None) -> Exit:
    """Attempt single problems, print and write what was found, and return the exit code."""
    from lamm_robust.check.only import attempt_only

    found = attempt_only(target, terms, keys)
    if out != "-":
        say("\n\n".join(one.text for one in found))
        if len(found) > 1:
            say("\n" + "\n".join(one.line for one in found))
    write_json([one.facts for one in found], out)
    return Exit.NOT_HELD if any(one.failed for one in found) else Exit.DONE


def _script(target: Target, terms: Terms, keys: Sequence[str]) -> Exit:
    """Attempt single problems, print the worst as a script, and return the exit code."""
    from lamm_robust.check.failures import gravity
    from lamm_robust.check.only import attempt_only
    from lamm_robust.runs.script import that_fails, user_scripts

    if not keys:
        raise ValueError("--script is of a problem; say which with --only KEY")
    found = attempt_only(target, terms, keys)
    worst = min(found, key=lambda one: (not one.failed, *gravity(one.record)))
    text = that_fails(user_scripts(worst.certified, target, worst.solver.contract), target.home)
    if len(found) > 1:
        say(f"# the worst of {len(found)} problems is {worst.record.problem}: {worst.record.verdict}")
    say(text, nl=False)
    return Exit.NOT_HELD if any(one.failed for one in found) else Exit.DONE


def write_json(values: Any, out: str | None) -> None:
    """Write the values to a file, or print them for "-"; nothing for None."""
    if out:
        text = json_text(values)
        say(text) if out == "-" else write_text(Path(out), text + "\n")


def parse_list(option: str, text: str | None, accepted: Sequence[str]) -> tuple[str, ...]:
    """The words in a text that joins them by commas, or none for None; ValueError for a word that is not accepted."""
    if text is None:
        return ()
    words = [word.strip() for word in text.split(",")]
    if bad := [word for word in words if word not in accepted]:
        raise ValueError(f"{option} has '{bad[0]}'; accepted are {', '.join(accepted)}, joined by commas")
    return tuple(dict.fromkeys(words))


def parse_names(text: str | None) -> tuple[str, ...]:
    """The class names in a text that joins them by commas, without modules; ValueError for what is no name."""
    words = [word.strip().rpartition(".")[2] for word in text.split(",")] if text is not None else []
    if bad := [word for word in words if not word.isidentifier()]:
        raise ValueError(f"--refuses has '{bad[0]}'; accepted are names of exceptions, joined by commas")
    return tuple(dict.fromkeys(words))
