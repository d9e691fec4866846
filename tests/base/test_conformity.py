"""What a file's content may be where a class says what it wants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from rebake.base.conformity import conforms


@dataclass(frozen=True)
class Measured:
    name: str
    value: float
    others: Mapping[str, float]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, True, "1", None])
def test_a_float_is_a_finite_number(value: object) -> None:
    assert not conforms(Measured("a", value, {}), Measured)  # type: ignore[arg-type]
    assert not conforms(Measured("a", 1.0, {"b": value}), Measured)  # type: ignore[dict-item]


def test_a_whole_number_is_a_float() -> None:
    assert conforms(Measured("a", 1, {"b": 2.5}), Measured)
