"""Problems and certificates kept on disk, so that shards, solvers, precisions and later runs share them.

A blob is a file with a digest whose name is a hash of all that decides its content. It is written under another name
and then renamed: readers find a whole blob or none, however many processes write at once and whenever they are killed.
A blob that is damaged or of another format counts as not there, and a disk that is full or gone costs time only.

All of it is in a directory of its own, `OWN`, inside the one that was chosen, which may be one that holds other things.
There a file `KEY` marks it as ours, with random bytes that every digest is made with: what another cache, a hand or an
accident put there is not believed. Nothing is deleted that has not a name of our form, and no link is followed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import stat
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from lamm_robust.storage.files import create, open_regular, sweep, temporary_beside
from lamm_robust.values import ProblemKey

T = TypeVar("T")

VARIABLE = "LAMM_ROBUST_CACHE"
"""The environment variable that says where the cache is; "off" for no cache."""

LIMIT = 1 << 30
"""Bytes that the cache may keep: some 200,000 problems of the profiles with their certificates."""

TRIMMED_SHARE = 0.9
"""What trimming leaves, as a share of the limit: less than all of it, so that not every run has to trim."""

TOUCH_SECONDS = 86400.0
"""Age of the last mark of use at which reading marks a blob again: to mark each time would cost as much as reading."""

OWN = "lamm-robust-truth"
"""The directory of the blobs, inside the one that was chosen."""

KEY = "key"
"""The file in it that marks it as ours."""

MALFORMED = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, struct.error)
"""What unpacking a blob of another form ends in."""

_MARK = b"The cache of lamm-robust; it may be deleted.\n"  # the first bytes of `KEY`, before the random ones
_RANDOM_BYTES = 32
_KEY_BYTES = len(_MARK) + _RANDOM_BYTES
_FORMAT = b"lamm4\n"  # the first bytes of a blob: change them when the format changes, here or in `packing`
_DIGEST_BYTES = 16  # 128 bits: nobody meets one by chance
_START = len(_FORMAT) + _DIGEST_BYTES  # of the content, behind the format and the digest
_FOLDER, _BLOB = re.compile("[0-9a-f]{2}"), re.compile("[0-9a-f]{64}")  # the names of our form


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


def _head(key: bytes, name: str, content: bytes) -> bytes:
    """The bytes before the content: the digest covers the name, too, so that no blob passes for another."""
    sha = hashlib.blake2b(name.encode(), key=key, digest_size=_DIGEST_BYTES)
    sha.update(content)
    return _FORMAT + sha.digest()


def _key_in(content: bytes) -> bytes:
    """The key in the content of its file; nothing if that is another one."""
    return content[len(_MARK) :] if content.startswith(_MARK) and len(content) == _KEY_BYTES else b""


class Cache:
    """Blobs in a directory; without a directory it keeps nothing."""

    def __init__(self, directory: Path | None) -> None:
        self.directory = directory
        self.grown = False
        """Whether something was put into it, and it may need a `trim`."""
        self._key = b""

    def get(self, name: str) -> bytes | None:
        """The data that was put under a name, or None."""
        if not (key := self._known_key()):
            return None
        path = self._path(name)
        try:
            with open_regular(path) as stream:
                facts = os.fstat(stream.fileno())
                data = stream.read() if facts.st_size <= LIMIT else b""
                if time.time() - facts.st_mtime > TOUCH_SECONDS:
                    with contextlib.suppress(OSError):  # a cache that cannot be written can still be read
                        os.utime(path)
        except OSError:
            return None
        content = data[_START:]
        if data[:_START] != _head(key, name, content):
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        return content

    def put(self, name: str, data: bytes) -> None:
        """Keep data under a name, if the disk takes it."""
        if self.directory is None:
            return
        self.grown = True
        path = self._path(name)
        with contextlib.suppress(OSError):
            key = self._known_key() or self._new_key()
            path.parent.mkdir(exist_ok=True)
            if not path.parent.is_symlink():
                with temporary_beside(path) as temporary:
                    temporary.write_bytes(_head(key, name, data) + data)

    def _known_key(self) -> bytes:
        """The key of the blobs; nothing if the directory is not there, or not ours."""
        if not self._key and self.directory is not None and not (self.directory / OWN).is_symlink():
            with contextlib.suppress(OSError), open_regular(self.directory / OWN / KEY) as stream:
                self._key = _key_in(stream.read(_KEY_BYTES + 1))
        return self._key

    def _new_key(self) -> bytes:
        """Make the directory and its key, and return what is there then; OSError if it cannot be made."""
        assert self.directory is not None
        path = self.directory / OWN / KEY
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.parent.is_symlink():
            raise NotADirectoryError(path.parent)
        sweep(path.parent)
        with contextlib.suppress(FileNotFoundError), open_regular(path) as stream:
            if not _key_in(stream.read(_KEY_BYTES + 1)):  # it was damaged, or was never one
                path.unlink()
        create(path, _MARK + secrets.token_bytes(_RANDOM_BYTES))
        return self._known_key()  # which is that of another process if it was the first

    def keep(self, name: str, make: Callable[[], T], pack: Callable[[T], bytes], unpack: Callable[[bytes], T]) -> T:
        """What is kept under a name, unpacked; if nothing is, what `make` returns, which is then kept.

        `unpack` raises one of `MALFORMED` for what it does not believe: then it is made again.
        """
        if (known := self.get(name)) is not None:
            with contextlib.suppress(*MALFORMED):
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
                os.unlink(path)  # noqa: PTH108 - text: of tens of thousands, paths would take most of a second
                excess -= size

    def _path(self, name: str) -> Path:
        assert self.directory is not None
        return self.directory / OWN / name[:2] / name

    def _blobs(self) -> Iterator[tuple[float, int, str]]:
        """Last use, size and path of each blob; deletes what killed writers left."""
        if self.directory is None or not self._known_key():
            return
        sweep(self.directory / OWN)  # of whoever made the key
        for folder in _entries(self.directory / OWN):
            if not _FOLDER.fullmatch(folder.name) or not folder.is_dir(follow_symlinks=False):
                continue
            entries = _entries(folder.path)
            blobs = [one for one in entries if _BLOB.fullmatch(one.name) and one.name.startswith(folder.name)]
            if len(blobs) < len(entries):
                sweep(Path(folder.path))
            for entry in blobs:
                with contextlib.suppress(OSError):
                    facts = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(facts.st_mode):
                        yield facts.st_mtime, facts.st_size, entry.path


def _entries(directory: Path | str) -> list[os.DirEntry[str]]:
    """What is in a directory; nothing if it cannot be read."""
    try:
        with os.scandir(directory) as found:
            return list(found)
    except OSError:
        return []
