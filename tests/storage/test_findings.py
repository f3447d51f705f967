"""What hunts have found: it is kept whole, the worse one wins, and the committed problems are still what they were."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from lamm_robust import catalog
from lamm_robust.cli.main import main
from lamm_robust.keys import parse_key
from lamm_robust.runs.plan import grid
from lamm_robust.scoring.truths import Certified, Truths
from lamm_robust.storage import findings
from lamm_robust.values import HUNTED, PRECISIONS, SUITE

COMMITTED = sorted((Path(__file__).parents[2] / findings.DIRECTORY).glob("*.toml"))

KEYS = (
    "spectrum m=4 n=2 mode=geometric log10_cond=9 residual=1.0 direction=random seed=7 dtype=float64",
    "exact_rank m=2 n=2 rank=1 log2_cond=0 residual=0.0 seed=0 dtype=float64",
)
DIGESTS = [catalog.build_problem(parse_key(key)).digest for key in KEYS]
EXAMPLE = findings.Hunted(
    solver="numpy-qr-float64-cpu",
    score="backward_error",
    severity=1.5,
    seconds=60.0,
    tried=17,
    suite="1",
    worst=findings.Found(KEYS[0], DIGESTS[0], '4×2, rank 2: "inaccurate", backward_error 3'),
    shrunk=findings.Found(KEYS[1], DIGESTS[1], "2×2, rank 1: inaccurate, backward_error 2"),
)


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    assert findings.keep(EXAMPLE, tmp_path / "new")
    assert findings.read_all(tmp_path / "new") == [EXAMPLE]
    assert findings.problems(tmp_path / "new", "float64") == dict(zip(KEYS, DIGESTS, strict=True))
    assert findings.problems(tmp_path / "new", "float32") == {}
    assert findings.problems(tmp_path / "nothing", "float64") == {}
    page = (tmp_path / "new" / "README.md").read_text()
    assert "| numpy-qr-float64-cpu | backward_error | 17 in 60 s | 4×2, rank 2" in page
    assert f'lamm-robust replay "{KEYS[1]} @ numpy-qr-float64-cpu"' in page


def test_the_worse_one_stays_unless_the_suite_has_changed(tmp_path: Path) -> None:
    findings.keep(EXAMPLE, tmp_path)
    assert not findings.keep(replace(EXAMPLE, severity=1.4, tried=1), tmp_path)
    assert findings.read_all(tmp_path) == [EXAMPLE]
    for later in (replace(EXAMPLE, severity=1.6), replace(EXAMPLE, severity=0.1, suite="2")):
        assert findings.keep(later, tmp_path)
        assert findings.read_all(tmp_path) == [later]


DEEP = "x = " + "[" * 100_000


@pytest.mark.parametrize("text", ["solver = ", "solver = 'x'", "other = 1", "[worst]\nproblem = 1", "\xff", DEEP])
def test_a_file_that_is_not_ours_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.toml"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match=r"a\.toml' is not what a hunt leaves .*; delete it and hunt again"):
        findings.read_all(tmp_path)


def test_they_are_a_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    findings.keep(EXAMPLE, findings.DIRECTORY)
    families = list(catalog.FAMILIES)
    assert [str(key) for key in grid(HUNTED.name, "float64", families)] == list(KEYS)
    assert [str(key) for key in grid(HUNTED.name, "float64", ["exact_rank"])] == [KEYS[1]]
    result = CliRunner().invoke(main, ["run", "--profile", "worst", "--solver", "numpy-qr-float64-cpu"])
    assert result.exit_code == 0, result.output
    for key in KEYS:
        assert key in (findings.DIRECTORY / "run" / "journal.jsonl").read_text()
    assert findings.read_all(findings.DIRECTORY) == [EXAMPLE]


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (findings.Found(KEYS[0], "00", ""), "has other bits now than when it was hunted; hunt again"),
        (findings.Found("spectra m=2 dtype=float64", "00", ""), "unknown family 'spectra'; did you mean 'spectrum'"),
    ],
)
def test_what_cannot_be_made_again_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: findings.Found, sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    findings.keep(replace(EXAMPLE, shrunk=found), findings.DIRECTORY)
    result = CliRunner().invoke(main, ["run", "--profile", "worst"])
    assert result.exit_code == 2
    assert sentence in result.stderr


@pytest.mark.parametrize("field", ["severity", "problem"])
def test_a_value_of_another_type_is_named_before_the_hunt(tmp_path: Path, field: str) -> None:
    findings.keep(EXAMPLE, tmp_path)
    path = tmp_path / EXAMPLE.name
    path.write_text(re.sub(rf"^{field} = .*", f"{field} = [3]", path.read_text(), flags=re.MULTILINE))
    arguments = ["hunt", "numpy-qr-float64-cpu", "--seconds", "30", "--out", str(tmp_path)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert f"({field} is [3]); delete it and hunt again" in result.stderr


def test_without_any_nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["run", "--profile", "worst"])
    assert result.exit_code == 4
    assert "nothing ran: hunts have left nothing of that kind in results/worst" in " ".join(result.output.split())


@pytest.mark.skipif(not COMMITTED, reason="nothing has been hunted in this checkout")
@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.stem)
def test_the_committed_problems_are_what_they_were(path: Path) -> None:
    hunted, truths = findings.read(path), Truths(catalog.build_problem, catalog.find_oracle("auto"))
    assert catalog.find_variant(hunted.solver).precision in PRECISIONS
    for found in (hunted.worst, hunted.shrunk):
        key = parse_key(found.problem)
        problem, certified = truths.problem(key), truths.certify(key)
        assert problem.digest == found.digest
        assert isinstance(certified, Certified)  # there is a truth
        facts = f"{problem.m}×{problem.n}, rank {certified.truth.rank}, κ = {certified.facts['kappa']:.3g}"
        assert found.said.startswith(f"{facts}, ")
        if hunted.suite == SUITE:  # regimes are those of its thresholds
            assert found.said.startswith(f"{facts}, {certified.regime}: ")
