"""The notes of a page: what a user may want to change in the solver or in the command, or to know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from lamm_robust.check.failures import is_declined, is_wrong_rank
from lamm_robust.check.full_rank import seems_full_rank_only
from lamm_robust.check.judgement import Judgement, as_expected
from lamm_robust.reports.grading import is_judged
from lamm_robust.reports.summary import simplicity
from lamm_robust.scoring.verdicts import shape_of
from lamm_robust.text import count_of, printable
from lamm_robust.values import Cause, Deficiency, Number, Shape, Verdict


def notes(found: Judgement) -> Iterator[str]:
    """What a user may want to change, or to know."""
    if found.doubt:
        yield found.doubt
    if wrong := sorted(filter(is_wrong_rank, found.records), key=simplicity):
        ranks = f"{wrong[0].reported_rank} for {wrong[0].rank}"
        yield f"wrong rank at {count_of(len(wrong), 'problem')}: {ranks}, at {wrong[0].problem}"
    yield from _promises(found)
    if found.excused:
        many = count_of(found.excused, "problem")
        yield f"refused or inaccurate at {many} beyond that κ, where only a wrong answer in silence counts"
    yield from _expected(found)
    if declined := sum(map(is_declined, found.records)):
        yield f"{count_of(declined, 'problem')} declined: it raised NotImplementedError there"
    if wide := sum(r.cause is Cause.FLOAT64 for r in found.records):
        yield f"float64 for float32 at {count_of(wide, 'problem')}, rounded here: say .astype(A.dtype) (or --strict)"
    if differ := sum(not r.repeatable for r in found.records if r.verdict != Verdict.BAD_OUTPUT):
        yield f"at {count_of(differ, 'problem')} two calls with the same input gave different bits"
    refusals = Counter(r.message for r in found.records if r.cause is Cause.LAYOUT_REFUSED).most_common(1)
    if refusals and 2 * refusals[0][1] > found.row.cases:  # at a few problems, rounding may be why it raises
        yield f"at {refusals[0][1]} problems it {printable(refusals[0][0])}"


def _expected(found: Judgement) -> Iterator[str]:
    """What was expected to fail, and did or did not."""
    for reason, many in Counter(found.expected.values()).items():
        yield f"{as_expected(many)}: {printable(reason)}"
    if not found.terms.require:  # else it is said below
        yield from (printable(one.wrong) for one in found.met if one.wrong)


def _promises(found: Judgement) -> Iterator[str]:
    """What it seems to promise less than it was held to, and the option that says so."""
    if refused := _refused_shapes(found):
        others = ",".join(shape for shape in found.terms.chosen_shapes() if shape not in refused)
        yield f"refuses every {' and '.join(refused)} problem: --shapes {others} leaves them out"
    about_x = found.terms.returns is Number.X and found.terms.contract != Deficiency.FULL_RANK_ONLY
    if about_x and (words := seems_full_rank_only(found.records)):
        yield f"{words}: --contract full_rank_only asks for none"
    if _fails_several_sides_only(found):
        yield "fails with several right-hand sides (b is m×k), and not with one: --one-right-side leaves them out"


def _fails_several_sides_only(found: Judgement) -> bool:
    """Whether there are failures, and all of them have several right-hand sides."""
    graded = [failure for failure in found.failures if is_judged(failure.record)]
    return bool(graded) and all(failure.clues.certified.problem.b.ndim > 1 for failure in graded)


def _refused_shapes(found: Judgement) -> list[Shape]:
    """The shapes of which every problem was refused; none if that is so for all shapes."""
    verdicts = {s: {r.verdict for r in found.records if shape_of(r.m, r.n) == s} for s in found.terms.chosen_shapes()}
    refused = [shape for shape in verdicts if verdicts[shape] - {Verdict.FLAGGED} == {Verdict.REFUSED}]
    return refused if len(refused) < len(verdicts) else []
