"""Whether a user's own function can be called with what it is given, as its signature tells before any problem does."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from lamm_robust.values import OF_A, Number


def why_not_callable(name: str, function: Callable[..., Any], returns: Number, *, ridge: bool) -> str:
    """Why a function cannot be called as f(A, b), or as what is asked of it needs, in words; empty if it can.

    What has no signature, as functions in C, may be callable, and so may be what shows the signature of another
    function, which it may give other arguments: a decorated one (`__wrapped__`), or one with a `__signature__`.
    """
    if any(hasattr(function, name) for name in ("__wrapped__", "__signature__")):
        return ""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return ""
    calls = (("A", "b", "λ"),) if ridge else (("A",), ("A", "b")) if returns in OF_A else (("A", "b"),)
    faults = [_fault(signature, call) for call in calls]
    if not all(faults):
        return ""
    is_method = next(iter(signature.parameters), "") == "self"
    method = "; take the method of an object, not that of its class" if is_method else ""
    asked = " or ".join(f"f({', '.join(call)})" for call in calls)
    bare = [parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()]
    plain = signature.replace(parameters=bare, return_annotation=signature.empty)
    return f"{name}{plain} cannot be called as {asked}: {faults[-1]}{method}"


def _fault(signature: inspect.Signature, arguments: tuple[str, ...]) -> str:
    """What Python says of a call with so many arguments, in words; empty if it has nothing to say."""
    try:
        signature.bind(*arguments)
    except TypeError as error:
        return str(error)
    return ""
