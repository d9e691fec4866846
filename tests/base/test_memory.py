"""The memory that is left, of the machine or of a container."""

from __future__ import annotations

from pathlib import Path

import pytest

from rebake.base.memory import available_memory


@pytest.mark.parametrize(
    ("limit", "left"), [("max", 2048 * 1024), ("3000000", 2_000_000), ("900000", 0), ("99000000", 2048 * 1024)]
)
def test_the_smaller_of_machine_and_container_counts(tmp_path: Path, limit: str, left: int) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 9999 kB\nMemAvailable:    2048 kB\n")
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    (tmp_path / "memory.current").write_text("1000000\n")
    assert available_memory(tmp_path / "meminfo", tmp_path) == left


def test_a_system_that_does_not_say_has_no_bound(tmp_path: Path) -> None:
    assert available_memory(tmp_path / "meminfo", tmp_path) is None
