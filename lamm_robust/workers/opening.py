"""The one way to open a worker: by the names of library, precision and device."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lamm_robust.defaults import CASE_MEMORY, CASE_SECONDS
from lamm_robust.values import Device, Library, Precision
from lamm_robust.workers.process import Kind, Templates
from lamm_robust.workers.supervisor import Worker

Hello = Callable[[str, Mapping[str, Any]], None]
"""Called with the name of a worker, "LIBRARY PRECISION DEVICE", and what it says that it runs on."""


class Workers:
    """Opens workers of some libraries; at the end of its context no process is left to fork others from."""

    def __init__(
        self,
        libraries: Mapping[str, Library],
        *,
        case_seconds: float = CASE_SECONDS,
        case_memory: int = CASE_MEMORY,
        first_seconds: float = 0.0,
        on_hello: Hello = lambda *_: None,
    ) -> None:
        """`case_seconds` limits one case; `case_memory`, in bytes, what a process allocates beyond its start.

        `first_seconds`, if it is more, limits first calls, which may compile.
        """
        self._libraries = libraries
        self._case_seconds = case_seconds
        self._case_memory = case_memory
        self._first_seconds = first_seconds
        self._on_hello = on_hello
        self._templates = Templates()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self._templates.close()

    def open(self, library: str, precision: Precision, device: Device) -> Worker:
        """A worker whose process is being started; whoever opens a worker closes it."""
        name = f"{library} {precision} {device}"
        kind = Kind(self._libraries[library], precision, device, self._case_memory)
        return Worker(
            kind,
            self._templates.get,
            self._case_seconds,
            lambda hello: self._on_hello(name, hello),
            first_seconds=self._first_seconds,
        )
