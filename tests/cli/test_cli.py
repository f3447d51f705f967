"""The command line as a user meets it: whole runs on a small selection, and every kind of bad input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from lamm_robust import catalog
from lamm_robust.cli.main import main
from lamm_robust.generators import nist
from lamm_robust.runs import campaign
from lamm_robust.runs.plan import grid
from lamm_robust.storage.journal import JOURNAL, Journal, open_journal
from lamm_robust.values import AbsentError, Array, Certificate, NotCertifiedError, Oracle, StoreError

ROOT = Path(__file__).parents[2]
SMALL = ["run", "--precision", "float64", "--device", "cpu", "--solver", "numpy-*", "--family", "polynomial"]
KEY = "polynomial points=5 degree=2 abscissae=integers seed=0 dtype=float64 @ numpy-qr-float64-cpu"


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


def failed(result: Result, code: int = 2) -> str:
    """The one line that a failed command printed."""
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result.stderr.strip().splitlines()[-1]


# --- run --------------------------------------------------------------------------------------------------


def test_a_run_writes_everything_and_runs_again_for_nothing(tmp_path: Path) -> None:
    out = tmp_path / "run"
    first = invoke(*SMALL, "--out", out)
    assert first.exit_code == 0, first.output
    assert "numpy-qr" in first.output
    assert first.output.splitlines()[-1] == f"a page to look at: {out / 'report.html'}"
    assert "numpy-qr" in (out / "report.html").read_text()
    assert {f.name for f in out.iterdir()} == {
        *("journal.jsonl", "records.parquet", "leaderboard.md", "leaderboard.csv"),
        *("failures.md", "all-failures.md", "report.html", "environment.json", "manifest.sha256"),
    }
    subprocess.run(["sha256sum", "--check", "--quiet", "manifest.sha256"], cwd=out, check=True)
    planned = len(grid("quick", "float64", ["polynomial"])) * len(catalog.LIBRARY["numpy"].solvers)
    table = pq.read_table(out / "records.parquet", page_checksum_verification=True)
    assert table.num_rows == planned
    where = json.loads((out / "environment.json").read_text())
    assert where["versions"]["numpy"] == np.__version__
    (worker,) = where["workers"]
    assert worker["name"] == "numpy float64 cpu"
    assert worker["threads"]

    again = invoke(*SMALL, "--out", out)
    assert again.exit_code == 0
    assert f"nothing was left to do: all {planned} attempts are done" in again.output
    assert pq.read_table(out / "records.parquet").equals(table)
    assert json.loads((out / "environment.json").read_text())["workers"] == [worker]


def test_an_emulated_device_is_labelled_and_costs_whoever_does_not_ask_for_full_precision(tmp_path: Path) -> None:
    pytest.importorskip("jax")
    selection = ["--solver", "jax-qr", "--solver", "jax-qr-highest", "--family", "polynomial"]
    result = invoke("run", *selection, "--device", "emulated-tf32", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "float32 on EMULATED-TF32" in result.output
    rows = pq.read_table(tmp_path / "records.parquet", columns=["variant", "verdict", "device"]).to_pylist()
    assert {row["device"] for row in rows} == {"emulated-tf32"}
    passed = Counter(row["variant"] for row in rows if row["verdict"] == "column-wise stable")
    assert passed["jax-qr-highest-float32-emulated-tf32"] > passed["jax-qr-float32-emulated-tf32"]


def test_an_emulated_device_has_float32_alone(tmp_path: Path) -> None:
    asked = ["run", "--precision", "float64", "--device", "emulated-tf32", "--solver", "jax", "--out", tmp_path]
    assert "no variant of jax is float64 on emulated-tf32; widen" in failed(invoke(*asked))
    assert "no variant of numpy is float32 on emulated-bf16" in failed(
        invoke("run", "--device", "emulated-bf16", "--solver", "numpy", "--out", tmp_path)
    )


def test_tables_are_about_the_selection_and_say_so(tmp_path: Path) -> None:
    (tmp_path / "somebody's").mkdir()
    assert invoke(*SMALL, "--out", tmp_path).exit_code == 0
    narrow = ["run", "--precision", "float64", "--solver", "numpy-qr", "--family", "polynomial", "--out", tmp_path]
    result = invoke(*narrow)
    assert result.exit_code == 0, result.output
    page = (tmp_path / "leaderboard.md").read_text()
    assert page.startswith("# Least-squares solvers: the quick profile, only numpy-qr, polynomial\n")
    assert "numpy-lstsq" not in page
    assert set(pq.read_table(tmp_path / "records.parquet")["algorithm"].to_pylist()) == {"qr"}


def test_what_cannot_be_measured_is_not_missing_where_all_else_is_done(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    narrow = ["run", "--precision", "float64", "--family", "polynomial", "--solver", "numpy-qr", "--out", tmp_path]
    assert invoke(*narrow).exit_code == 0
    gone = AbsentError("scipy is not installed")
    monkeypatch.setattr(catalog, "absent", lambda library, _device: gone if library.name == "scipy" else None)
    result = invoke(*narrow, "--solver", "scipy-qr")
    assert result.exit_code == 0
    assert "unfinished" not in result.output
    assert f"{gone.sentence}: scipy-qr-float64-cpu" in result.output
    done = len(grid("quick", "float64", ["polynomial"]))
    assert f"nothing was left to do: all {done} attempts are done" in result.output


def test_a_run_of_other_code_is_not_resumed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    narrow = [*SMALL, "--solver", "numpy-qr*", "--out", tmp_path]
    assert invoke(*narrow).exit_code == 0
    with monkeypatch.context() as patch:
        patch.setenv("OPENBLAS_CORETYPE", "Haswell")
        assert "other flags; use --fresh" in failed(invoke(*narrow))
    monkeypatch.setattr("lamm_robust.provenance.code_digest", lambda *_: "edited")
    assert "other code; use --fresh" in failed(invoke(*narrow))
    assert invoke(*narrow, "--fresh").exit_code == 0


def in_order(table: pa.Table) -> pa.Table:
    """Records are written as they come, and that depends on what else the machine does."""
    return table.sort_by([("problem", "ascending"), ("variant", "ascending")])


def test_two_runs_give_the_same_answers(tmp_path: Path) -> None:
    tables = []
    for name in ("a", "b"):
        assert invoke(*SMALL, "--out", tmp_path / name).exit_code == 0
        table = in_order(pq.read_table(tmp_path / name / "records.parquet"))
        tables.append(table.drop_columns(["seconds", "min_seconds", "first_call_seconds"]))
    assert tables[0].equals(tables[1])


def test_the_mpmath_oracle_leads_to_the_same_verdicts(tmp_path: Path) -> None:
    verdicts = []
    for oracle in ("exact", "mpmath"):
        result = invoke(*SMALL, "--oracle", oracle, "--out", tmp_path / oracle)
        assert result.exit_code == 0, result.output
        table = pq.read_table(tmp_path / oracle / "records.parquet")
        assert set(table["oracle"].to_pylist()) == {oracle}
        verdicts.append(in_order(table).select(["problem", "variant", "rank", "verdict"]).to_pylist())
    assert verdicts[0] == verdicts[1]


def test_a_killed_run_resumes_and_loses_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lamm_robust", *SMALL, "--out", str(tmp_path)]
    journal = tmp_path / JOURNAL
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    while not journal.exists() or journal.read_bytes().count(b"\n") < 4:
        assert child.poll() is None, "it ended before it could be killed"
        time.sleep(0.005)
    child.send_signal(signal.SIGKILL)
    child.wait()
    kept = journal.read_bytes()
    assert not (tmp_path / "leaderboard.md").exists()
    result = invoke(*SMALL, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "done" in result.output
    assert journal.read_bytes().startswith(kept[: kept.rindex(b"\n") + 1])


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_keeps_its_records_and_says_how_to_go_on(sent: signal.Signals, tmp_path: Path) -> None:
    selection = ["--profile", "standard", "--precision", "float64", "--solver", "numpy", "--solver", "scipy"]
    command = [sys.executable, "-m", "lamm_robust", "run", *selection, "--out", str(tmp_path)]
    journal = tmp_path / JOURNAL
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not journal.exists() or journal.read_bytes().count(b"\n") < 20:
        assert child.poll() is None, "it ended before it could be interrupted"
        time.sleep(0.005)
    child.send_signal(sent)
    output, errors = child.communicate()
    assert child.returncode == 130, errors
    assert "the same command resumes" in output
    assert "Traceback" not in errors
    assert "(unfinished: " in (tmp_path / "leaderboard.md").read_text()
    assert pq.read_table(tmp_path / "records.parquet").num_rows >= 18


def test_nothing_to_run_is_not_success(tmp_path: Path) -> None:
    result = invoke("run", "--device", "gpu", "--out", tmp_path / "x")
    if catalog.absent(catalog.LIBRARY["jax"], "gpu") is None:
        pytest.skip("there is a GPU")
    assert result.exit_code == 4
    assert "no GPU found" in result.output
    assert not (tmp_path / "x").exists()


def test_a_gpu_that_is_not_there_is_named_in_a_run_of_all_devices(tmp_path: Path) -> None:
    if catalog.absent(catalog.LIBRARY["jax"], "gpu") is None:
        pytest.skip("there is a GPU")
    solvers = ["--solver", "numpy-qr-float64-*", "--solver", "jax-qr-float64-*"]
    selection = [*solvers, "--family", "polynomial", "--precision", "float64"]
    result = invoke("run", *selection, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "not measured: no GPU found: jax-qr-float64-gpu" in result.output
    assert "| jax-qr-float64-gpu | not measured: no GPU found |" in (tmp_path / "leaderboard.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--solver", "nunpy-*"], "unknown solver 'nunpy-*'; did you mean 'numpy'?"),
        (["--solver", "numpy-qrr"], "unknown solver 'numpy-qrr'; did you mean 'numpy-qr'?"),
        (["--solver", "zz*"], "unknown solver 'zz*'; known: see `lamm-robust list solvers`"),
        (["--solver", "*-float64-*", "--precision", "float32"], "no variant of *-float64-* is float32 on cpu or gpu"),
        (["--family", "polinomial"], "unknown family 'polinomial'; did you mean 'polynomial'?"),
        (["--oracle", "exakt"], "unknown oracle 'exakt'; did you mean 'exact'?"),
        (["--profile", "quik"], "'quik' is not one of 'quick', 'small', 'standard', 'full'"),
        (["--precision", "float16"], "'float16' is not one of"),
    ],
)
def test_wrong_names_are_named(tmp_path: Path, arguments: list[str], words: str) -> None:
    assert words in failed(invoke("run", *arguments, "--out", tmp_path / "x"))
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["run", "--freshe"], "no such option '--freshe'; did you mean '--fresh'? (see `lamm-robust run --help`)"),
        (["lamm", "--zz"], "no such option '--zz' (see `lamm-robust lamm --help`)"),
        (["chek"], "no such command 'chek'; did you mean 'check'? (see `lamm-robust --help`)"),
        (["--foo"], "no such option '--foo' (see `lamm-robust --help`)"),
        (["check"], "missing argument 'TARGET' (see `lamm-robust check --help`)"),
    ],
)
def test_what_is_no_usage_is_one_line(arguments: list[str], line: str) -> None:
    result = CliRunner().invoke(main, arguments, prog_name="lamm-robust")
    assert (result.exit_code, result.output) == (2, f"lamm-robust: {line}\n")


def test_without_a_command_there_is_help() -> None:
    result = CliRunner().invoke(main, [], prog_name="lamm-robust")
    assert result.output == CliRunner().invoke(main, ["--help"], prog_name="lamm-robust").output


def test_an_out_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot write to" in failed(invoke(*SMALL, "--out", tmp_path / "file"))


def test_a_run_under_other_conditions_is_not_resumed(tmp_path: Path) -> None:
    narrow = [*SMALL, "--solver", "numpy-qr*", "--out", tmp_path]
    assert invoke(*narrow).exit_code == 0
    assert "other profile; use --fresh" in failed(invoke(*narrow, "--profile", "standard"))
    assert "other oracle; use --fresh" in failed(invoke(*narrow, "--oracle", "mpmath"))


# --- list and replay ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("solvers", "lamm-cond"),
        ("families", "exact_rank"),
        ("metrics", "backward_error"),
        ("oracles", "mpmath"),
        ("profiles", "standard"),
    ],
)
def test_lists(what: str, words: str) -> None:
    result = invoke("list", what)
    assert result.exit_code == 0
    assert words in result.output


def test_solvers_of_the_gpu_are_listed_with_their_kernels() -> None:
    pytest.importorskip("jax")
    lines = invoke("list", "solvers", "--device", "gpu").output.splitlines()
    (row,) = [line for line in lines if line.startswith("jax-lstsq ")]
    assert "cusolver_gesvdj_ffi" in row
    assert not any(line.startswith("numpy-") for line in lines)


def test_solvers_of_an_emulated_device_are_listed_as_such() -> None:
    lines = invoke("list", "solvers", "--device", "emulated-tf32").output.splitlines()
    assert all("-float32-emulated-tf32 " in line for line in lines if line.startswith("jax-"))
    assert any(line.startswith("jax-solve-highest-float32-emulated-tf32 ") for line in lines)
    words = "`list families` takes no names and no --device; `list solvers` does"
    assert failed(invoke("list", "families", "--device", "gpu")) == f"lamm-robust: {words}"


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("solver", "did you mean 'solvers'?"),
        ("family", "did you mean 'families'?"),
        ("metric", "did you mean 'metrics'?"),
        ("oracle", "did you mean 'oracles'?"),
        ("profile", "did you mean 'profiles'?"),
        ("xyz", "known: solvers, families, metrics, oracles, profiles"),
    ],
)
def test_a_list_that_is_not_there_is_named_with_the_nearest(what: str, words: str) -> None:
    assert failed(invoke("list", what)) == f"lamm-robust: unknown list '{what}'; {words}"


def test_replay_shows_problem_truth_answer_and_scores() -> None:
    result = invoke("replay", KEY)
    assert result.exit_code == 0, result.output
    for words in ("polynomial points=5", "SHA-256", "by exact: rank 3", "backward_error", "column-wise stable"):
        assert words in result.output


def test_replay_of_a_shape_outside_the_contract() -> None:
    params = "m=2 n=3 mode=geometric log10_cond=1 residual=0 direction=random seed=0"
    result = invoke("replay", f"spectrum {params} dtype=float64 @ numpy-qr-float64-cpu")
    assert result.exit_code == 0, result.output
    assert "out of contract" in result.output


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("nonsense", "names no solver; expected"),
        (KEY.replace("numpy-qr", "numpy-qrr"), "unknown solver 'numpy-qrr-float64-cpu'; did you mean"),
        (KEY.replace("polynomial", "polynomals"), "unknown family 'polynomals'; did you mean 'polynomial'?"),
        (KEY.replace("degree=2", "degree"), "'degree' in the key is not of the form name=value"),
        (KEY.replace("degree=2", "degree=two"), "degree"),
        (KEY.replace("degree=2", "degrees=2"), "'degrees'"),
        (KEY.replace("dtype=float64", "dtype=float16"), "dtype=float16"),
        (KEY.replace("dtype=float64", "dtype=float32"), "takes float64"),
        (KEY.replace(" dtype=float64", ""), "no dtype in the key"),
    ],
)
def test_keys_that_name_nothing(key: str, words: str) -> None:
    assert words in failed(invoke("replay", key))


def test_a_library_that_is_absent_is_not_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "absent", lambda *_: AbsentError("numpy is not installed"))
    assert failed(invoke("replay", KEY)).endswith("numpy-qr-float64-cpu: not measured: numpy is not installed")


# --- truth -----------------------------------------------------------------------------------------------------


def saved(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


A22, B2 = np.array([[1.0, 2.0], [2.0, 4.0]]), np.array([3.0, 5.0])


def test_truth_of_a_file(tmp_path: Path) -> None:
    path = saved(tmp_path / "p.npz", A=A22, b=B2)
    started = time.monotonic()
    facts = json.loads(invoke("truth", path, "--json").stdout)
    elapsed = time.monotonic() - started
    seconds, radius = facts.pop("seconds"), float(facts.pop("radius"))
    assert facts == {
        "rank": 1,
        "x": [f"0.52{'0' * 38}", f"1.04{'0' * 37}"],  # (13/25, 26/25)
        "residual_norm": "0.4472135954999579392818347337462552470881",  # 1/√5
        "kappa": f"1.{'0' * 39}",
        "kappa_columns": f"1.{'0' * 39}",
        "method": "exact",
        "m": 2,
        "n": 2,
    }
    assert 0 < seconds < elapsed
    assert 0 < radius < 1e-60
    text = invoke("truth", path)
    assert text.exit_code == 0
    assert "exact rank     1" in text.output
    assert "0.52" in text.output


def test_truth_is_proved_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path / "p.npz", A=A22, b=B2 + 1)
    first = invoke("truth", path, "--json").stdout

    def refuse(A: Array, b: Array) -> Certificate:
        raise NotCertifiedError("asked again")

    monkeypatch.setattr(catalog, "find_oracle", lambda name: replace(catalog.ORACLES[name], certify=refuse))
    assert invoke("truth", path, "--json").stdout == first
    assert "asked again" in failed(invoke("truth", saved(tmp_path / "q.npz", A=A22, b=B2 + 2)))


def test_truth_of_what_a_rank_leaves(tmp_path: Path) -> None:
    path = saved(tmp_path / "p.npz", A=np.diag([4.0, 2.0, 1e-18]), b=np.array([8.0, 1.0, 3.0]))
    facts = json.loads(invoke("truth", path, "--rank", "2", "--json").stdout)
    assert [float(v) for v in facts["x"]] == [2.0, 0.5, 0.0]
    assert (facts["rank"], facts["method"], float(facts["sigma_next"])) == (2, "truncated", 1e-18)
    text = invoke("truth", path, "--rank", "2").stdout
    assert "rank           2, as asked\ncounted as 0   1" in text
    assert "A_2⁺b, exactly:" in text
    assert text == invoke("truth", path, "--rank", "2").stdout, "it is kept, with the seconds that it took"
    assert "p.npz': rank is 3; accepted is 1 to 2 for a 3×3 matrix" in failed(invoke("truth", path, "--rank", "3"))
    timid = failed(invoke("truth", path, "--rank", "2", "--oracle", "mpmath"))
    assert "oracle 'mpmath' does not truncate; those that do: auto, exact, verified, ball" in timid
    gapless = saved(tmp_path / "q.npz", A=np.diag([4.0, 2.0, 1.9]), b=np.ones(3))
    refused = failed(invoke("truth", gapless, "--rank", "2"))
    assert "no gap is proved between the singular values 2 and 3: needed is σ_3 ≤ σ_2/2" in refused


def test_replay_shows_what_a_cutoff_leaves() -> None:
    key = "spectrum m=30 n=10 mode=geometric log10_cond={} residual=1.0 direction=random seed=0 dtype=float32 @ {}"
    found = invoke("replay", key.format(7, "scipy-gelsd-float32-cpu")).stdout
    assert "cut       the solver's cutoff, 1.19e-07·σ₁, keeps 9 singular values, σ_9 = " in found
    assert "whose κ is beyond the precision, too; nothing is asked of the distance to A_9⁺b" in found
    easy = key.replace("geometric", "one_small").format(8, "scipy-gelsd-float32-cpu")
    assert "truncated_error is the distance to A_9⁺b" in invoke("replay", easy).stdout
    whole = invoke("replay", key.format(6, "numpy-lstsq-float32-cpu")).stdout
    assert "keeps all singular values" in whole
    assert "cut  " not in invoke("replay", key.format(7, "scipy-gelsy-float32-cpu")).stdout


def test_truth_of_several_right_hand_sides_and_by_mpmath(tmp_path: Path) -> None:
    path = saved(tmp_path / "p.npz", A=A22.astype(np.float32), b=np.eye(2, dtype=np.float32))
    exact = json.loads(invoke("truth", path, "--json").stdout)
    assert [[float(v) for v in row] for row in exact["x"]] == [[0.04, 0.08], [0.08, 0.16]]
    assert float(exact["residual_norm"]) == 1.0
    other = json.loads(invoke("truth", path, "--json", "--oracle", "mpmath").stdout)
    assert other["method"] == "mpmath"
    difference = np.array(exact["x"], dtype=float) - np.array(other["x"], dtype=float)
    assert np.abs(difference).max() <= float(other["radius"]) + 1e-16


def test_truth_of_the_zero_matrix(tmp_path: Path) -> None:
    facts = json.loads(invoke("truth", saved(tmp_path / "z.npz", A=np.zeros((2, 2)), b=np.ones(2)), "--json").stdout)
    assert (facts["rank"], facts["x"], facts["kappa"]) == (0, ["0", "0"], "nan")


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"b": B2}, "has no array 'A'"),
        ({"A": A22, "b": np.array([1.0, np.nan])}, "b"),
        ({"A": np.array([[np.inf, 1.0]]), "b": np.ones(1)}, "A"),
        ({"A": A22, "b": np.ones(3)}, "b"),
        ({"A": A22 + 1j, "b": B2.astype(np.clongdouble)}, "complex"),
        ({"A": A22, "b": np.zeros((2, 0))}, "b has shape (2, 0): no right-hand side"),
        ({"A": np.ones(2), "b": B2}, "A"),
        ({"A": A22.astype(np.float32), "b": B2}, "float"),
        ({"A": np.array([[object()]]), "b": np.ones(1)}, "cannot read"),
    ],
)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_truth_refuses_in_one_line(tmp_path: Path, arrays: dict[str, Any], words: str, form: list[str]) -> None:
    path = saved(tmp_path / "p.npz", **arrays)
    result = invoke("truth", path, *form)
    line = failed(result)
    assert words in line
    assert "p.npz" in line
    assert result.stdout == ""


def test_truth_of_what_is_no_npz_file(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("A = 1")
    (tmp_path / "cut.npz").write_bytes(saved(tmp_path / "p.npz", A=A22, b=B2).read_bytes()[:-30])
    assert "no file" in failed(invoke("truth", tmp_path / "missing.npz"))
    assert "is a directory" in failed(invoke("truth", tmp_path))
    assert "cannot read" in failed(invoke("truth", tmp_path / "text.npz"))
    (tmp_path / "bare.npy").write_bytes(b"\x93NUMPY")
    assert "cannot read" in failed(invoke("truth", tmp_path / "bare.npy"))
    assert "cannot read" in failed(invoke("truth", tmp_path / "cut.npz"))
    np.savez_compressed(tmp_path / "z.npz", A=np.arange(400.0).reshape(20, 20), b=np.ones(20))
    damaged = bytearray((tmp_path / "z.npz").read_bytes())
    damaged[200] ^= 0xFF
    (tmp_path / "z.npz").write_bytes(damaged)
    assert "cannot read" in failed(invoke("truth", tmp_path / "z.npz"))
    assert "unknown oracle" in failed(invoke("truth", tmp_path / "p.npz", "--oracle", "gnd"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_truth_of_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = saved(tmp_path / "p.npz", A=A22, b=B2)
    path.chmod(0)
    assert "cannot read" in failed(invoke("truth", path))


def test_nist_table() -> None:
    result = invoke("nist")
    assert result.exit_code == 0
    assert all(name in result.output for name in nist.DATASETS)
    filip = next(line for line in result.output.splitlines() if "Filip" in line)
    assert " 7.66 " in filip  # no solver can beat it in float64


# --- what only another machine or another oracle would show -----------------------------------------------------


def test_a_gpu_that_jax_cannot_use_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if catalog.absent(catalog.LIBRARY["jax"], "gpu") is None:
        pytest.skip("there is a GPU")
    monkeypatch.setattr(catalog, "missing_gpu", lambda _: None)  # as on a machine with a driver and JAX for the CPU
    result = invoke("run", "--device", "gpu", "--solver", "jax-qr-float64-gpu", "--out", tmp_path / "x")
    assert result.exit_code == 4, result.output
    assert "nothing ran: not measured: no worker for jax on gpu: last words:" in result.output


def test_problems_without_truth_make_a_run_incomplete(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(A: Array, b: Array) -> Certificate:
        if A.shape == (5, 3):
            raise NotCertifiedError("the textbook is too hard")
        return catalog.ORACLES["exact"].certify(A, b)

    monkeypatch.setitem(catalog.ORACLES, "timid", Oracle("timid", "", refuse))
    monkeypatch.setattr(catalog, "find_oracle", lambda name: catalog.ORACLES["timid"])
    result = invoke(*SMALL, "--profile", "small", "--out", tmp_path)
    assert result.exit_code == 4, result.output
    assert "not certified: polynomial points=5 degree=2" in result.output
    assert f"incomplete: {len(catalog.LIBRARY['numpy'].solvers)} of " in result.output
    assert pq.read_table(tmp_path / "records.parquet").num_rows > 0
    key_error = failed(invoke("replay", KEY))
    assert "is not certified by auto: the textbook is too hard" in key_error


def test_harness_faults_have_an_exit_code_of_their_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    line = failed(invoke(*SMALL, "--out", tmp_path / "x"), 3)
    assert "no-python" in line


def run_without_scipy(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A run in float64 on the CPU where SciPy is there and cannot be imported."""
    (place / "scipy").mkdir(exist_ok=True)
    (place / "scipy" / "__init__.py").write_text("raise ImportError('planted')\n")
    command = [sys.executable, "-m", "lamm_robust", "run", "--precision", "float64", "--device", "cpu", *arguments]
    variables = os.environ | {"PYTHONPATH": str(place)}
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)


