"""The command `compare`: what changed between two runs, and gates on it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from lamm_robust.defaults import Exit
from lamm_robust.terminal import say
from lamm_robust.text import json_text

GATE = click.Choice(["verdict", "accuracy", "time"])


@click.command(short_help="What changed between two runs, and gates on it.")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--fail-on", "gates", type=GATE, multiple=True, help="Exit with 1 if this got worse; repeatable.")
@click.option("--expected", type=click.Path(path_type=Path), metavar="TOML", help="Failures to expect, with reasons.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of Markdown.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Also write a page.")
def compare(
    old: Path, new: Path, gates: tuple[str, ...], expected: Path | None, as_json: bool, html: Path | None
) -> None:
    """What changed from the results directory OLD to NEW: verdicts, accuracy, time; as Markdown or JSON."""
    from lamm_robust.reports import compare_facts, compare_page, gate
    from lamm_robust.reports.compare import compare as compare_runs

    if expected and not gates:
        raise ValueError("--expected is about gates; say which with --fail-on")
    expectations = gate.read_expected(expected) if expected else []
    found = compare_runs(old, new)
    if not found.cases:
        say("lamm-robust: the runs have no attempt in common", err=True)
        sys.exit(Exit.NOTHING_RAN)
    results = [gate.settle(name, found, expectations) for name in dict.fromkeys(gates)]
    if html:
        from lamm_robust.reports.page.difference import difference_html
        from lamm_robust.storage.files import write_text

        write_text(html, difference_html(old, new, found, results))
    if as_json:
        say(json_text(compare_facts.facts(old, new, found, results)))
    else:
        say(compare_page.markdown(old, new, found, results), nl=False)
    sys.exit(Exit.DONE if all(result.passed for result in results) else Exit.NOT_HELD)
