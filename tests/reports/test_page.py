"""The page that people look at: every number on it counted again, hostile names, links that lead somewhere, size."""

from __future__ import annotations

import base64
import hashlib
import itertools
import math
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

import pytest

from lamm_robust.reports.page import charts, curves, frame, plot, report, usual
from lamm_robust.reports.page.cells import State, cell, state
from lamm_robust.reports.page.headline import Known, headline
from lamm_robust.reports.page.words import glossary
from lamm_robust.text import number, printable
from lamm_robust.values import Deficiency, Edge, Record, Regime, Verdict
from tests.support import pages
from tests.support.pages import Element
from tests.support.records import HOSTILE, RECORD

RECORDS = pages.records()
HTML = pages.page(RECORDS)
ROOT = pages.read(HTML)
GROUPS = ("float64", "float32")

GOOD = {"column-wise stable", "backward stable", "forward stable"}
ANSWERED = GOOD | {"inaccurate", "wrong"}
BROKEN = {"crashed", "timed out", "flaky", "bad output"}


def own(group: str, **facts: Any) -> list[Record]:
    return [r for r in RECORDS if r.precision == group and all(getattr(r, k) == v for k, v in facts.items())]


def name(r: Record) -> str:
    return f"{r.library}-{r.algorithm}"


def kind(r: Record) -> str:
    """The state of a record, by a decision of its own and not by the page's."""
    judged = r.regime in ("resolvable", "deficient") and r.verdict != "out of contract"
    failed = r.verdict not in ANSWERED if judged else r.regime == "undefined" and r.verdict in BROKEN
    table = {
        "silent": r.verdict == "wrong",
        "open": failed,
        "unpromised": r.verdict == "out of contract",
        "ungraded": r.regime == "ambiguous",
        "solved": r.verdict in GOOD | {"flagged"},
        "lost": True,
    }
    return next(word for word, fits in table.items() if fits)


def test_the_made_up_records_hold_every_state() -> None:
    for group in GROUPS:
        assert {kind(r) for r in own(group)} == set(State)


DRAWERS = {each.attributes["id"]: each for each in ROOT.one("aside").all("section")}


def check_box(box: Element, records: Sequence[Record]) -> None:
    """The colour, the number, and every count in the words of a box of the page."""
    counts = Counter(map(kind, records))
    rest = ("solved", "ungraded", "unpromised")
    failed = next((word for word in State if counts[word] and word not in rest), None)
    worst = failed or (max(rest, key=lambda word: counts[word]) if records else "unpromised")
    assert box.attributes["class"] == worst
    number = {"solved": "", "ungraded": "", "unpromised": "–"}.get(worst, str(counts[worst]))
    assert box.shown.lstrip("!~") == number
    if records and counts[worst] < len(records):
        opened = [DRAWERS[link.attributes["href"][1:]].one("p").text.removesuffix(".") for link in box.all("a")]
        words = (*opened, box.one("i").text)[0].split("; ")
        assert [int(word.split()[0]) for word in words[:-1]] == [counts[word] for word in State if counts[word]]
        assert words[-1] == f"of {len(records)}"


@pytest.mark.parametrize("group", GROUPS)
def test_every_box_of_the_heatmap_is_counted_again(group: str) -> None:
    cells = pages.table(ROOT, "heat", group)
    assert set(cells) == {(name(r), r.family) for r in own(group)}
    for (solver, family), box in cells.items():
        check_box(box, [r for r in own(group, family=family) if name(r) == solver])


@pytest.mark.parametrize("group", GROUPS)
def test_every_box_of_the_default_calls_is_counted_again(group: str) -> None:
    cells = pages.table(ROOT, "traps", group)
    known = {"numpy-lstsq", "numpy-normal-lu", "torch-gelsy", "jax-solve"}  # no default call is QR of SciPy
    assert {solver for solver, _ in cells} == known
    expected: dict[str, Callable[[Record], bool]] = {
        "dates in seconds since 1970": lambda r: r.family == "offset",
        "a column twice": lambda r: r.family == "columns" and "pattern=duplicate" in r.problem,
        "a column of zeros": lambda r: r.family == "columns" and "pattern=zero" in r.problem,
        "NaN or ∞ in the data": lambda r: r.family == "nonfinite",
        "polynomial fits": lambda r: r.family == "polynomial",
        "no rows, or no columns": lambda r: r.family == "degenerate" and " n=0 " in r.problem,
        "public bug reports": lambda r: r.family == "field",
    }
    shown = {trap for _, trap in cells}
    assert {trap for trap, holds in expected.items() if any(map(holds, RECORDS))} == shown & set(expected)
    assert 0 < len(shown & set(expected)) < len(expected), "what nobody was asked has no column"
    for (solver, trap), box in cells.items():
        holds = expected.get(trap)
        check_box(box, [r for r in own(group) if holds and name(r) == solver and holds(r)])


