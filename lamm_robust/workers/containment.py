"""What Linux lets an ordinary user do against a solver that would harm others: namespaces, or a filter of system calls.

`enclose` makes a process that sees no process but those that it starts, and can send signals to no other: what it
starts ends with it, whatever it does. Where that is not allowed (in many containers, and by AppArmor on Ubuntu),
`refuse_signals` lets the kernel refuse signals to those that it must not end. Neither changes who may read and write
files. Both work on Linux only.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 22, 36, 38  # <sys/prctl.h>

_NEW_NAMESPACES = 0x00020000 | 0x08000000 | 0x10000000 | 0x20000000
"""CLONE_NEWNS, _NEWIPC, _NEWUSER, _NEWPID of <sched.h>: mounts, shared memory by number, users, processes."""

_PRIVATE, _READ_ONLY, _SAFE = 1 << 18 | 16384, 1, 2 | 4 | 8
"""MS_PRIVATE | MS_REC, MS_RDONLY, and MS_NOSUID | MS_NODEV | MS_NOEXEC of <sys/mount.h>."""

MOST_PROCESSES = 1024
"""Processes and threads of a solver: more than any machine here has cores, and too few to choke it."""

STATUS = struct.Struct("<i")
"""A wait status on its way from the first process inside an enclosure to the one outside."""


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends; end at once if the parent already has.

    Only Linux does that. Elsewhere a process ends when it next reads from the pipe that its parent's end has closed.
    """
    if sys.platform != "linux":
        return
    _die_with_parent()
    if os.getppid() != parent:  # it ended before the kernel was asked to watch it
        os._exit(0)


def contain(hidden: Sequence[Path] = (), *, namespaces: bool = True) -> None:
    """Keep this process from harming others as well as the system allows; without namespaces nothing is hidden."""
    if not (namespaces and enclose(hidden)):
        refuse_signals(ancestors())
        with contextlib.suppress(OSError, AttributeError):  # what it starts stays below it, where it is found
            _call("prctl", _PR_SET_CHILD_SUBREAPER, 1)


def enclose(hidden: Sequence[Path] = ()) -> bool:
    """Go on in a process of a world of its own, in which hidden directories are empty; False where that is not allowed.

    This process stays outside, and ends as that one ends; a process between the two is the first in there, which the
    system protects from signals, so that the solver's can be an ordinary one.
    """
    if sys.platform != "linux" or not _is_allowed():
        return False
    reads, writes = os.pipe()
    _unshare()
    first = os.fork()
    if first:
        os.close(writes)
        _end_like(first, reads)
    os.close(reads)
    _die_with_parent()
    _mount(hidden)
    second = os.fork()
    if second:
        _close_all_but(writes)
        _reap_until(second, writes)
    os.close(writes)
    _die_with_parent()
    os.setsid()  # a signal to its group must not reach the one outside
    with contextlib.suppress(ValueError, OSError):  # counted in this world only; root is not limited
        resource.setrlimit(resource.RLIMIT_NPROC, (MOST_PROCESSES, MOST_PROCESSES))
    return True


def _is_allowed() -> bool:
    """Whether a world of one's own can be made, as seen in a child: half of one could not be left again."""
    if not Path("/proc/self/ns/user").exists():
        return False
    child = os.fork()
    if child == 0:
        try:
            _unshare()
            inner = os.fork()
            if inner == 0:
                os._exit(0)
            os._exit(os.waitpid(inner, 0)[1] != 0)
        except BaseException:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def _unshare() -> None:
    """Give this process, and those it will start, a world of its own, with the same user; OSError."""
    user, group = os.getuid(), os.getgid()
    _call("unshare", _NEW_NAMESPACES)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        Path(f"/proc/self/{name}").write_bytes(text.encode())


def _mount(hidden: Sequence[Path]) -> None:
    """Show in /proc what this world has, and nothing in hidden directories; as far as the system allows."""
    with contextlib.suppress(OSError):
        _call("mount", b"none", b"/", None, _PRIVATE, None)
        for directory in hidden:
            if directory.is_dir():
                _call("mount", b"none", os.fsencode(directory), b"tmpfs", _SAFE | _READ_ONLY, None)
        _call("mount", b"proc", b"/proc", b"proc", _SAFE, None)  # not where a container hides parts of it


