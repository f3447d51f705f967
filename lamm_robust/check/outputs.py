"""A judgement for other programs: JUnit XML for a CI server, Markdown for the summary of a job, an SVG badge."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from xml.etree import ElementTree as Xml

from markupsafe import escape

from lamm_robust.check.command import replay_line
from lamm_robust.check.failures import SHOWN
from lamm_robust.check.html import check_html
from lamm_robust.check.judgement import Judgement
from lamm_robust.reports.columns import class_of
from lamm_robust.reports.stability import STABILITY_ORDER
from lamm_robust.text import count_of, inert, markdown_table, printable, share, two_digits
from lamm_robust.values import SUITE, Verdict

# --- JUnit ----------------------------------------------------------------------------------------------


def junit(judgements: Sequence[Judgement]) -> str:
    """A test suite in each precision, with a test for every problem and one for what is required.

    What is expected to fail and does is *skipped*, with the reason, and so is what is out of contract. Where what is
    required holds, no test fails: what it allows is skipped, too.
    """
    root = Xml.Element("testsuites", name="lamm-robust")
    for found in judgements:
        root.append(_suite(found))
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(found: Judgement) -> Xml.Element:
    tests = [*_tests(found), _required(found)]
    counts = {kind: sum(test.find(kind) is not None for test in tests) for kind in ("failure", "skipped")}
    suite = Xml.Element(
        "testsuite",
        name=printable(f"{found.target} {found.terms.precision} {found.terms.device}"),
        tests=str(len(tests)),
        failures=str(counts["failure"]),
        errors="0",
        skipped=str(counts["skipped"]),
    )
    facts = Xml.SubElement(suite, "properties")
    for name, value in (
        ("suite", SUITE),
        ("class", class_of(found.row)),
        ("contract", found.terms.promised),
        ("required", _standing(found)),
        ("expected_failures", str(len(found.expected))),
    ):
        Xml.SubElement(facts, "property", name=name, value=printable(value))
    suite.extend(tests)
    return suite


def _tests(found: Judgement) -> Iterator[Xml.Element]:
    failures = {failure.record.key: failure for failure in found.failures}
    excused = found.terms.require is not None and found.passed
    for record in found.records:
        test = _test(record.family, record.problem, record.seconds or 0.0)
        reason = found.expected.get(record.problem)
        if failure := failures.get(record.key):
            why = f"{record.verdict}: {failure.why}"
            message = printable(f"expected: {reason} ({why})" if reason else why)
            told = Xml.SubElement(test, "skipped" if excused or reason else "failure", message=message)
            told.text = printable(replay_line(found, failure))
        elif reason:  # a wrong rank, or what it declines
            Xml.SubElement(test, "skipped", message=printable(f"expected: {reason}"))
        elif record.verdict is Verdict.OUT_OF_CONTRACT:
            Xml.SubElement(test, "skipped", message=record.verdict)
        yield test


def _required(found: Judgement) -> Xml.Element:
    """The test of what is required, which nothing fails if nothing is."""
    test = _test("required", found.terms.require or "nothing", 0.0)
    if found.unmet:
        Xml.SubElement(test, "failure", message=printable(found.standing))
    return test


def _standing(found: Judgement) -> str:
    """What is required, and whether it holds; "nothing" if nothing is, for Markdown and JUnit."""
    return f"{found.terms.require}: {found.standing}" if found.terms.require else "nothing"


def _test(group: str, name: str, seconds: float) -> Xml.Element:
    return Xml.Element("testcase", classname=printable(group), name=printable(name), time=f"{seconds:.6f}")


# --- Markdown -------------------------------------------------------------------------------------------

HEADER = ("precision", "class", "safe κ", "deficient", "silent", "wrong ranks", "failures", "problems", "required")


def markdown(judgements: Sequence[Judgement]) -> str:
    """A table with a line in each precision, and the gravest failures, each with the command that shows it."""
    lines = [f"### {inert(judgements[0].target)}", "", markdown_table(HEADER, map(_cells, judgements)).rstrip()]
    for found in judgements:
        lines += _worst(found)
    return "\n".join([*lines, "", f"Suite {SUITE}.", ""])


def _cells(found: Judgement) -> list[str]:
    row = found.row
    return [
        found.terms.precision,
        class_of(row),
        two_digits(found.safe_kappa) if found.safe_kappa else "nowhere",
        share(row.deficient_passed, row.deficient_total),
        str(row.silent_failures),
        str(found.wrong_ranks),
        f"{len(found.failures)}{f' ({found.expected_failures} expected)' if found.expected_failures else ''}",
        str(row.cases),
        inert(_standing(found)),
    ]


def _worst(found: Judgement) -> Iterator[str]:
    if not found.failures:
        return
    others = f", of {count_of(len(found.failures), 'failure')}" if len(found.failures) > SHOWN else ""
    yield ""
    yield f"The first in {found.terms.precision}{others}, the gravest first and edge cases last:"
    for failure in found.failures[:SHOWN]:
        yield ""
        known = ", expected" if failure.record.problem in found.expected else ""
        yield f"* {failure.record.m}×{failure.record.n}, {failure.record.verdict}{known}: {inert(failure.why)}"
        yield ""
        yield f"      {printable(replay_line(found, failure))}"


# --- badge ----------------------------------------------------------------------------------------------

RED = "#b42318"
"""Also the ground where a gate is not held, whatever the class."""

COLOURS: Mapping[str, str] = {
    **dict.fromkeys(("column-wise stable", "backward stable"), "#1a7f37"),
    **dict.fromkeys(("forward stable", "conditionally stable"), "#8a6100"),
    **dict.fromkeys(("unstable", "broken"), RED),
    "not judged": "#57606a",
}
"""Class → the ground of a badge. Its contrast to white letters is 4.5 or more, as WCAG asks of small text."""

LABEL = "least squares"
LETTER = 6.6
"""Pixels that a letter of 11 pixels takes, on average; `textLength` makes it so in any font."""


def badge(judgements: Sequence[Judgement]) -> str:
    """A badge with the class, the worst where it differs between precisions, and whether a gate is not held."""
    worst = max(judgements, key=lambda found: (STABILITY_ORDER.index(found.row.stability), -found.row.safe_ratio)).row
    is_held = all(found.passed for found in judgements)
    colour = COLOURS[worst.stability] if is_held else RED
    said = class_of(worst) if is_held else f"{class_of(worst)}, gate not held"
    left, right = (round(LETTER * len(text)) for text in (LABEL, said))
    middle, width = left + 12, left + right + 24
    title = escape(printable(f"{judgements[0].target}: {said}"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{title}">'
        f"<title>{title}</title>"
        f'<rect width="{width}" height="20" rx="3" fill="#33383e"/>'
        f'<path d="M{middle} 0h{width - middle - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{width - middle - 3}z" '
        f'fill="{colour}"/>'
        f'<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="6" y="14" textLength="{left}">{LABEL}</text>'
        f'<text x="{middle + 6}" y="14" textLength="{right}">{said}</text></g></svg>\n'
    )


WRITERS: Mapping[str, Callable[[Sequence[Judgement]], str]] = {
    "html": check_html,
    "junit": junit,
    "markdown": markdown,
    "badge": badge,
}
"""Option of `check` → the text of the file that it names."""