@pytest.mark.parametrize("group", GROUPS)
def test_the_ranking_is_counted_again(group: str) -> None:
    cells = pages.table(ROOT, "ranking", group)
    assert {solver for solver, _ in cells} == set(map(name, own(group)))
    shown = {head for (_, head), box in cells.items() if "more" not in box.attributes.get("class", "")}
    assert len(shown) == 7  # and the solver: eight
    for solver in {solver for solver, _ in cells}:
        mine = [r for r in own(group) if name(r) == solver]
        counts = Counter(map(kind, mine))
        assert cells[solver, "silent"].text == str(counts["silent"])
        assert cells[solver, "failed"].text == str(counts["open"])
        beyond = sum(r.regime == "ambiguous" and r.verdict != "out of contract" for r in mine)
        assert cells[solver, "ungraded"].text == (f"{counts['ungraded']}/{beyond}" if beyond else "–")
        deficient = [
            r for r in mine if r.regime == "deficient" and r.verdict != "out of contract" and "full" not in r.promises
        ]
        passed = sum(r.verdict in GOOD for r in deficient)
        assert cells[solver, "deficient"].text == (f"{passed}/{len(deficient)}" if deficient else "–")
        undefined = [r for r in mine if r.regime == "undefined"]
        flagged = sum(r.verdict == "flagged" for r in undefined)
        assert cells[solver, "NaN or ∞"].text.split(",")[0] == f"{flagged}/{len(undefined)}"
    order = list(dict.fromkeys(solver for solver, _ in cells))
    assert order[0] == "jax-solve"  # which solves all of these


def graded(r: Record) -> bool:
    return r.regime in ("resolvable", "deficient") and r.verdict != "out of contract" and not r.edge


def full(r: Record) -> bool:
    return graded(r) and r.regime == "resolvable"


def figure(r: float) -> str:
    """A number as the page writes it, from its definition: two digits, or one and an exponent."""
    if math.isnan(r) or math.isinf(r):
        return "∞" if math.isinf(r) else "–"
    if 0.01 <= r < 1000:
        return f"{r:.2g}" if r < 100 else f"{r:.0f}"
    digits, exponent = f"{r:.0e}".split("e")
    return f"{digits}e{int(exponent)}"


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("columns", [False, True])
def test_the_errors_by_kappa_are_found_again(group: str, columns: bool) -> None:
    caption = f"Error against κ, {'columns of one size' if columns else 'as stored'} ({group} on CPU)"
    cells = pages.table(ROOT, "numbers", caption)
    metric, u = ("columnwise_forward_error" if columns else "forward_error"), 2.0 ** (-24 if "32" in group else -53)
    worst: dict[tuple[str, str], float] = {}
    for r in filter(full, own(group)):
        growth = min(max(r.m, r.n), 100) if "64" in group else 1  # none in float32 has more than 1000 rows
        allowed = 10 * math.sqrt(min(r.m, r.n) * growth)
        kappa = r.kappa_columns if columns else r.kappa
        if columns or allowed * u * kappa <= 0.1:
            place = name(r), f"1e{round(math.log10(kappa))}"
            worst[place] = max(worst.get(place, 0.0), r.scores.get(metric, math.inf) / allowed)
    assert worst
    for place, box in cells.items():
        assert box.text == figure(worst.get(place, math.nan)), place
    assert set(worst) <= set(cells)


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("what", ["error", "time"])
def test_the_profiles_are_found_again(group: str, what: str) -> None:
    heading = {"error": "Who comes near the best error", "time": "Who is right, and fast"}[what]
    cells = pages.table(ROOT, "numbers", f"{heading} ({group} on CPU)")
    u = 2.0 ** (-24 if "32" in group else -53)
    values: dict[str, dict[str, float]] = {}
    for r in filter(full if what == "error" else graded, own(group)):
        value = max(r.scores.get("relative_error", math.inf), u) if what == "error" else r.seconds or math.nan
        values.setdefault(r.problem, {})[name(r)] = value if what == "error" or r.verdict in GOOD else math.inf
    for (solver, head), box in cells.items():
        factor = float(head.removeprefix("τ = "))
        ratios = [
            mine[solver] / min(mine.values()) if mine[solver] < math.inf else math.inf
            for mine in values.values()
            if solver in mine
        ]
        exact = min((10 ** (k / 8) for k in range(129)), key=lambda tau: abs(math.log(tau / factor)))
        share = sum(ratio <= exact * (1 + 1e-9) for ratio in ratios) / len(ratios)
        assert box.text == f"{100 * share:.0f} %", (solver, head)


