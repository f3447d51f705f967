"""A command that calls foreign code runs in a child of the command's own process, which says so if that is killed."""

from __future__ import annotations

import contextlib
import os
import signal
import sys

from lamm_robust.defaults import Exit
from lamm_robust.terminal import say
from lamm_robust.workers.containment import die_with

PASSED_ON = (signal.SIGTERM, signal.SIGHUP)
"""Signals that are for the command, and so for the process that does its work. A Ctrl-C reaches both by itself."""


def watched(command: str) -> None:
    """Go on in a child process; this one waits for it and ends as it ends, with `Exit.HARNESS` and a line if by a kill.

    To be called before there are threads.
    """
    here = os.getpid()
    child = os.fork()
    if child == 0:
        die_with(here)
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in PASSED_ON:
        signal.signal(number, lambda got, _: os.kill(child, got))
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        name = signal.strsignal(-code) or "no name"
        say(f"lamm-robust: the {command} was ended by signal {-code} ({name}); it says nothing", err=True)
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    os._exit(code if code >= 0 else Exit.HARNESS)
