"""All that a GPU has to show, in at most six minutes: what `python3 run.py gpu` runs, and the page that it writes.

    python docs/evidence/gpu.py [--device gpu|emulated-tf32] [--out DIR] [--seconds S]

The tests that are marked `gpu` in float32, part by part; the kernels of every solver; and JAX's solvers at some
families of the small profile, on the GPU and beside it on the CPU. When the time is up, the page says what is missing,
and the same command goes on from there. With an emulated device all of it runs on a CPU, and is labelled so.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lamm_robust.defaults import Exit
from lamm_robust.text import markdown_table
from lamm_robust.values import EMULATED

ROOT = Path(__file__).parents[2]

SOLVERS_FILE = "tests/solvers/test_solvers.py"

TESTS = (
    f"{SOLVERS_FILE}::test_jax_runs_in_the_precision_and_on_the_device_under_test",
    f"{SOLVERS_FILE}::test_well_conditioned_problems_are_solved",
    f"{SOLVERS_FILE}::test_right_hand_sides_in_columns_are_solved",
    f"{SOLVERS_FILE}::test_an_exactly_deficient_problem_is_solved_where_that_is_promised",
    f"{SOLVERS_FILE}::test_where_products_are_emulated_a_solver_fails_unless_it_asks_for_full_precision",
    *("tests/solvers/test_third_party.py", "tests/solvers/test_least_squares.py"),
    *("tests/lamm/test_step.py", "tests/lamm/test_mesh.py", "tests/lamm/test_apply.py"),
)
"""The tests that are marked `gpu`, in parts, each of which is done again if time runs out in it."""

FAMILIES = ("spectrum", "exact_rank", "columns", "near_rank", "weighted", "scaled", "offset")
"""Families with a dozen shapes among them: each shape costs each solver a second of compilation."""

SOLVERS = (
    *("jax-solve", "jax-lstsq", "jax-pinv", "jax-qr", "jax-normal-lu", "jax-normal-cholesky", "jax-lamm-cond"),
    "jax-*-highest",
)
"""What most people call, and the same with products in full precision."""

ON_GPUS = ("torch-gels",)
"""Solvers that are run on a GPU, and beside it, and are not emulated."""

SECONDS = 330.0
"""The time for everything, so that it is done in six minutes."""

SHARE = 0.5
"""The part of it that the tests get at first; then comes the sweep, and what it leaves is for tests again."""

STOPPING = 30.0
"""How long a command that is ended may take to write what it has, in seconds."""


@dataclass(frozen=True)
class Place:
    """Where it runs, and where its files go."""

    device: str
    out: Path
    end: float
    """The time on the monotonic clock at which it stops."""

    def left(self) -> float:
        """The seconds that are left, at least one."""
        return max(1.0, self.end - time.monotonic())


def call(command: Sequence[str], seconds: float, output: Path) -> int | None:
    """Run a Python module with its output in a file; end it when its time is up, and return None then."""
    with output.open("w", encoding="utf-8") as file:
        child = subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, stdout=file, stderr=subprocess.STDOUT)
        try:
            return child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.terminate()  # which a run takes for Ctrl-C, also where a shell has its background jobs ignore that
            try:
                child.wait(STOPPING)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            return None


def test(place: Place, share: float) -> list[list[str]]:
    """Rows of what each part of the tests said, with a share of the time; what an earlier call did is kept."""
    end = time.monotonic() + share * place.left()
    for name in TESTS:
        output, left = output_of(place, name), end - time.monotonic()
        if not output.exists() and left > 0:
            command = ["pytest", "-q", "-p", "no:cacheprovider", "-m", "gpu", "--precision", "float32"]
            unfinished = output.with_suffix(".part")
            if call([*command, "--device", place.device, name], left, unfinished) is not None:
                unfinished.replace(output)
    return [[f"`{name}`", result_of(output_of(place, name))] for name in TESTS]


def output_of(place: Place, name: str) -> Path:
    """The file with the output of a part of the tests, once it is done."""
    return place.out / f"{name.rpartition('/')[2].rpartition('::')[2].removesuffix('.py')}.txt"


def result_of(output: Path) -> str:
    """The last line of pytest's output."""
    return output.read_text(encoding="utf-8").strip().splitlines()[-1] if output.exists() else NOT_YET


NOT_YET = "not yet run"