@pytest.mark.parametrize("group", GROUPS)
def test_the_times_by_size_are_found_again(group: str) -> None:
    cells = pages.table(ROOT, "numbers", f"Time against size ({group} on CPU)")
    sizes = sorted({round(2 * math.log10(r.m * r.n)) / 2 for r in own(group)})
    heads = dict(zip(dict.fromkeys(head for _, head in cells), sizes, strict=True))
    for (solver, head), box in cells.items():
        times = [
            r.seconds
            for r in own(group)
            if name(r) == solver and graded(r) and r.verdict in GOOD and r.seconds is not None
            if round(2 * math.log10(r.m * r.n)) / 2 == heads[head]
        ]
        assert box.text == (f"{statistics.median(times) * 1e6:.3g} µs" if times else "–")


def test_a_box_opens_the_three_simplest_problems_of_its_gravest_state() -> None:
    by_key = {r.key: r for r in RECORDS}
    opened = set()
    for box in [box for table in ROOT.all("table", **{"class": "boxes"}) for box in table.all("td")]:
        links = list(box.all("a"))
        assert bool(links) == (box.attributes["class"] in ("silent", "open", "lost"))
        if not links:
            continue
        drawer = DRAWERS[links[0].attributes["href"][1:]]
        lines = [code.text for code in drawer.all("code")]
        keys = [line.removeprefix('lamm-robust replay "').removesuffix('"') for line in lines]
        states = [kind(by_key[key]) for key in keys]
        assert states[0] == box.attributes["class"]
        assert states == [each for each in State for found in states if found == each]
        bad = [r for r in RECORDS if r.variant == by_key[keys[0]].variant and r.family == by_key[keys[0]].family]
        if "trap" not in drawer.attributes["id"]:
            worst = [r for r in bad if kind(r) == states[0]]
            simplest = min(worst, key=lambda r: (r.m * r.n, _kappa(r), r.problem))
            assert keys[0] == simplest.key
            assert len(keys) == min(3, sum(kind(r) in ("silent", "open", "lost") for r in bad))
        reasons = list(drawer.one("ul").all("li"))
        counted = sum(int(each.text.split(" × ")[0]) for each in reasons)
        assert counted == sum(map(int, _unsolved(drawer.one("p").text)))
        opened.add(drawer.attributes["id"])
    assert len(opened) == len(DRAWERS) > 20


def _kappa(r: Record) -> float:
    kappa = r.kappa if math.isnan(r.kappa_columns) else r.kappa_columns
    return 0.0 if math.isnan(kappa) else kappa


def _unsolved(words: str) -> list[str]:
    if words.startswith("all "):
        return [words.split()[1]]
    told = ("wrong in silence", "failed and said so", "digits lost")
    return [part.split()[0] for part in words.split("; ") if any(t in part for t in told)]


# --- what it says in words -----------------------------------------------------------------------------------


def sentences(records: Sequence[Record]) -> dict[str, str]:
    summary, gallery = pages.made(records)
    portraits = list(gallery.portraits.values())
    unsolved = gallery.unsolved("float64", "cpu")
    silent = {p.variant: p.silent for p in portraits}
    known = Known(summary.rows, portraits, unsolved, len(gallery.problems), silent)
    return {s.about: s.words for s in headline(known)}


