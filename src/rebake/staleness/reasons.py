"""What changed between two records of a part, in clauses that a person understands."""

from __future__ import annotations

import json
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rebake.archive.manifest import ComponentRecord, Item, PartRecord

MAX_NAMES = 3  # in one clause
MAX_CLAUSES = 3  # of one kind and one verb before they are condensed into one
_MAX_VALUE = 40  # characters of an option's value

_PLURALS = {"entity": "entities", "story": "stories", "regex": "regexes", "lookup": "lookup tables"}
_SINGULARS = {"lookup": "lookup table"}
_WITH_LINE = frozenset({"story", "rule", "example", "synonym", "regex", "lookup"})
_ANONYMOUS = frozenset({"example", "synonym"})  # many items of one name
_VERBS = ("added", "changed", "removed")
_ORDERS = {"core": "policies", "nlu": "the pipeline", "nlg": ""}

Components = Mapping[str, ComponentRecord]


@dataclass(frozen=True, slots=True)
class _Change:
    verb: str
    item: Item


def reasons(new: PartRecord, old: PartRecord, new_components: Components, old_components: Components) -> list[str]:
    """Clauses on data, then settings, then components; never empty, as the caller found the fingerprints to differ."""
    changes = _item_changes(new.items, old.items)
    found = [clause for kind, of_kind in _by_kind(changes) for clause in _item_clauses(kind, of_kind)]
    found += _setting_clauses(new.settings, old.settings, changes)
    found += _component_clauses(list(new_components.values()), list(old_components.values()))
    return found or ["what it depends on changed in a way that this version of rebake fingerprints differently"]


_Key = Callable[[Item], Hashable]
_SAME: Sequence[_Key] = (  # an old and a new item that agree in one of these are one item that changed; best first
    lambda item: (item.kind, item.name, item.file, item.line),
    lambda item: item.kind not in _ANONYMOUS and (item.kind, item.name, item.file),
    lambda item: item.kind not in _ANONYMOUS and (item.kind, item.name),
    lambda item: item.kind == "example" and (item.kind, item.file, item.line),
)


def _item_changes(new: Sequence[Item], old: Sequence[Item]) -> list[_Change]:
    """Items are the same where kind and digest are; what is left of both sides is paired into changes."""
    before, after = Counter((i.kind, i.digest) for i in old), Counter((i.kind, i.digest) for i in new)
    added, removed = _left_over(new, after - before), _left_over(old, before - after)
    changes = []
    for key in _SAME:
        waiting: dict[Hashable, deque[Item]] = defaultdict(deque)
        for item in removed:
            waiting[key(item)].append(item)
        unmatched = []
        for item in added:
            if key(item) and waiting[key(item)]:
                waiting[key(item)].popleft()
                changes.append(_Change("changed", item))
            else:
                unmatched.append(item)
        added, removed = unmatched, [item for queue in waiting.values() for item in queue]
    return [*(_Change("added", i) for i in added), *changes, *(_Change("removed", i) for i in removed)]


def _left_over(items: Iterable[Item], counts: Counter[tuple[str, str]]) -> list[Item]:
    found = []
    for item in items:
        if counts[item.kind, item.digest] > 0:
            counts[item.kind, item.digest] -= 1
            found.append(item)
    return found


def _by_kind(changes: Sequence[_Change]) -> list[tuple[str, list[_Change]]]:
    order = ["story", "rule", "example", "response", "retrieval response"]
    kinds = sorted({change.item.kind for change in changes}, key=lambda kind: (kind not in order, kind))
    return [(kind, [change for change in changes if change.item.kind == kind]) for kind in kinds]


def _item_clauses(kind: str, changes: Sequence[_Change]) -> list[str]:
    clauses = []
    for verb in _VERBS:
        items = [change.item for change in changes if change.verb == verb]
        if not items:
            continue
        if kind == "example":
            clauses += _example_clauses(verb, items)
        elif kind in _WITH_LINE:
            clauses.append(_counted_clause(kind, verb, items))
        elif len(items) <= MAX_CLAUSES:
            clauses += [f"{_noun(kind, 1)} {item.name} {verb}" for item in items]
        else:
            clauses.append(f"{len(items)} {_noun(kind, 2)} {verb} ({_names(items)})")
    return clauses


