"""The set-up script, run.py, without a network.

A checkout here is a copy of run.py beside a small pyproject.toml, in a directory with a space in its name. The
installer is a shell script called uv, which "installs" commands that print what they were given, and like pip
works through a child of its own; pip is never run, and stands in `installers` only.
"""

import ast
import configparser
import contextlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from lamm_robust.cli.main import main

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "run.py"
DEV = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["dev"]

UV = """#!/bin/sh
echo "$*" >> uv.log
if [ -e hold ]; then sh -c 'echo held > started; read line < go; :'; fi
for name in tox lamm-robust; do
    cat > .venv/bin/$name << 'COMMAND'
#!/bin/sh
for argument; do printf '[%s]' "$argument"; done
printf '\\nin %s\\nPYTHONPATH=%s PIP_USER=%s PIP_INDEX_URL=%s\\n' "$PWD" "$PYTHONPATH" "$PIP_USER" "$PIP_INDEX_URL"
exit 7
COMMAND
    chmod +x .venv/bin/$name
done
"""


def load(script: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("run_script", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh checkout, with the false uv first on PATH."""
    root = tmp_path / "a checkout"
    root.mkdir()
    shutil.copy(SCRIPT, root)
    (root / "pyproject.toml").write_text("[project]\n")
    uv = tmp_path / "bin" / "uv"
    uv.parent.mkdir()
    uv.write_text(UV)
    uv.chmod(0o755)
    monkeypatch.setenv("PATH", f"{uv.parent}{os.pathsep}{os.environ['PATH']}")
    return root


@pytest.fixture
def run(checkout: Path) -> ModuleType:
    """The script as a module that believes in the checkout."""
    return load(checkout / "run.py")


@contextlib.contextmanager
def start(checkout: Path, *args: str, cwd: Path | None = None) -> Iterator[subprocess.Popen[str]]:
    """Run the script beside the test, and not beyond it."""
    pipe = subprocess.PIPE
    command = [sys.executable, str(checkout / "run.py"), *args]
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=cwd) as process:
        try:
            yield process
        finally:
            process.kill()


def finish(process: subprocess.Popen[str]) -> SimpleNamespace:
    out, err = process.communicate()
    assert "Traceback" not in err
    return SimpleNamespace(code=process.returncode, out=out.splitlines(), err=err.splitlines())


def ended(checkout: Path, *args: str, cwd: Path | None = None) -> SimpleNamespace:
    with start(checkout, *args, cwd=cwd) as process:
        return finish(process)


def installations(checkout: Path) -> int:
    return len((checkout / "uv.log").read_text().splitlines())


def finished(run: ModuleType) -> None:
    """What a set-up leaves, made by hand."""
    run.BIN.mkdir(parents=True)
    for file in (run.PYTHON, run.ROBUST, run.TOX_RUN):
        file.touch()
    run.STAMP.write_bytes(run.fingerprint())


def fail(run: ModuleType, capsys: pytest.CaptureFixture[str]) -> str:
    """Run the script where it cannot succeed; return its last line."""
    assert run.main([]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines()[-1].startswith("run.py: ")
    return captured.err.splitlines()[-1]


# --- old machines -----------------------------------------------------------------------------------------


def test_python_3_6_can_parse_the_script() -> None:
    assert ast.parse(SCRIPT.read_text(), feature_version=(3, 6)).body


@pytest.mark.parametrize("version", [(3, 6, 15), (3, 10, 13)])
def test_an_older_python_is_turned_away_with_one_line(
    version: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    with pytest.raises(SystemExit) as stopped:
        load(SCRIPT)
    assert stopped.value.code == 3
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "3.11 or newer" in line
    assert f"{version[0]}.{version[1]}" in line


# --- arguments --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "command"),
    [
        (["list", "solvers"], ["lamm-robust", "list", "solvers"]),
        (["run", "--profile", "full"], ["lamm-robust", "run", "--profile", "full"]),
        (["truth", "p.npz", "--json"], ["lamm-robust", "truth", "p.npz", "--json"]),
        ([], ["lamm-robust", "run", "--profile", "quick"]),
        (["--family", "hilbert"], ["lamm-robust", "run", "--profile", "quick", "--family", "hilbert"]),
        (["--profile", "full"], ["lamm-robust", "run", "--profile", "full"]),
        (["-v", "--profile=full"], ["lamm-robust", "run", "-v", "--profile=full"]),
        (["--profiles"], ["lamm-robust", "run", "--profile", "quick", "--profiles"]),
        (["test"], ["tox", "run-parallel", "--parallel", "all"]),
        (["test", "-e", "lint", "--", "a b"], ["tox", "-e", "lint", "--", "a b"]),
        (["gpu"], ["tox", "run", "-e", "gpu"]),
        (["emulated", "--seconds", "60"], ["tox", "run", "-e", "emulated", "--", "--seconds", "60"]),
        (["-k", "test"], ["lamm-robust", "run", "--profile", "quick", "-k", "test"]),
    ],
)
def test_arguments_reach_the_right_command(run: ModuleType, args: list[str], command: list[str]) -> None:
    assert run.wanted(args) == [str(run.VENV / "bin" / command[0]), *command[1:]]


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_sets_nothing_up(checkout: Path, flag: str) -> None:
    shown = ended(checkout, flag)
    assert shown.code == 0
    assert "python3 run.py test" in "\n".join(shown.out)
    assert not (checkout / ".venv").exists()


def test_bounds_of_the_tools_are_those_of_the_dev_extra() -> None:
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini")
    assert load(SCRIPT).TOX in DEV
    assert f"tox>={tox['tox']['min_version']}" in DEV
    assert tox["testenv:lint"]["deps"] in DEV


# --- environment ------------------------------------------------------------------------------------------


def test_variables_that_lead_out_of_the_environment_are_dropped(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = dict.fromkeys(
        ["PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV"], "1"
    )
    kept = {"PIP_INDEX_URL": "https://example.invalid/", "HTTPS_PROXY": "http://proxy.invalid", "HOME": "/h"}
    monkeypatch.setattr(os, "environ", {**elsewhere, **kept, "PIP_USER": "1"})
    assert run.environment() == {**kept, "PIP_USER": "0"}


# --- the stamp --------------------------------------------------------------------------------------------


def test_the_fingerprint_changes_with_everything_that_the_environment_depends_on(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = [run.fingerprint()]
    assert seen == [run.fingerprint()]
    (run.ROOT / "pyproject.toml").write_text("[project] \n")
    seen.append(run.fingerprint())
    for owner, name in ((sys, "version"), (sys, "base_prefix"), (run, "TOX")):
        monkeypatch.setattr(owner, name, "another")
        seen.append(run.fingerprint())
    assert len(set(seen)) == 5


def test_a_moved_checkout_is_not_ready(run: ModuleType, tmp_path: Path) -> None:
    finished(run)
    assert run.is_ready()
    moved = run.ROOT.rename(tmp_path / "moved")
    assert not load(moved / "run.py").is_ready()


@pytest.mark.parametrize("half", [0, 1, 63])
def test_a_stamp_cut_short_is_not_ready(run: ModuleType, half: int) -> None:
    finished(run)
    run.STAMP.write_bytes(run.fingerprint()[:half])
    assert not run.is_ready()


@pytest.mark.parametrize("lost", ["PYTHON", "ROBUST", "TOX_RUN", "STAMP"])
def test_an_environment_that_lost_a_part_is_not_ready(run: ModuleType, lost: str) -> None:
    finished(run)
    getattr(run, lost).unlink()
    assert not run.is_ready()


# --- whole runs -------------------------------------------------------------------------------------------


def test_the_first_run_sets_up_and_the_second_does_not(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PIP_USER", "1")
    monkeypatch.setenv("PIP_INDEX_URL", "https://example.invalid/")
    monkeypatch.delenv("HOME")
    shown = [
        "[run][--profile][quick][a b]",
        f"in {tmp_path}",
        "PYTHONPATH= PIP_USER=0 PIP_INDEX_URL=https://example.invalid/",
    ]
    first = ended(checkout, "a b", cwd=tmp_path)
    assert (first.code, first.out) == (7, shown)
    assert [line.split()[1] for line in first.err] == ["setting", "installing", "set-up"]
    second = ended(checkout, "a b", cwd=tmp_path)
    assert (second.code, second.out, second.err) == (7, shown, [])
    assert installations(checkout) == 1
    python = checkout / ".venv" / "bin" / "python"
    assert (checkout / "uv.log").read_text() == f"pip install --quiet --editable . tox>=4.18 --python {python}\n"


def test_every_command_is_known(run: ModuleType) -> None:
    assert set(run.COMMANDS) == set(main.commands)
    for name in run.COMMANDS:
        assert name == "run" or re.search(rf"\b{name}\b", run.__doc__ or ""), name


def test_an_interrupt_while_a_child_starts_ends_it(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started: list[subprocess.Popen[str]] = []
    real = subprocess.Popen

    def interrupted(*args: Any, **options: Any) -> Any:
        started.append(real(*args, **options))
        signal.raise_signal(signal.SIGINT)  # between the start of the child and the return of its handle
        return started[0]

    monkeypatch.setattr(subprocess, "Popen", interrupted)
    with (tmp_path / "stamp").open("wb") as stamp, pytest.raises(KeyboardInterrupt):
        run.complaint([sys.executable, "-c", "import time; time.sleep(60)"], stamp)
    assert started[0].returncode == -signal.SIGKILL


def test_tox_runs_in_the_repository(checkout: Path, tmp_path: Path) -> None:
    done = ended(checkout, "test", "-e", "lint", cwd=tmp_path)
    assert done.code == 7
    assert done.out[:2] == ["[-e][lint]", f"in {checkout}"]


def test_a_change_of_the_requirements_sets_up_afresh(checkout: Path) -> None:
    ended(checkout)
    left = checkout / ".venv" / "lib" / "left over"
    left.mkdir()
    (checkout / "pyproject.toml").write_text("[project]\nname = 'changed'\n")
    assert ended(checkout).code == 7
    assert not left.exists()
    assert ended(checkout).err == []
    assert installations(checkout) == 2


def test_the_environment_may_be_a_link_to_another_disk(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "big").mkdir()
    (checkout / ".venv").symlink_to(tmp_path / "big")
    assert ended(checkout).code == 7
    assert (tmp_path / "big" / "bin" / "tox").exists()


# --- interruptions ----------------------------------------------------------------------------------------


@pytest.fixture
def held(checkout: Path) -> Path:
    """A checkout where the installer, once started, waits for a word."""
    (checkout / "hold").touch()
    for name in ("started", "go"):
        os.mkfifo(checkout / name)
    return checkout


def test_a_set_up_killed_half_way_is_done_again_from_the_start(held: Path) -> None:
    with start(held) as first:
        (held / "started").read_text()
        (held / ".venv" / "half").touch()
        first.kill()
        # its installer goes on, and nobody may touch .venv until that is over
        with start(held) as second:
            assert second.stderr is not None
            assert "waiting" in second.stderr.readline()
            assert installations(held) == 1
            assert (held / ".venv" / "half").exists()
            (held / "hold").unlink()
            (held / "go").write_text("go\n")
            done = finish(second)
    assert (done.code, done.out[0]) == (7, "[run][--profile][quick]")
    assert installations(held) == 2
    assert not (held / ".venv" / "half").exists()


def test_of_two_first_runs_the_second_waits_for_the_first(held: Path) -> None:
    with start(held, "one") as first:
        (held / "started").read_text()
        with start(held, "two") as second:
            assert second.stderr is not None
            assert "waiting" in second.stderr.readline()
            (held / "go").write_text("go\n")
            assert finish(first).out[0] == "[run][--profile][quick][one]"
            assert finish(second).out[0] == "[run][--profile][quick][two]"
    assert installations(held) == 1


def test_ctrl_c_ends_set_up_and_its_installer(held: Path) -> None:
    with start(held) as process:
        (held / "started").read_text()
        process.send_signal(signal.SIGINT)
        done = finish(process)
    assert (done.code, done.err[-1]) == (130, "run.py: interrupted")
    (held / "hold").unlink()
    after = ended(held)
    assert after.code == 7
    assert not any("waiting" in line for line in after.err)


# --- failures ---------------------------------------------------------------------------------------------


def ways(*scripts: str) -> dict[str, list[list[str]]]:
    """Installers that are one Python line each."""
    return {f"installer {i}": [[sys.executable, "-c", script]] for i, script in enumerate(scripts)}


def test_pip_takes_over_where_uv_fails(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    half = "import pathlib; pathlib.Path('.venv/half').touch(); raise SystemExit('error: no index')"
    whole = "import pathlib; assert not pathlib.Path('.venv/half').exists()"
    monkeypatch.setattr(run, "installers", lambda: ways(half, whole))
    run.set_up()
    assert run.STAMP.read_bytes() == run.fingerprint()


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("ERROR: No matching distribution found for jax", "README.md says how"),
        ("ERROR: [Errno 28] No space left on device", "the disk is full"),
        ("", "README.md says how"),
    ],
)
def test_a_failed_installation_shows_its_error_and_leaves_no_stamp(
    run: ModuleType,
    said: str,
    advice: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    script = f"print('Looking in links'); print({said!r}); print('╰─> the end'); raise SystemExit(1)"
    monkeypatch.setattr(run, "installers", lambda: ways(script))
    assert run.main([]) == 3
    lines = capsys.readouterr().err.splitlines()
    assert advice in lines[-1]
    assert said in lines
    assert ("╰─> the end" in lines) == (not said)
    assert run.STAMP.read_bytes() == b""
    assert not run.is_ready()


def test_an_installer_that_fails_without_a_word_has_failed(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "installers", lambda: ways("raise SystemExit(5)"))
    assert run.main([]) == 3
    assert "exit status 5" in capsys.readouterr().err.splitlines()


def test_the_tail_of_a_long_failure_is_short(run: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    run.show("\n".join(f"error {i} " + "x" * 1000 for i in range(100)))
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[1] for line in lines] == [str(i) for i in range(92, 100)]
    assert all(len(line) == 160 for line in lines)


def modules_without(*missing: str) -> SimpleNamespace:
    return SimpleNamespace(util=SimpleNamespace(find_spec=lambda name: None if name in missing else name))


@pytest.fixture
def machine(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Tell the script what pip its machine has, and which modules it lacks; there is no uv."""

    def has(pip: tuple[int, ...], *missing: str) -> None:
        util = SimpleNamespace(find_spec=lambda name: None if name in missing else name)
        monkeypatch.setattr(run, "importlib", SimpleNamespace(util=util))
        monkeypatch.setattr(run, "pip_version", lambda: pip)
        monkeypatch.setattr(run.shutil, "which", lambda _: None)

    return has


@pytest.mark.parametrize("pip", [(22, 3), (23, 0), (101, 0)])
def test_pip_of_the_machine_installs_from_outside(
    run: ModuleType, machine: Callable[..., None], pip: tuple[int, ...]
) -> None:
    machine(pip, "ensurepip")
    make, install = run.installers()["pip"]
    assert make[-1] == "--without-pip"
    assert install[:5] == [sys.executable, "-m", "pip", "--python", str(run.PYTHON)]


@pytest.mark.parametrize("pip", [(), (9, 0), (22, 2)])
def test_without_a_recent_pip_the_environment_gets_one(
    run: ModuleType, machine: Callable[..., None], pip: tuple[int, ...]
) -> None:
    machine(pip)
    make, install = run.installers()["pip"]
    assert "--without-pip" not in make
    assert install[:4] == [str(run.PYTHON), "-m", "pip", "install"]


@pytest.mark.parametrize(
    ("pip", "missing"), [((), ["ensurepip"]), ((22, 2), ["ensurepip"]), ((23, 0), ["venv", "ensurepip"])]
)
def test_a_machine_without_tools_learns_which_packages_to_install(
    run: ModuleType, machine: Callable[..., None], pip: tuple[int, ...], missing: list[str]
) -> None:
    machine(pip, *missing)
    with pytest.raises(run.SetUpError, match="apt install python3-venv python3-pip"):
        run.installers()


@pytest.mark.parametrize(
    ("answer", "version"),
    [("pip 23.0.1 from /usr/lib (python 3.11)", (23, 0)), ("pip 9.0 from", (9, 0)), ("", ())],
)
def test_the_version_of_pip(
    run: ModuleType, answer: str, version: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run.subprocess, "run", lambda *_, **__: SimpleNamespace(stdout=answer))
    assert run.pip_version() == version


def test_somebody_elses_environment_is_left_alone(run: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    run.VENV.mkdir()
    (run.VENV / "pyvenv.cfg").touch()
    assert "not of run.py's making" in fail(run, capsys)
    assert [entry.name for entry in run.VENV.iterdir()] == ["pyvenv.cfg"]


def test_a_file_in_the_place_of_the_environment_is_left_alone(
    run: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    run.VENV.write_text(".tox/f64-cpu\n")
    assert "not of run.py's making" in fail(run, capsys)
    assert run.VENV.read_text() == ".tox/f64-cpu\n"


def test_a_read_only_checkout_is_named(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(path: Path) -> None:
        raise OSError(30, "Read-only file system", str(path))  # as root, permissions alone would not refuse

    monkeypatch.setattr(Path, "mkdir", refuse)
    line = fail(run, capsys)
    assert "Read-only file system" in line
    assert str(run.ROOT) in line