def solved_by(algorithm: str, verdict: Verdict, **changes: Any) -> Record:
    scores = {"forward_error": 1.0, "relative_error": 1e-15}
    variant = f"numpy-{algorithm}-float64-cpu"
    made = {"algorithm": algorithm, "variant": variant, "verdict": verdict, "kappa": 10.0, "scores": scores, **changes}
    return replace(RECORD, **made)


def test_the_normal_equations_say_how_far_off_they_are_and_up_to_where() -> None:
    pairs = [(10.0, 1.0), (1e4, 1e6), (1e5, 1e7), (1e6, math.inf), (1e7, 1.0)]
    records = [
        solved_by(
            "normal-lu",
            Verdict.FORWARD_STABLE if error == 1 else Verdict.INACCURATE if math.isfinite(error) else Verdict.REFUSED,
            problem=f"p {kappa}",
            kappa=kappa,
            kappa_columns=kappa,
            scores={"forward_error": error, "columnwise_forward_error": error} if math.isfinite(error) else {},
        )
        for kappa, error in pairs
    ]
    allowed = 10 * math.sqrt(RECORD.n * min(max(RECORD.m, RECORD.n), 100))
    said = sentences(records)["Normal equations"]
    assert said == (
        "numpy-normal-lu is right at every graded full-rank problem up to κ = 10; up to κ near 1e5 its error is at "
        f"most {number(1e7 / allowed)} times what rounding allows. 0 of 5 attempts are wrong in silence, wherever "
        "their κ is."
    )


def test_families_come_in_the_order_of_the_catalogue() -> None:
    names = ("nonfinite", "offset", "columns", "polynomial", "degenerate")
    meanings = report.Meanings(dict.fromkeys(names, "words"), {})
    root = pages.read(pages.page(RECORDS, meanings=meanings))
    for table in root.all("table", **{"class": "heat"}):
        assert tuple(head.text for head in table.one("thead").all("th"))[1:] == names


def test_the_headline_follows_from_the_records() -> None:
    least = Deficiency.MINIMUM_NORM
    deficient = {"problem": "p deficient", "regime": Regime.DEFICIENT, "rank": 2, "promises": least}
    records = [
        solved_by("qr", Verdict.BACKWARD_STABLE),
        solved_by("lstsq", Verdict.BACKWARD_STABLE, promises=least),
        solved_by("lstsq", Verdict.FORWARD_STABLE, **deficient),
        solved_by("normal-lu", Verdict.WRONG),
        solved_by("normal-lu", Verdict.FORWARD_STABLE, problem="p easy", kappa=2.0, kappa_columns=2.0),
        solved_by("pinv", Verdict.WRONG, **deficient),
    ]
    told = sentences(records)
    assert told["Stable at any rank"] == "forward stable: numpy-lstsq."
    assert told["Stable at full rank"] == "backward stable: numpy-qr."
    assert told["Normal equations"].startswith(
        "numpy-normal-lu is right at every graded full-rank problem up to κ = 2. 1 of 2"
    )
    assert told["Solved by nobody"] == "Each of 3 problems, edge cases among them, was solved by some solver."
    assert told["What people type"].endswith("numpy-normal-lu (1), numpy-pinv (1).")
    assert "2 of 4 solvers gave at least once a finite answer" in told["In silence"]
    assert "But" not in told
    assert "Not repeatable" not in told
    restless = [replace(r, repeatable=r.algorithm != "pinv") for r in records]
    assert sentences(restless)["Not repeatable"].endswith("other bits came back from numpy-pinv (at 1 of 1).")


def test_where_stable_solvers_are_wrong_in_silence_is_counted() -> None:
    elsewhere: list[dict[str, Any]] = [
        {"regime": Regime.UNDEFINED, "kappa": math.nan, "kappa_columns": math.nan},
        {"edge": Edge.SCALE},
        {"edge": Edge.SCALE},
        {"edge": Edge.EMPTY, "kappa": math.nan, "kappa_columns": math.nan},
    ]
    wrong = [solved_by("qr", Verdict.WRONG, problem=f"p {i}", **each) for i, each in enumerate(elsewhere)]
    assert sentences([solved_by("qr", Verdict.BACKWARD_STABLE), *wrong])["But"] == (
        "1 of these is wrong in silence where their class asks less, 2 times near overflow or underflow, 1 time "
        "with NaN or ∞ in A or b, 1 time at an empty matrix: numpy-qr (4)."
    )


