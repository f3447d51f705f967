"""A worker process on a system that lets nobody make namespaces: run as ``python -m tests.support.unenclosed``."""

from __future__ import annotations

import sys


def serve() -> None:
    from lamm_robust.workers import child, containment

    containment._is_allowed = lambda: False
    child.main(sys.argv[1:])


if __name__ == "__main__":
    serve()
