"""Whether a component lets others have the interpreter_held while it computes or waits (see rebake.base.interpreter_lock)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from rebake.base.interpreter_lock import interpreter_held


def turn_is_free(monkeypatch: pytest.MonkeyPatch, owner: type, name: str, action: Callable[[], object]) -> list[bool]:
    """Run the action in a interpreter_held; for each call of ``owner.name`` whether another thread could have had the interpreter_held then."""
    lock = threading.Lock()
    free: list[bool] = []
    original = getattr(owner, name)

    def watched(*arguments: Any, **named: Any) -> Any:
        free.append(not lock.locked())
        return original(*arguments, **named)

    monkeypatch.setattr(owner, name, watched)
    with interpreter_held(lock):
        action()
        assert lock.locked()
    return free
