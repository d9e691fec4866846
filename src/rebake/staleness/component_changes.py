"""Which entries of the pipeline or of the policies belong together, before and after, and how they differ."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from rebake.archive.manifest import ComponentRecord

_MAX_VALUE = 40  # characters of an option's value


class OptionChange(NamedTuple):
    """An option that differs: its name, inside of a mapping joined by a dot, and its values as text."""

    name: str
    before: str
    after: str


class Pairs(NamedTuple):
    """Positions in the old and in the new list.

    Attributes:
        equal: entries with the same options.
        changed: entries of one name that differ, in their order.
        removed: old entries that no new one belongs to.
        added: new entries that no old one belongs to.
    """

    equal: tuple[tuple[int, int], ...]
    changed: tuple[tuple[int, int], ...]
    removed: tuple[int, ...]
    added: tuple[int, ...]

    @property
    def is_reordered(self) -> bool:
        """Whether entries of both lists stand in another order."""
        places = [new for _, new in sorted((*self.equal, *self.changed))]
        return places != sorted(places)


def pair_components(old: Sequence[ComponentRecord], new: Sequence[ComponentRecord]) -> Pairs:
    """Pair entries of one name: first those that are alike, then the others in their order."""
    equal: list[tuple[int, int]] = []
    changed: list[tuple[int, int]] = []
    removed: list[int] = []
    added: list[int] = []
    for name in dict.fromkeys(record.name for record in (*old, *new)):
        before = [i for i, record in enumerate(old) if record.name == name]
        after = [i for i, record in enumerate(new) if record.name == name]
        alike = _pair_equal(before, after, old, new)
        equal += alike
        before = [i for i in before if i not in {pair[0] for pair in alike}]
        after = [i for i in after if i not in {pair[1] for pair in alike}]
        together = min(len(before), len(after))
        changed += zip(before[:together], after[:together], strict=True)
        removed += before[together:]
        added += after[together:]
    return Pairs(tuple(equal), tuple(changed), tuple(removed), tuple(added))


def option_changes(new: ComponentRecord, old: ComponentRecord) -> list[OptionChange]:
    """Return the options that differ, by name."""
    before, after = _flat(old.options), _flat(new.options)
    return [
        OptionChange(key, *(value_text(side[key]) if key in side else "unset" for side in (before, after)))
        for key in sorted({*before, *after})
        if key not in before or key not in after or not _is_same(before[key], after[key])
    ]


def _is_same(before: Any, after: Any) -> bool:
    """Whether two values are written alike: to Python, ``True`` and 1 are equal."""
    return before == after and json.dumps(before, default=str) == json.dumps(after, default=str)


def value_text(value: Any) -> str:
    """Return a value as text of limited length."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_VALUE else f"{text[: _MAX_VALUE - 3]}..."


def _pair_equal(
    before: Iterable[int], after: Iterable[int], old: Sequence[ComponentRecord], new: Sequence[ComponentRecord]
) -> list[tuple[int, int]]:
    """Entries of one name that are alike, each taken once."""
    left = list(after)
    pairs = []
    for i in before:
        for j in left:
            if (old[i].version, old[i].options) == (new[j].version, new[j].options):
                pairs.append((i, j))
                left.remove(j)
                break
    return pairs


def _flat(options: Mapping[str, Any]) -> dict[str, Any]:
    """One level: {"hidden_layers_sizes": {"text": []}} -> {"hidden_layers_sizes.text": []}."""
    flat: dict[str, Any] = {}
    for key, value in options.items():
        if isinstance(value, dict) and value:
            flat |= {f"{key}.{inner}": item for inner, item in value.items()}
        else:
            flat[key] = value
    return flat
