"""What only rules mention, which policies that learn from stories must not see."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rebake.archive.json_files import read_json


@dataclass(frozen=True, slots=True)
class RuleOnlyData:
    """Slots and loops that only rules mention: policies that learn from stories must not see them."""

    slots: tuple[str, ...] = ()
    loops: tuple[str, ...] = ()

    @staticmethod
    def read(directory: Path | None) -> RuleOnlyData:
        """From ``rule_only_data.json`` of a RulePolicy's directory; empty where there is none."""
        file = None if directory is None else directory / "rule_only_data.json"
        if file is None or not file.is_file():
            return RuleOnlyData()
        content = read_json(file)
        return RuleOnlyData(tuple(content.get("rule_only_slots", ())), tuple(content.get("rule_only_loops", ())))