def test_what_nobody_solved_is_named_and_counted() -> None:
    records = [solved_by("qr", Verdict.WRONG), solved_by("lstsq", Verdict.REFUSED), solved_by("lu", Verdict.INACCURATE)]
    assert sentences(records)["Solved by nobody"] == (
        "1 of 1 problem, edge cases among them, that a contract covers and the precision resolves: polynomial."
    )
    assert sentences(records)["Stable at any rank"].startswith("No solver that promises an answer at any rank")
    root = pages.read(pages.page(records))
    nobody = next(root.all("section", id="nobody"))
    assert [code.text for code in nobody.all("code")] == [RECORD.problem]


@pytest.mark.parametrize(
    ("regime", "edge", "verdict", "expected"),
    [
        (Regime.RESOLVABLE, Edge.NONE, Verdict.COLUMNWISE_STABLE, State.SOLVED),
        (Regime.RESOLVABLE, Edge.NONE, Verdict.INACCURATE, State.LOST),
        (Regime.RESOLVABLE, Edge.NONE, Verdict.WRONG, State.SILENT),
        (Regime.RESOLVABLE, Edge.EMPTY, Verdict.REFUSED, State.OPEN),
        (Regime.DEFICIENT, Edge.NONE, Verdict.NON_FINITE, State.OPEN),
        (Regime.DEFICIENT, Edge.NONE, Verdict.OUT_OF_CONTRACT, State.UNPROMISED),
        (Regime.AMBIGUOUS, Edge.NONE, Verdict.REFUSED, State.UNGRADED),
        (Regime.AMBIGUOUS, Edge.NONE, Verdict.WRONG, State.SILENT),
        (Regime.AMBIGUOUS, Edge.NONE, Verdict.OUT_OF_CONTRACT, State.UNPROMISED),
        (Regime.UNDEFINED, Edge.NONE, Verdict.FLAGGED, State.SOLVED),
        (Regime.UNDEFINED, Edge.NONE, Verdict.TIMED_OUT, State.OPEN),
        (Regime.UNDEFINED, Edge.NONE, Verdict.WRONG, State.SILENT),
    ],
)
def test_each_attempt_has_one_state(regime: Regime, edge: Edge, verdict: Verdict, expected: State) -> None:
    assert state(replace(RECORD, regime=regime, edge=edge, verdict=verdict)) == expected


@pytest.mark.parametrize(
    ("solved", "unpromised", "failed", "expected"),
    [(1, 6, 0, State.UNPROMISED), (4, 3, 0, State.SOLVED), (1, 1, 0, State.SOLVED), (9, 9, 1, State.OPEN)],
)
def test_a_box_is_green_only_where_most_problems_are_solved(
    solved: int, unpromised: int, failed: int, expected: State
) -> None:
    verdicts = (Verdict.BACKWARD_STABLE, Verdict.OUT_OF_CONTRACT, Verdict.REFUSED)
    counts = zip(verdicts, (solved, unpromised, failed), strict=True)
    records = [replace(RECORD, verdict=verdict) for verdict, count in counts for _ in range(count)]
    assert cell(records).state == expected


def test_a_solver_that_was_not_asked_has_an_empty_box() -> None:
    assert (cell([]).state, cell([]).shown, cell([]).words) == (State.UNPROMISED, "–", "no problem of the kind")


def test_a_trap_takes_a_parameter_only_as_a_whole() -> None:
    trap = usual.Trap("rows", "tall", ("m=1000",))
    assert trap.holds(replace(RECORD, family="tall", problem="tall m=1000 n=2 dtype=float64"))
    assert not trap.holds(replace(RECORD, family="tall", problem="tall m=10000 n=2 dtype=float64"))


def test_every_word_of_the_glossary_stands_once_and_without_markup() -> None:
    words = [word.name for word in glossary()]
    assert len(words) == len(set(words)) > 12
    assert not any("*" in word.name + word.meaning for word in glossary())
    assert {"κ", "u", "backward stable", "silent failure"} <= set(words)


