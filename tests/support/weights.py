"""What the networks of rebake have learned, for comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

if TYPE_CHECKING:
    from rebake.nn.weights import Weights


def values_of(weights: Weights) -> dict[str, NDArray[Any]]:
    """A copy of all values by path."""
    return {path: variable.numpy() for path, variable in weights.variables.items()}
