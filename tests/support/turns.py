"""Whether a component lets others have the turn while it computes or waits (see rebake.base.interpreter_lock)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from rebake.base.interpreter_lock import turn


def turn_is_free(monkeypatch: pytest.MonkeyPatch, owner: type, name: str, action: Callable[[], object]) -> list[bool]:
    """Run the action in a turn; for each call of ``owner.name`` whether another thread could have had the turn then."""
    lock = threading.Lock()
    free: list[bool] = []
    original = getattr(owner, name)

    def watched(*arguments: Any, **named: Any) -> Any:
        free.append(not lock.locked())
        return original(*arguments, **named)

    monkeypatch.setattr(owner, name, watched)
    with turn(lock):
        action()
        assert lock.locked()
    return free
