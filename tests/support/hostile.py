"""Solvers that attack their check: a generator of 200 of them, as kinds of strikes × the moments at which they strike.

Each is a Python file with a `solve`. It answers well where it can, but for problems with an odd number of rows, where
it returns twice the answer: what it does must not make that pass, nor touch what is asked of another.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

HEAD = '''
import atexit, ctypes, fcntl, gc, itertools, json, mmap, os, resource, shutil, signal, stat, struct, subprocess, sys
import tempfile, threading, time, warnings
from pathlib import Path
import numpy as np

def pipes():
    """The pipes to which this process can write."""
    found = []
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        try:
            if stat.S_ISFIFO(os.fstat(descriptor).st_mode) and fcntl.fcntl(descriptor, fcntl.F_GETFL) & 3 == 1:
                found.append(descriptor)
        except OSError:
            pass
    return found

def spill(data):
    for descriptor in pipes():
        os.write(descriptor, data)

def with_key(kind, content):
    """Send a frame as the worker itself would, by its own object."""
    from lamm_robust.workers import wire
    for one in gc.get_objects():
        if type(one) is wire.Pipe:
            one.send(kind, content)

def outcome(number, **changes):
    """A packed outcome that is too good to be true."""
    from lamm_robust.values import Outcome, Status
    from lamm_robust.workers import wire
    values = {"status": Status.SOLVED, "x": np.full(2, 42.0), "seconds": 1e-9, "spent": 1e-9} | changes
    return wire.pack_outcome(number, Outcome(**values))

# where its world is its own it may be dangerous: elsewhere others on this machine would suffer
alone = os.environ.get("HOSTILE_WORLD", "") not in ("", os.readlink("/proc/self/ns/pid"))
HELLO = {"versions": {}, "device": "cpu", "flags": {}, "threads": []}
calls = 0
'''

STRIKES: Mapping[str, str] = {
    "forge_without_key": """
        from lamm_robust.workers import wire
        for number in range(6): spill(wire.frame(wire.OUTCOME, outcome(number)))""",
    "forge_with_key": """
        for number in range(6): with_key(b"O", outcome(number))""",
    "forge_as_last": """
        for number in range(6): with_key(b"L", outcome(number))""",
    "forge_that_it_declined": """
        from lamm_robust.values import Status
        for number in range(6): with_key(b"O", outcome(number, status=Status.NOT_ATTEMPTED, x=None))""",
    "forge_a_kill": """
        from lamm_robust.values import Cause, Status
        for number in range(6):
            with_key(b"O", outcome(number, status=Status.CRASHED, cause=Cause.PROCESS_LOST, x=None))""",
    "forge_times": """
        for number in range(6): with_key(b"O", outcome(number, seconds=float("nan"), spent=-1.0))""",
    "greet_without_key": """
        from lamm_robust.workers import wire
        spill(wire.frame(wire.HELLO, json.dumps(HELLO | {"pid": os.getppid()}).encode()))""",
    "greet_with_key": """
        with_key(b"H", json.dumps(HELLO).encode())""",
    "greet_for_ever": """
        while True:
            with_key(b"H", json.dumps(HELLO).encode())
            time.sleep(0.05)""",
    "greet_in_depth": """
        with_key(b"H", b"[" * 50000)""",
    "claim_gigabytes": """
        spill(struct.pack("<cII", b"O", 2**32 - 1, 0))""",
    "scribble": """
        spill(b"this is no frame, whatever it is" * 100)""",
    "flood_the_pipe": """
        for _ in range(1000): spill(b"O" + b"\\0" * 65535)""",
    "flood_the_output": """
        for _ in range(200): os.write(1, b"\\x1b]0;mine\\x07" * 100000)""",
    "fork_often": """
        for _ in range(100):
            if os.fork() == 0:
                time.sleep(600.25)""",
    "fork_with_the_pipe": """
        if os.fork() == 0:
            time.sleep(600.25)""",
    "leave_a_daemon": """
        subprocess.Popen(["setsid", "sleep", "600.25"], stdin=subprocess.DEVNULL)""",
    "kill_its_parent": """
        os.kill(os.getppid(), signal.SIGKILL)""",
    "stop_its_parent": """
        os.kill(os.getppid(), signal.SIGSTOP)""",
    "kill_by_name": """
        for place in Path("/proc").glob("[0-9]*/cmdline"):
            if alone and b"pytest" in place.read_bytes(): os.kill(int(place.parent.name), signal.SIGKILL)""",
    "kill_everybody": """
        if alone: os.kill(-1, signal.SIGKILL)""",
    "kill_its_group": """
        os.kill(0, signal.SIGKILL)""",
    "kill_itself": """
        os.kill(os.getpid(), signal.SIGKILL)""",
    "stop_itself": """
        os.kill(os.getpid(), signal.SIGSTOP)""",
    "segfault": """
        ctypes.string_at(0)""",
    "abort": """
        os.abort()""",
    "exit_well": """
        os._exit(0)""",
    "exit_as_harness": """
        os._exit(3)""",
    "raise_an_exit": """
        raise SystemExit(0)""",
    "raise_an_interrupt": """
        raise KeyboardInterrupt""",
    "stop_the_clock": """
        for name in ("perf_counter", "monotonic", "time", "process_time"): setattr(time, name, lambda: 0.0)""",
    "stop_the_harness_clock": """
        from lamm_robust.workers import attempt, repeats
        attempt.clock = repeats.clock = lambda: 0.0""",
    "replace_the_harness": """
        from lamm_robust.workers import attempt, child, wire
        child.attempt = attempt.attempt = lambda *_: None
        wire.pack_outcome = lambda *_: b"" """,
    "replace_numpy": """
        np.linalg.lstsq = np.linalg.norm = np.isfinite = lambda *_, **__: np.zeros(1)""",
    "hang_at_the_exit": """
        atexit.register(time.sleep, 600.25)
        sys.excepthook = lambda *_: time.sleep(600.25)""",
    "start_threads": """
        for _ in range(20): threading.Thread(target=time.sleep, args=(600.25,), daemon=False).start()""",
    "close_everything": """
        os.closerange(0, 65536)""",
    "close_small_numbers": """
        os.closerange(3, 100)""",
    "recurse": """
        sys.setrecursionlimit(10**9)
        def deeper(n): return [deeper(n + 1)]
        deeper(0)""",
    "take_all_memory": """
        kept.append(np.ones(1 << 31))""",
    "take_shared_memory": """
        shared = mmap.mmap(-1, 3 << 30)
        for start in range(0, 3 << 30, 4096): shared[start] = 1
        kept.append(shared)""",
    "raise_escapes": """
        raise RuntimeError("\\x1b]0;mine\\x07 \\x9b31m \\u202e \\ud800" * 1000)""",
    "warn_with_escapes": """
        warnings.warn("\\x1b]0;mine\\x07 \\x9b31m \\u202e \\ud800" * 1000)""",
    "write_files": """
        for number in range(5): Path(f"left{number}.bin").write_bytes(b"x" * (1 << 20))""",
    "write_a_large_file": """
        with open("large.bin", "wb") as stream:
            for _ in range(100): stream.write(b"x" * (1 << 20))""",
    "delete_its_directory": """
        if "scratch" in os.getcwd(): shutil.rmtree(os.getcwd())  # but not the user's own""",
    "set_an_alarm": """
        signal.setitimer(signal.ITIMER_REAL, 0.05)""",
    "limit_itself": """
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))""",
    "loop_in_c": """
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sum(itertools.repeat(0))""",
    "sleep": """
        time.sleep(600.25)""",
}
"""Name → what it does, as code."""