def _example_clauses(verb: str, items: Sequence[Item]) -> list[str]:
    """By intent; many intents in one clause."""
    intents: dict[str, list[Item]] = {}
    for item in items:
        intents.setdefault(item.name, []).append(item)
    if len(intents) > MAX_CLAUSES:
        preposition = {"added": "to", "changed": "in", "removed": "from"}[verb]
        names = _names([group[0] for group in intents.values()])
        return [f"{len(items)} examples {verb} {preposition} {len(intents)} intents ({names})"]
    return [
        f"{len(group)} {_noun('example', len(group))}{f' of intent {intent}' if intent else ''} "
        f"{verb}{_place(verb, group)}"
        for intent, group in intents.items()
    ]


def _counted_clause(kind: str, verb: str, items: Sequence[Item]) -> str:
    if len(items) == 1:
        name = f" {json.dumps(items[0].name, ensure_ascii=False)}" if items[0].name else ""
        return f"{_noun(kind, 1)}{name} {verb}{_place(verb, items)}"
    return f"{len(items)} {_noun(kind, 2)} {verb}{_place(verb, items)}"


def _place(verb: str, items: Sequence[Item]) -> str:
    """Where: with the line if it is one thing that is still there."""
    files = sorted({item.file for item in items if item.file})
    if not files:
        return ""
    more = f" and {len(files) - 1} more {'file' if len(files) == 2 else 'files'}" if len(files) > 1 else ""
    if verb == "removed":
        return f" from {files[0]}{more}"
    return f" in {files[0]}{f':{items[0].line}' if len(items) == 1 else ''}{more}"


def _setting_clauses(new: Mapping[str, Any], old: Mapping[str, Any], changes: Sequence[_Change]) -> list[str]:
    clauses = []
    for key in sorted({*new, *old}):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if key == "action_order":
            if not any(c.item.kind in ("action", "form") and c.verb != "changed" for c in changes):
                clauses.append("order of actions changed")
        elif key == "stories":
            clauses.append("what end-to-end stories add to the featurizers' vocabularies changed")
        elif key == "featurizers":
            clauses.append("what end-to-end stories see of texts changed with the tokenizers and featurizers of NLU")
        else:
            clauses.append(f"{key} {_value(before)} -> {_value(after)}")
    return clauses


def _component_clauses(new: Sequence[ComponentRecord], old: Sequence[ComponentRecord]) -> list[str]:
    clauses: list[str] = []
    pairs: list[tuple[int, int]] = []
    for name in dict.fromkeys(record.name for record in (*old, *new)):
        before = [i for i, record in enumerate(old) if record.name == name]
        after = [i for i, record in enumerate(new) if record.name == name]
        equal = _pair_equal(before, after, old, new)
        pairs += equal
        before = [i for i in before if i not in {pair[0] for pair in equal}]
        after = [i for i in after if i not in {pair[1] for pair in equal}]
        for i, j in zip(before, after, strict=False):
            pairs.append((i, j))
            clauses += _option_clauses(new[j], old[i])
        kind = (
            "component"
            if (old[before[0]] if before else new[after[0]] if after else old[0]).part == "nlu"
            else "policy"
        )
        clauses += [f"{kind} {name} removed"] * max(0, len(before) - len(after))
        clauses += [f"{kind} {name} added"] * max(0, len(after) - len(before))
    places = [j for _, j in sorted(pairs)]
    if places != sorted(places):
        clauses.append(f"order of {_ORDERS[new[0].part]} changed")
    return clauses


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


def _option_clauses(new: ComponentRecord, old: ComponentRecord) -> list[str]:
    clauses = []
    if new.version != old.version:
        clauses.append(f"version of {new.name}'s training {old.version} -> {new.version}")
    before, after = _flat(old.options), _flat(new.options)
    for key in sorted({*before, *after}):
        if key not in before or key not in after or before[key] != after[key]:
            was, now = (_value(side[key]) if key in side else "unset" for side in (before, after))
            clauses.append(f"{key} of {new.name} {was} -> {now}")
    return clauses


def _flat(options: Mapping[str, Any]) -> dict[str, Any]:
    """One level: {"hidden_layers_sizes": {"text": []}} -> {"hidden_layers_sizes.text": []}."""
    flat: dict[str, Any] = {}
    for key, value in options.items():
        if isinstance(value, dict) and value:
            flat |= {f"{key}.{inner}": item for inner, item in value.items()}
        else:
            flat[key] = value
    return flat


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_VALUE else f"{text[: _MAX_VALUE - 3]}..."


def _names(items: Sequence[Item]) -> str:
    names = list(dict.fromkeys(item.name for item in items))
    return ", ".join(names[:MAX_NAMES]) + (", ..." if len(names) > MAX_NAMES else "")


def _noun(kind: str, count: int) -> str:
    return _SINGULARS.get(kind, kind) if count == 1 else _PLURALS.get(kind, f"{kind}s")
