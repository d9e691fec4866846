"""Which items of a part were added, changed or removed, and clauses that say so."""

from __future__ import annotations

import json
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

from rebake.archive.manifest import Item

MAX_NAMES = 3  # in one clause
MAX_CLAUSES = 3  # of one kind and one verb before they are condensed into one

_PLURALS = {"entity": "entities", "story": "stories", "regex": "regexes", "lookup": "lookup tables"}
_SINGULARS = {"lookup": "lookup table"}
_WITH_LINE = frozenset({"story", "rule", "example", "synonym", "regex", "lookup"})
_ANONYMOUS = frozenset({"example", "synonym"})  # many items of one name
_VERBS = ("added", "changed", "removed")


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to an item: ``verb`` is "added", "changed" or "removed"; a removed one is where it was."""

    verb: str
    item: Item

    def __str__(self) -> str:
        kind, name = noun(self.item.kind), self.item.name
        if self.item.kind == "example":
            return f"{kind}{f' of intent {name}' if name else ''} {self.verb}"
        return f"{kind}{f' {json.dumps(name, ensure_ascii=False)}' if name else ''} {self.verb}"


_Key = Callable[[Item], Hashable]
_SAME: Sequence[_Key] = (  # an old and a new item that agree in one of these are one item that changed; best first
    lambda item: (item.kind, item.name, item.file, item.line),
    lambda item: item.kind not in _ANONYMOUS and (item.kind, item.name, item.file),
    lambda item: item.kind not in _ANONYMOUS and (item.kind, item.name),
    lambda item: item.kind == "example" and (item.kind, item.file, item.line),
)


def item_changes(new: Sequence[Item], old: Sequence[Item]) -> list[Change]:
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
                changes.append(Change("changed", item))
            else:
                unmatched.append(item)
        added, removed = unmatched, [item for queue in waiting.values() for item in queue]
    return [*(Change("added", i) for i in added), *changes, *(Change("removed", i) for i in removed)]


def _left_over(items: Iterable[Item], counts: Counter[tuple[str, str]]) -> list[Item]:
    found = []
    for item in items:
        if counts[item.kind, item.digest] > 0:
            counts[item.kind, item.digest] -= 1
            found.append(item)
    return found


def item_clauses(changes: Sequence[Change]) -> list[str]:
    """Return clauses that a person understands, by kind, the most telling kinds first."""
    return [clause for kind, of_kind in _by_kind(changes) for clause in _clauses_of_kind(kind, of_kind)]


def _by_kind(changes: Sequence[Change]) -> list[tuple[str, list[Change]]]:
    order = ["story", "rule", "example", "response", "retrieval response"]
    kinds = sorted({change.item.kind for change in changes}, key=lambda kind: (kind not in order, kind))
    return [(kind, [change for change in changes if change.item.kind == kind]) for kind in kinds]


def _clauses_of_kind(kind: str, changes: Sequence[Change]) -> list[str]:
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
            clauses += [f"{noun(kind, 1)} {item.name} {verb}" for item in items]
        else:
            clauses.append(f"{len(items)} {noun(kind, 2)} {verb} ({_names(items)})")
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
        f"{len(group)} {noun('example', len(group))}{f' of intent {intent}' if intent else ''} "
        f"{verb}{_place(verb, group)}"
        for intent, group in intents.items()
    ]


def _counted_clause(kind: str, verb: str, items: Sequence[Item]) -> str:
    if len(items) == 1:
        name = f" {json.dumps(items[0].name, ensure_ascii=False)}" if items[0].name else ""
        return f"{noun(kind, 1)}{name} {verb}{_place(verb, items)}"
    return f"{len(items)} {noun(kind, 2)} {verb}{_place(verb, items)}"


def _place(verb: str, items: Sequence[Item]) -> str:
    """Where: with the line if it is one thing that is still there."""
    files = sorted({item.file for item in items if item.file})
    if not files:
        return ""
    more = f" and {len(files) - 1} more {'file' if len(files) == 2 else 'files'}" if len(files) > 1 else ""
    if verb == "removed":
        return f" from {files[0]}{more}"
    return f" in {files[0]}{f':{items[0].line}' if len(items) == 1 else ''}{more}"


def _names(items: Sequence[Item]) -> str:
    names = list(dict.fromkeys(item.name for item in items))
    return ", ".join(names[:MAX_NAMES]) + (", ..." if len(names) > MAX_NAMES else "")


def noun(kind: str, count: int = 1) -> str:
    return _SINGULARS.get(kind, kind) if count == 1 else _PLURALS.get(kind, f"{kind}s")
