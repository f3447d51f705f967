"""How other rooms get a worker: what it is told, and what ends with the room's context."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any
from unittest.mock import Mock

import pytest

from lamm_robust.workers import opening
from lamm_robust.workers.opening import Workers
from lamm_robust.workers.process import Kind, Template
from tests.support.planted import PLANTED


class Templates:
    """Templates that start no process, and say how often they were closed."""

    closed: int = 0

    def get(self, kind: Kind) -> None:
        raise AssertionError("not reached")

    def close(self) -> None:
        self.closed += 1


def test_a_worker_is_told_its_kind_its_limits_and_whom_to_greet(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Kind, object, float, Callable[[Mapping[str, Any]], None]]] = []
    firsts: list[dict[str, float]] = []
    templates, opened, hellos = Templates(), object(), list[tuple[str, Mapping[str, Any]]]()

    def worker(*told: Any, **limits: float) -> object:
        asked.append(told)
        firsts.append(limits)
        return opened

    monkeypatch.setattr(opening, "Templates", lambda: templates)
    monkeypatch.setattr(opening, "Worker", worker)
    limits: dict[str, Any] = {"case_seconds": 3.5, "first_seconds": 9.0, "case_memory": 77}
    with Workers({"planted": PLANTED}, **limits, on_hello=lambda *told: hellos.append(told)) as workers:
        assert workers.open("planted", "float32", "gpu") is opened
        ((kind, get, seconds, on_hello),) = asked
        assert kind == Kind(PLANTED, "float32", "gpu", memory=77)
        assert (get, seconds) == (templates.get, 3.5)
        assert firsts == [{"first_seconds": 9.0}]
        on_hello({"device": "G"})
        assert hellos == [("planted float32 gpu", {"device": "G"})]
        assert templates.closed < 1
    assert templates.closed == 1


def test_a_template_that_has_died_knows_no_status() -> None:
    template = Template.__new__(Template)
    template._control, other = socket.socketpair()
    template._process = Mock()
    with template._control, other:
        other.shutdown(socket.SHUT_WR)
        with pytest.raises(ChildProcessError):
            template.ask(5)
    assert [name for name, *_ in template._process.mock_calls] == ["kill", "wait"], "it may only be dying"


TAKE_ALL = """
import numpy as np
from lamm_robust.workers import child
child.confine(1 << 27)
hoard = []
with child.room_to_answer():
    try:
        while True:
            hoard.append(np.ones(1 << 17))
    except MemoryError:
        pass
assert len(hoard) >= 100, len(hoard)
answer = np.ones(1 << 20)  # half of the room
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can limit memory so")
def test_a_solver_that_takes_all_memory_leaves_room_to_say_so() -> None:
    subprocess.run([sys.executable, "-c", TAKE_ALL], check=True, timeout=60)
