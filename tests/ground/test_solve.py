"""`lamm_robust.solve` as a name of the package: JAX is imported with it, and asked for where it is missing."""

from __future__ import annotations

import sys

import pytest

import lamm_robust


def test_without_jax_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.startswith("lamm_robust.solvers.least_squares")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(ModuleNotFoundError, match=r"lamm_robust.solve needs JAX: pip install jax") as raised:
        lamm_robust.solve  # noqa: B018 - to look it up is what imports it
    assert raised.value.name == "jax"


def test_no_other_name_is_made_up() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'lstsq'"):
        lamm_robust.lstsq  # noqa: B018 - to look it up is what fails