def test_a_library_that_cannot_be_imported_is_absent_and_not_a_bad_solver(tmp_path: Path) -> None:
    solvers = ("--solver", "scipy-gelsd", "--solver", "numpy-qr")
    done = run_without_scipy(tmp_path, *solvers, "--family", "polynomial", "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert "not measured: no worker for scipy on cpu:" in done.stdout
    assert "ImportError: planted: scipy-gelsd-float64-cpu" in done.stdout
    assert set(pq.read_table(tmp_path / "out" / "records.parquet")["library"].to_pylist()) == {"numpy"}


def test_what_an_earlier_run_measured_does_not_hide_that_nothing_ran(tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    solver = ("--solver", "scipy-gelsd", "--precision", "float64", "--device", "cpu")
    assert invoke("run", *solver, "--family", "polynomial", "--out", out).exit_code == 0
    more = ("--family", "polynomial", "--family", "nist")
    done = run_without_scipy(tmp_path, *solver[:2], *more, "--out", out)
    assert done.returncode == 4, done.stdout
    assert "nothing ran: not measured: no worker for scipy on cpu: last words:" in done.stdout


def test_results_of_another_blas_are_not_mixed_in(tmp_path: Path) -> None:
    def say(journal: Journal, threads: str, name: str = "numpy float64 cpu") -> None:
        campaign.greeter(journal)(name, {"device": "cpu", "threads": [threads]})

    with open_journal(tmp_path, {}) as journal:
        say(journal, "Haswell")
        say(journal, "Haswell")
        say(journal, "SkylakeX", "jax float64 cpu")
        assert [note["worker"]["threads"] for note in journal.notes] == [["Haswell"], ["SkylakeX"]]
        with pytest.raises(StoreError, match="another BLAS or device for numpy float64 cpu"):
            say(journal, "SkylakeX")


def test_an_interrupt_that_compiled_code_swallows_stops_the_run_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(campaign, "stop_signals", [])
    with pytest.raises(KeyboardInterrupt):
        campaign.interrupt(signal.SIGTERM, None)  # and here it would go on, had the exception been lost
    stopped = invoke(*SMALL, "--out", tmp_path)
    assert stopped.exit_code == 130
    monkeypatch.setattr(campaign, "stop_signals", [])
    assert invoke(*SMALL, "--out", tmp_path).exit_code == 0
