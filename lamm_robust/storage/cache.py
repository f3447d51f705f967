"""Problems and certificates kept on disk, so that shards, solvers, precisions and later runs share them.

A blob is a file with a checksum whose name is a hash of all that decides its content. It is written under another name
and then renamed: readers find a whole blob or none, however many processes write at once and whenever they are killed.
A blob that is damaged or of another format counts as not there, and a disk that is full or gone costs time only.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from lamm_robust.values import ProblemKey

T = TypeVar("T")

VARIABLE = "LAMM_ROBUST_CACHE"
"""The environment variable that says where the cache is; "off" for no cache."""

LIMIT = 1 << 30
"""Bytes that the cache may keep: some 200,000 problems of the profiles with their certificates."""

TRIMMED_SHARE = 0.9
"""What trimming leaves, as a share of the limit: less than all of it, so that not every run has to trim."""

STALE_SECONDS = 3600.0
"""Age at which a temporary file was left by a killed writer: a blob takes milliseconds to write."""

TOUCH_SECONDS = 86400.0
"""Age of the last mark of use at which reading marks a blob again: to mark each time would cost as much as reading."""

_FORMAT = b"lamm3\n"  # the first bytes of a blob: change them when the format changes, here or in `packing`
_START = len(_FORMAT) + 4  # of the content, behind the format and the checksum


def default_directory() -> Path | None:
    """Where the cache is: $LAMM_ROBUST_CACHE, else below $XDG_CACHE_HOME or ~/.cache; None for no cache."""
    chosen = os.environ.get(VARIABLE)
    if chosen is not None:
        return None if chosen in ("", "off") else Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(base) if base else Path.home() / ".cache") / "lamm-robust"
    except RuntimeError:  # this user has no home directory
        return None


def problem_name(key: ProblemKey, code: str) -> str:
    """The name of the blob of a problem: a hash of its key and of the code that builds it."""
    return _name("problem", str(key), code)


def certificate_name(digest: str, oracle: str, code: str) -> str:
    """The name of the blob of a certificate: a hash of the problem's bits, the oracle's name, and its code."""
    return _name("certificate", digest, oracle, code)


def _name(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _head(name: str, content: bytes) -> bytes:
    """The bytes before the content: the checksum covers the name, too, so that no blob passes for another."""
    return _FORMAT + zlib.crc32(content, zlib.crc32(name.encode())).to_bytes(4, "big")


class Cache:
    """Blobs in a directory; without a directory it keeps nothing."""

    def __init__(self, directory: Path | None) -> None:
        self.directory = directory

    def get(self, name: str) -> bytes | None:
        """The data that was put under a name, or None."""
        if self.directory is None:
            return None
        path = self._path(name)
        try:
            with path.open("rb", buffering=0) as stream:
                data = stream.read()
                if time.time() - os.fstat(stream.fileno()).st_mtime > TOUCH_SECONDS:
                    with contextlib.suppress(OSError):  # a cache that cannot be written can still be read
                        os.utime(path)
        except OSError:
            return None
        content = data[_START:]
        if data[:_START] != _head(name, content):
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        return content

    def put(self, name: str, data: bytes) -> None:
        """Keep data under a name, if the disk takes it."""
        if self.directory is None:
            return
        path = self._path(name)
        temporary = path.with_name(f".{name}.{os.getpid()}.{time.monotonic_ns()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(_head(name, data) + data)
            temporary.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)

    def keep(self, name: str, make: Callable[[], T], pack: Callable[[T], bytes], unpack: Callable[[bytes], T]) -> T:
        """What is kept under a name, unpacked; if nothing is, what `make` returns, which is then kept."""
        if (known := self.get(name)) is not None:
            return unpack(known)
        made = make()
        self.put(name, pack(made))
        return made

    def size(self) -> tuple[int, int]:
        """The number of blobs, and their bytes together."""
        sizes = [size for _, size, _ in self._blobs()]
        return len(sizes), sum(sizes)

    def __str__(self) -> str:
        """Where the cache is, how full, and what it may hold, in words."""
        count, size = self.size()
        return f"{self.directory}: {count} files, {size / 2**20:.0f} of {LIMIT >> 20} MiB"

    def trim(self, limit: int = LIMIT) -> None:
        """Delete the blobs unused for longest if all have more bytes than the limit, and what killed writers left."""
        blobs = sorted(self._blobs())
        excess = sum(size for _, size, _ in blobs) - limit
        if excess > 0:
            excess += int((1 - TRIMMED_SHARE) * limit)
        for _, size, path in blobs:
            if excess <= 0:
                return
            with contextlib.suppress(OSError):
                path.unlink()
                excess -= size

    def _path(self, name: str) -> Path:
        assert self.directory is not None
        return self.directory / name[:2] / name

    def _blobs(self) -> Iterator[tuple[float, int, Path]]:
        """Last use, size and path of each blob; deletes what killed writers left."""
        for path in [] if self.directory is None else self.directory.glob("??/*"):
            with contextlib.suppress(OSError):
                facts = path.stat()
                if not path.name.startswith("."):
                    yield facts.st_mtime, facts.st_size, path
                elif time.time() - facts.st_mtime > STALE_SECONDS:
                    path.unlink()