def sweep(place: Place) -> bool:
    """Run the solvers on the device and on the CPU, as far as the time goes; whether all is done."""
    devices = "emulated" if place.device in EMULATED else "all"
    globs = [f"{name}-float32-{place.device}" for name in SOLVERS]
    globs += [f"{name}-float32-cpu" for name in SOLVERS if not name.endswith("-highest")]
    globs += [f"{name}-float32-{device}" for name in ON_GPUS for device in ("cpu", "gpu") if devices == "all"]
    command = ["lamm_robust", "run", "--profile", "small", "--precision", "float32", "--device", devices]
    chosen = [part for name in FAMILIES for part in ("--family", name)]
    chosen += [part for glob in globs for part in ("--solver", glob)]
    run = [*command, *chosen, "--out", str(place.out / "sweep"), "--workers", "2", "--case-seconds", "20"]
    return call(run, place.left(), place.out / "sweep.txt") == Exit.DONE


def classes(place: Place) -> list[list[str]]:
    """A row for each solver: its class on each device, in the order of the leaderboard."""
    table = place.out / "sweep" / "leaderboard.csv"
    if not table.exists():
        return []
    with table.open(encoding="utf-8") as file:
        found = {(row["library"], row["algorithm"], row["device"]): row for row in csv.DictReader(file)}
    devices = list(dict.fromkeys(device for *_, device in found))
    names = list(dict.fromkeys((library, algorithm) for library, algorithm, _ in found))

    def cell(library: str, algorithm: str, device: str) -> str:
        row = found.get((library, algorithm, device))
        return f"{row['stability']}, {row['silent_failures']} silent" if row else "–"

    rows = [[f"`{name[0]}-{name[1]}`", *(cell(*name, device) for device in devices)] for name in names]
    return [["solver", *devices], *rows]


def machine(device: str) -> str:
    """What the machine has: the GPU by its driver's own words, or that it is emulated."""
    if device in EMULATED:
        return f"{device}: a CPU, on which float32 products are emulated. No GPU was used."
    smi = shutil.which("nvidia-smi")
    told = subprocess.run([smi, "-L"], capture_output=True, text=True, check=False).stdout if smi else ""
    return told.strip() or "nvidia-smi names no GPU."


def page(place: Place, tests: list[list[str]], *, is_done: bool) -> str:
    """The page, in Markdown."""
    table = classes(place)
    kernels = (place.out / "kernels.txt").read_text(encoding="utf-8")
    return "\n\n".join(
        [
            f"# Solvers on {place.device}",
            machine(place.device),
            "" if is_done else "**Unfinished**: the same command goes on.",
            "## Tests",
            markdown_table(["tests", "result"], tests).rstrip(),
            "## Classes, on each device",
            markdown_table(table[0], table[1:]).rstrip() if table else "Nothing was run.",
            "All tables and a page to look at are in `sweep/`.",
            "## Kernels that JAX calls on an NVIDIA GPU",
            f"```text\n{kernels.rstrip()}\n```\n",
        ]
    )


def main() -> int:
    """Do what is left to do, write the page, and return the exit code."""
    parser = argparse.ArgumentParser(description="All that a GPU has to show, in one command.")
    parser.add_argument("--device", default="gpu", choices=["gpu", *EMULATED])
    parser.add_argument("--out", type=Path, help="default: results/gpu, or results/DEVICE")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    asked = parser.parse_args()
    out = asked.out or ROOT / "results" / asked.device
    out.mkdir(parents=True, exist_ok=True)
    place = Place(asked.device, out.resolve(), time.monotonic() + asked.seconds)
    call(["lamm_robust", "list", "solvers", "--device", "gpu"], place.left(), out / "kernels.txt")
    test(place, SHARE)
    is_swept = sweep(place)
    tests = test(place, 1.0)
    is_done = is_swept and all(result != NOT_YET for _, result in tests)
    (out / "README.md").write_text(page(place, tests, is_done=is_done), encoding="utf-8")
    failed = [name for name, result in tests if " failed" in result or " error" in result]
    print(f"{out / 'README.md'}: {'done' if is_done else 'unfinished; the same command goes on'}")
    if failed:
        print(f"tests failed in {', '.join(failed)}: see the .txt files beside it")
    return Exit.NOT_HELD if failed else Exit.DONE if is_done else Exit.NOTHING_RAN


if __name__ == "__main__":
    sys.exit(main())