def _call(name: str, *arguments: object) -> None:
    """Call a function of the C library; OSError if it fails."""
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _die_with_parent() -> None:
    _call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL)


def _close_all_but(descriptor: int) -> None:
    """Close what this process need not hold: while it does, nobody would see that the solver's process has ended."""
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0] % 2**20 or 2**20)


def _reap_until(pid: int, writes: int) -> None:
    """Wait for a process, and meanwhile for all that are left to this one; tell how it ended, and end."""
    while True:
        ended, status = os.wait()
        if ended == pid:
            os.write(writes, STATUS.pack(status))
            os._exit(0)


def _end_like(first: int, reads: int) -> None:
    """End as the solver's process has ended, of which the first process in its world tells."""
    _close_all_but(reads)
    told = os.read(reads, STATUS.size)
    _, status = os.waitpid(first, 0)
    code = os.waitstatus_to_exitcode(STATUS.unpack(told)[0] if len(told) == STATUS.size else status)
    if code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(OSError, ValueError):  # SIGKILL has no other action
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code if code >= 0 else 128 - code)


# --- a filter of system calls ---------------------------------------------------------------------------------------

_MACHINES = {
    "x86_64": (0xC000003E, {"kill": 62, "tkill": 200, "tgkill": 234, "rt_sigqueueinfo": 129, "rt_tgsigqueueinfo": 297,
                            "pidfd_open": 434, "prlimit64": 302, "ptrace": 101, "process_vm_writev": 311}),
    "aarch64": (0xC00000B7, {"kill": 129, "tkill": 130, "tgkill": 131, "rt_sigqueueinfo": 138, "rt_tgsigqueueinfo": 240,
                             "pidfd_open": 434, "prlimit64": 261, "ptrace": 117, "process_vm_writev": 271}),
}  # fmt: skip
"""Machine → its AUDIT_ARCH of <linux/audit.h>, and the numbers of the system calls by which one process harms another
whose number is the first argument (of ptrace, the second), from <asm/unistd.h>."""

_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
"""BPF_LD | BPF_W | BPF_ABS, BPF_JMP | BPF_JEQ | BPF_K, BPF_RET | BPF_K of <linux/bpf_common.h>."""

_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 1  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | EPERM of <linux/seccomp.h>

_STEP = struct.Struct("<HBBI")


def ancestors() -> list[int]:
    """The processes above this one, nearest first."""
    found, pid = [], os.getppid()
    while pid > 1:
        found.append(pid)
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
        except OSError:
            break
    return found


def refuse_signals(pids: Iterable[int]) -> bool:
    """Have the kernel refuse this process, and all that it starts, to signal, stop, limit or trace these processes.

    Nor may it signal their groups, or all processes at once. Returns whether the kernel does that.
    """
    machine, known = platform.machine(), sys.platform == "linux"
    if not (known and machine in _MACHINES):
        return False
    architecture, calls = _MACHINES[machine]
    protected = [0xFFFFFFFF, *(number & 0xFFFFFFFF for pid in pids for number in (pid, -pid))]  # -1 is everybody
    steps = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _ALLOW)]
    for name, number in calls.items():
        argument = 16 + 8 * (name == "ptrace")  # the low half of it, in <linux/seccomp.h>'s seccomp_data
        checks = [(_EQUAL, len(protected) - index, 0, pid) for index, pid in enumerate(protected)]
        block = [(_LOAD, 0, 0, argument), *checks, (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
        steps += [(_LOAD, 0, 0, 0), (_EQUAL, 0, len(block), number), *block]
    steps.append((_RETURN, 0, 0, _ALLOW))
    code = b"".join(_STEP.pack(*step) for step in steps)
    held = ctypes.create_string_buffer(code)
    program = struct.pack("@HP", len(steps), ctypes.addressof(held))
    try:
        _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        _call("prctl", _PR_SET_SECCOMP, 2, program, 0, 0)  # SECCOMP_MODE_FILTER
    except OSError:
        return False
    return True