MOMENTS: Mapping[str, str] = {
    "imported": """
        strike()
        def moment(): pass""",
    "called": """
        def moment():
            if calls == 1: strike()""",
    "later": """
        def moment():
            if calls == 25: strike()""",
    "in a thread": """
        def moment():
            if calls == 1: threading.Thread(target=strike, daemon=True).start(); time.sleep(0.1)""",
    "in a child": """
        def moment():
            if calls == 1:
                child = os.fork()
                if child == 0:
                    try: strike()
                    finally: os._exit(0)
                time.sleep(0.1)""",
}
"""When it strikes → the code that makes it; calls are counted, and a problem takes at least five."""

TAIL = """
kept = []
lstsq = np.linalg.lstsq

def solve(A, b):
    global calls
    calls += 1
    moment()
    return lstsq(A, b, rcond=None)[0] * (1 + len(A) % 2)
"""


@dataclass(frozen=True)
class Hostile:
    """One attacking solver."""

    strike: str
    moment: str

    @property
    def name(self) -> str:
        """A name that a file can have."""
        return f"{self.strike}_{self.moment}".replace(" ", "_")

    @property
    def source(self) -> str:
        """The text of its file."""
        strike = textwrap.indent(textwrap.dedent(STRIKES[self.strike]), "    ")
        moment = textwrap.dedent(MOMENTS[self.moment])
        return f"{HEAD}\ndef strike():\n{strike}\n{TAIL}\n{moment}\n"


def hostile() -> Iterator[Hostile]:
    """All attacking solvers."""
    for strike in STRIKES:
        for moment in MOMENTS:
            yield Hostile(strike, moment)
