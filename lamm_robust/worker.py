"""The child process that calls one library at one precision on one device, and nothing else.

Run as ``python -m lamm_robust.worker LIBRARY PRECISION DEVICE REQUESTS REPLIES``, the last two being inherited
file descriptors. It says hello with what it runs on, then answers each request, a line of JSON naming a
problem and a solver, by a line of JSON with the outcome. The problem is rebuilt from its key, and
its digest is sent back, so that both sides know that they mean the same bits.
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from importlib import metadata
from typing import Any, cast

import numpy as np

from lamm_robust import catalog
from lamm_robust.attempt import attempt
from lamm_robust.environment import flags
from lamm_robust.values import Device, Library, Outcome, Precision, Problem, Status

VERSIONED = ("numpy", "scipy", "jax", "jaxlib")


def encode(outcome: Outcome) -> dict[str, Any]:
    """An outcome as plain JSON values; x as base64 of its little-endian bits."""
    x = outcome.x
    answer = None
    if x is not None:
        bits = np.ascontiguousarray(x, dtype=x.dtype.newbyteorder("<"))
        answer = {
            "bits": base64.b64encode(bits.tobytes()).decode(),
            "dtype": x.dtype.name,
            "shape": list(x.shape),
        }
    return {**vars(outcome), "status": outcome.status.value, "x": answer}


def decode(reply: Mapping[str, Any]) -> Outcome:
    """The inverse of `encode`."""
    x = reply["x"]
    if x is not None:
        bits = np.frombuffer(base64.b64decode(x["bits"]), dtype=np.dtype(x["dtype"]).newbyteorder("<"))
        x = bits.astype(x["dtype"]).reshape(x["shape"])
    return Outcome(**{**reply, "status": Status(reply["status"]), "x": x})


def hello(library: Library, device: Device) -> dict[str, Any]:
    """What this process really runs on: versions, BLAS and its threads, the device's own name."""
    from threadpoolctl import threadpool_info

    importlib.import_module(library.module)  # a broken installation must show here, not as solvers that crash
    array = library.put(np.ones(1, dtype=np.float32), device)
    library.wait(array)
    kind = getattr(next(iter(getattr(array, "devices", set)()), None), "device_kind", device)
    return {
        "versions": {name: metadata.version(name) for name in VERSIONED if catalog.installed(name)},
        "device": str(kind),
        "flags": flags(),
        "threads": [
            {key: pool.get(key) for key in ("internal_api", "version", "architecture", "num_threads")}
            for pool in threadpool_info()
        ],
    }


@lru_cache(maxsize=4)  # requests come problem by problem
def _problem(text: str) -> Problem:
    return catalog.build_problem(catalog.parse_key(text))


def main(arguments: list[str]) -> None:
    """Serve requests until the other end closes the pipe."""
    name, _, device = cast(tuple[str, Precision, Device], tuple(arguments[:3]))
    library = catalog.LIBRARY[name]
    solvers = {solver.algorithm: solver for solver in library.solvers}
    with os.fdopen(int(arguments[3])) as requests, os.fdopen(int(arguments[4]), "w") as replies:
        print(json.dumps(hello(library, device)), file=replies, flush=True)
        seen: set[tuple[str, tuple[int, ...]]] = set()
        for line in requests:
            request = json.loads(line)
            problem = _problem(request["problem"])
            outcome = attempt(library, solvers[request["algorithm"]], problem, device)
            shape = request["algorithm"], problem.A.shape
            if shape in seen:  # nothing was compiled: the first call says nothing that `seconds` does not
                outcome = replace(outcome, first_call_seconds=None)
            seen.add(shape)
            reply = {"digest": problem.digest, "outcome": encode(outcome)}
            print(json.dumps(reply), file=replies, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