# --- what it must not do --------------------------------------------------------------------------------------


def hostile(text: str = HOSTILE) -> str:
    """The page of records in which every text comes from somebody who means harm."""
    texts = {f.name for f in fields(Record) if f.type == "str"} - {"library", "algorithm"}
    bad: list[Record] = []
    nasty: dict[str, Any] = dict.fromkeys(texts, text)
    for verdict in (Verdict.WRONG, Verdict.CRASHED, Verdict.INACCURATE, Verdict.BACKWARD_STABLE):
        scores = {"relative_error": 1.0, "forward_error": 1e9}
        bad.append(replace(RECORD, verdict=verdict, kappa=10.0, scores=scores, **nasty))
    bad += [replace(r, variant=f"{text}2", library=text, algorithm=text) for r in bad]
    environment = {key: _fill(value, text) for key, value in pages.ENVIRONMENT.items()}
    meanings = report.Meanings({text: text}, {printable(f"{text}-{text}"): text, "numpy-qr": text})
    return pages.page(bad, text, environment | {"not measured": {text: text}}, meanings=meanings)


def _fill(value: Any, text: str) -> Any:
    if isinstance(value, dict):
        return {key: _fill(each, text) for key, each in value.items()} | {text: text}
    return [_fill(each, text) for each in value] if isinstance(value, list) else text


NASTY = (
    HOSTILE,
    "\"><img src=x onerror=alert(1)> ' onmouseover='alert(1)",
    "</script><script>alert(1)</script></style><svg onload=alert(1)>",
    "javascript:alert(1)#\u202egnp.exe {{ 7*7 }} {% raw %}",
)


@pytest.mark.parametrize("text", NASTY)
def test_hostile_text_in_every_field_is_only_text(text: str) -> None:
    tame, bad = pages.read(hostile("tame")), pages.read(hostile(text))
    assert Counter(e.tag for e in bad.all()) == Counter(e.tag for e in tame.all())
    for element in bad.all():
        assert not any(attribute.startswith("on") for attribute in element.attributes)
        assert element.attributes.get("href", "#").startswith("#")
    for tag in ("script", "style"):
        assert bad.one(tag).text == tame.one(tag).text
    assert not set(hostile(text)) & {"\x1b", "\x07", "\u202e"}


