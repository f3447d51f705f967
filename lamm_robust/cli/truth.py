"""The command `truth`: what is proved about a user's own problem, as plain JSON values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from lamm_robust import catalog
from lamm_robust.cli.given import Given, read
from lamm_robust.oracles import all_singular_values, certify_equality, certify_ridge, certify_weighted
from lamm_robust.oracles.complex_ import check_any_problem
from lamm_robust.oracles.covariance import regression
from lamm_robust.oracles.plain_values import certain_digits, facts, regression_facts, truncation_facts
from lamm_robust.oracles.validation import check_problem
from lamm_robust.values import Array, Certificate, Oracle, Truncation

ALL_SIGMAS = 50
"""The largest min(m, n) at which every singular value is enclosed: in a few seconds. Beyond it, they are σ₁ and σ_r."""

WEIGHING = ("auto", "exact")
"""The oracles that may be asked for where there are weights or a penalty: `weighted` and `ridge` prove it then, as
exactly as `exact`."""

OF_B = ("x", "radius", "residual_norm")
"""The facts that need a b."""


def certify_given(
    text: str,
    oracle: Oracle,
    rank: int | None = None,
    *,
    pinv: bool = False,
    cov: bool = False,
    ridge: float | None = None,
) -> dict[str, Any]:
    """The proved facts about the problem in a file or a text, as plain JSON values; see `oracles.plain_values.facts`.

    With a rank k, they are about A_k, which is A with its singular values after the k-th set to zero, and b; the first
    of these values is ``sigma_next``. With weights, they are about the weighted problem, and ``weighted_by`` names the
    weights. Without b there is no x, but ``sigma``, all singular values of A that are not zero, or beyond `ALL_SIGMAS`
    rows and columns ``sigma_max`` and ``sigma_min``, those of the certificate. With `pinv`, ``pinv`` is A⁺ (A_k⁺), in
    rows, and ``radius`` a bound on ‖A⁺ printed − A⁺‖_F. With `cov`, what a regression reports stands beside x; see
    `oracles.plain_values.regression_facts`. With `ridge`, which is λ, they are about min ‖Ax − b‖² + λ‖x‖², and
    ``ridge`` is λ; see `oracles.ridge`. With constraints C and d in the file, they are about min ‖Ax − b‖ subject to Cx
    = d; see `oracles.equality.Constrained`. ``notes`` say in words what was converted or left out.
    ValueError for what holds no problem, NotCertifiedError if nothing is proved.
    """
    given = read(text)
    if given.constraints:
        asked = {"--rank": rank is not None, "--pinv": pinv, "--cov": cov, "--ridge": ridge is not None}
        _check_alone(given, oracle, asked)
        return _constrained(given)
    b = _target(given, pinv)
    if cov:
        _check_cov(given, rank, pinv)
    if ridge is not None:
        _check_ridge(given, ridge, {"--rank": rank is not None, "--pinv": pinv, "--cov": cov}, oracle)
    try:
        (check_problem if cov else check_any_problem)(given.A, b)
        more = regression_facts(regression(given.A, b, given.weights)) if cov else {}
        proof = _proved(given, b, oracle, rank, pinv, ridge)
    except ValueError as error:
        raise ValueError(f"{given.source}: {error}") from error
    found = truncation_facts(proof) if isinstance(proof, Truncation) else facts(proof)
    truth = proof.certificate if isinstance(proof, Truncation) else proof
    if pinv:
        found = {"pinv" if name == "x" else name: value for name, value in found.items() if name != "residual_norm"}
    elif given.b is None:
        found = {name: value for name, value in found.items() if name not in OF_B} | _sigmas(given, truth)
    penalty = {} if ridge is None else {"ridge": repr(ridge), "m": len(given.A)}
    return found | more | penalty | _remarks(given, pinv)


def _check_alone(given: Given, oracle: Oracle, options: Mapping[str, bool]) -> None:
    """Raise ValueError for what does not go together with constraints."""
    if named := [name for name, is_given in options.items() if is_given] + [given.weighted_by] * bool(given.weights):
        raise ValueError(f"constraints Cx = d and {named[0]} do not go together")
    if oracle.name not in WEIGHING:
        raise ValueError(f"oracle '{oracle.name}' takes no constraints; those that do: {', '.join(WEIGHING)}")
    if given.b is None:
        raise ValueError(f"{given.source} has no b; with C and d it needs one")


def _constrained(given: Given) -> dict[str, Any]:
    """What is proved of min ‖Ax − b‖ subject to Cx = d, as plain JSON values."""
    assert given.constraints
    assert given.b is not None
    try:
        found = certify_equality(given.A, given.b, *given.constraints)
    except ValueError as error:
        raise ValueError(f"{given.source}: {error}") from error
    kappa = "nan" if found.kappa_constraints is None else certain_digits(found.kappa_constraints)
    more = {"rank": found.rank, "constraints": len(given.constraints[0]), "kappa_constraints": kappa}
    return facts(found.certificate) | more | _remarks(given, pinv=False)


def _target(given: Given, pinv: bool) -> Array:
    """The right-hand side to certify: the identity for A⁺, and zeros where there is none."""
    if pinv and given.A.ndim:
        return np.eye(len(given.A), dtype=given.A.dtype)
    return np.zeros(given.A.shape[:1], given.A.dtype) if given.b is None else given.b


def _check_cov(given: Given, rank: int | None, pinv: bool) -> None:
    """Raise ValueError for what --cov cannot be asked of."""
    if rank is not None or pinv:
        raise ValueError(f"--cov and {'--pinv' if pinv else '--rank'} do not go together")
    if given.b is None:
        raise ValueError(f"{given.source} has no b; --cov is about the residual b − Ax")


def _check_ridge(given: Given, penalty: float, options: Mapping[str, bool], oracle: Oracle) -> None:
    """Raise ValueError for what --ridge cannot be asked of, or together with."""
    if named := [name for name, is_given in options.items() if is_given]:
        raise ValueError(f"--ridge and {named[0]} do not go together")
    if given.b is None:
        raise ValueError(f"{given.source} has no b; --ridge is about x")
    if oracle.name not in WEIGHING:
        raise ValueError(f"oracle '{oracle.name}' takes no penalty; those that do: {', '.join(WEIGHING)}")
    if not 0 < penalty < math.inf:
        raise ValueError(f"--ridge {penalty:g}: accepted are finite numbers above 0")


def _proved(
    given: Given, b: Array, oracle: Oracle, rank: int | None, pinv: bool, ridge: float | None
) -> Certificate | Truncation:
    """What is proved of A and b; ValueError for options that do not go together."""
    if ridge is not None:
        return certify_ridge(given.A, b, Fraction(ridge), given.weights)
    if given.weights:
        if rank is not None or pinv:
            raise ValueError(f"{given.weighted_by} and {'--pinv' if pinv else '--rank'} do not go together")
        if oracle.name not in WEIGHING:
            raise ValueError(f"oracle '{oracle.name}' takes no weights; those that do: {', '.join(WEIGHING)}")
        return certify_weighted(given.A, b, given.weights)
    if rank is None:
        return oracle.certify(given.A, b)
    if oracle.truncate is None:
        able = ", ".join(name for name, other in catalog.ORACLES.items() if other.truncate)
        raise ValueError(f"oracle '{oracle.name}' does not truncate; those that do: {able}")
    return oracle.truncate(given.A, b, rank)


def _sigmas(given: Given, truth: Certificate) -> dict[str, Any]:
    """All singular values that are not zero, or the largest and the smallest of them if A is large."""
    if min(given.A.shape) <= ALL_SIGMAS:
        return {"sigma": [certain_digits(one) for one in all_singular_values(given.A, given.weights)]}
    return {"sigma_max": certain_digits(truth.sigma_max), "sigma_min": certain_digits(truth.sigma_min)}


def _remarks(given: Given, pinv: bool) -> dict[str, Any]:
    """What else a reader should know: the name of the weights, and notes in words."""
    notes = list(given.notes) + (["b is not used: A⁺ does not depend on it"] if pinv and given.b is not None else [])
    found: dict[str, Any] = {"weighted_by": given.weighted_by} if given.weights else {}
    return found | ({"notes": notes} if notes else {})
