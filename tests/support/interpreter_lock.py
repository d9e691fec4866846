"""Whether a component releases the interpreter while it computes or waits (see rebake.base.interpreter_lock)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from rebake.base.interpreter_lock import interpreter_held


def interpreter_is_free(
    monkeypatch: pytest.MonkeyPatch, owner: type, name: str, action: Callable[[], object]
) -> list[bool]:
    """Run the action with the interpreter held; for each call of ``owner.name`` whether it was released then."""
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