@pytest.mark.parametrize("html", [HTML, hostile(), hostile(NASTY[1])])
def test_every_link_leads_somewhere_on_the_page(html: str) -> None:
    root = pages.read(html)
    ids = [e.attributes["id"] for e in root.all() if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    links = {e.attributes["href"] for e in root.all("a")}
    assert {link[1:] for link in links} <= set(ids)
    for e in root.all("label"):
        assert e.attributes.get("for", "q") in ids


def test_the_policy_allows_its_own_script_and_style_and_nothing_else() -> None:
    (policy,) = (e.attributes["content"] for e in ROOT.all("meta") if "http-equiv" in e.attributes)
    hashed = {}
    for tag in ("script", "style"):
        (between,) = [part.split(f"</{tag}>")[0] for part in HTML.split(f"<{tag}>")[1:]]
        hashed[tag] = f"'sha256-{base64.b64encode(hashlib.sha256(between.encode()).digest()).decode()}'"
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules == {
        "default-src": "'none'",
        "style-src": hashed["style"],
        "script-src": hashed["script"],
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    for element in ROOT.all():  # what the policy would refuse, or another server would have to bring
        assert not {"style", "src", "srcset", "action"} & set(element.attributes)
        assert element.tag not in ("link", "img", "iframe", "object", "base", "form")


def test_a_table_has_a_caption_and_headings_with_their_scope() -> None:
    for table in ROOT.all("table"):
        assert table.one("caption").text
        assert all(head.attributes["scope"] in ("row", "col") for head in table.all("th"))
    for chart in ROOT.all("svg"):
        assert chart.attributes["role"] == "img"
        assert chart.attributes["aria-label"]


def test_the_title_tells_what_was_measured_where_and_when() -> None:
    for title in (ROOT.one("head").one("title").text, ROOT.one("header").text):
        for fact in ("A title", "Processor 9000", "2026-11-29", "numpy 2.4.6"):
            assert fact in title
        assert "absent" not in title


def test_our_own_solver_is_marked_wherever_it_is_ranked() -> None:
    for kind_of in ("traps", "ranking", "heat"):
        for table in ROOT.all("table", **{"class": kind_of}):
            ours = [row for row in table.one("tbody").all("tr") if row.attributes["data-solver"] == "jax-solve"]
            assert [b.text for b in ours[0].all("b")] == ["ours"]
            assert len(list(table.one("tbody").all("b"))) == 1
    assert any(text.text == "jax-solve (ours)" for text in ROOT.all("text"))


def test_the_same_records_give_the_same_bytes() -> None:
    assert pages.page(pages.records()) == HTML


def test_a_page_that_would_be_too_large_shows_fewer_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = HTML.count('lamm-robust replay "')
    size = len(HTML.encode())
    monkeypatch.setattr(report, "LARGEST", size - 1)
    smaller = pages.page(RECORDS)
    assert len(smaller.encode()) < size
    assert 0 < smaller.count('lamm-robust replay "') < keys
    monkeypatch.setattr(report, "LARGEST", 1)
    assert pages.read(pages.page(RECORDS)).one("aside").text


def test_ids_tell_apart_what_letters_do_not() -> None:
    assert frame.slug("numpy-lstsq-float64-cpu") == "numpy-lstsq-float64-cpu"
    assert frame.slug("a b") != frame.slug("a/b") != frame.slug("a_b")


# --- curves and charts -----------------------------------------------------------------------------------------


def test_a_profile_by_hand() -> None:
    best = {1: 1.0, 2: 2.0, 3: math.inf}
    mine = {1: 1.0, 2: 20.0, 3: math.inf}
    assert curves.profile(mine, best, [1.0, 9.0, 10.0]) == [
        (0.0, 1 / 3),
        (math.log10(9), 1 / 3),
        (1.0, 2 / 3),
    ]
    assert curves.profile({}, best, [1.0]) == []


def test_names_keep_their_distance_and_their_order() -> None:
    wanted = [0.0, 3.0, 3.0, 50.0, 99.0, 100.0]
    found = plot.spread(wanted, 10, 0, 100)
    assert all(b - a >= 10 for a, b in itertools.pairwise(found))
    assert found[3] == 50.0
    assert found[-1] == 100.0
    assert min(found) >= 0


def test_a_curve_is_drawn_where_its_numbers_say() -> None:
    x, y = plot.Axis("x", 0, 10, []), plot.Axis("y", 0, 4, [])
    drawn = plot.chart("t", x, y, [plot.Curve("n", "n", [(0, 0), (5, 2), (10, 99)], None, "w")])
    line = pages.read(str(drawn)).one("polyline")
    left, right, top, bottom = plot.LEFT, plot.WIDTH - plot.RIGHT, plot.TOP, plot.HEIGHT - plot.BOTTOM
    corners = [tuple(map(int, corner.split(","))) for corner in line.attributes["points"].split()]
    assert corners == [(left, bottom), ((left + right) // 2, (top + bottom) // 2), (right, top)]


def test_a_level_stretch_keeps_its_ends() -> None:
    assert plot.bends([(0, 5), (1, 5), (2, 5), (3, 9), (4, 9)]) == [(0, 5), (2, 5), (3, 9), (4, 9)]
    assert [plot.bends(few) for few in ([], [(0, 1)], [(0, 1), (2, 1)])] == [[], [(0, 1)], [(0, 1), (2, 1)]]


def test_only_what_people_type_has_its_name_in_a_chart_of_many() -> None:
    many = [
        replace(r, algorithm=f"{r.algorithm}{i}", variant=f"{r.variant}{i}") for i in range(3) for r in RECORDS[:300]
    ]
    _, gallery = pages.made([*many, *RECORDS])
    portraits = gallery.of("float64", "cpu")
    assert len(portraits) > charts.FEW
    named = ["numpy-lstsq-float64-cpu"]
    first = charts.figures(portraits, named, "float64 on CPU")[0]
    root = pages.read(str(first.svg))
    assert [text.text for text in root.all("text", **{"class": "name"})] == ["numpy-lstsq"]
    assert len(list(root.all("polyline"))) == len(portraits)
