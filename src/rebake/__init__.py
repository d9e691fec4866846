"""rebake keeps the trained model of a Rasa assistant fresh."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rebake.base.version import __version__

if TYPE_CHECKING:
    from rebake.model import Model, load_model

__all__ = ["Model", "__version__", "load_model"]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    # Loaded on demand: `rebake check` answers in well under a second because nothing is imported that it does not use.
    if name in {"Model", "load_model"}:
        from rebake import model

        return getattr(model, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
