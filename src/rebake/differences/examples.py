"""How the NLU data of two states of an assistant differ: examples by intent, synonyms, regexes, lookup tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import TypeVar

from rebake.assistant.model import EntitySpan, Example, LookupTable, NluData, RegexPattern, Synonym
from rebake.differences.model import Clause, Difference, change_text, count_text, quoted
from rebake.differences.sequences import is_reordered, left_over
from rebake.staleness.meaning import canonical_spans

ALIKE = 0.6  # of a removed and an added text that are taken for one text that changed; 1 = equal
MAX_PAIRS = 5_000  # comparisons of texts in all intents, at most two seconds; beyond that, texts were added and removed
MAX_COMPARED = 300  # characters of a text that is compared: the time grows with the square of them

_Item = TypeVar("_Item", RegexPattern, LookupTable)


def nlu_differences(before: NluData, after: NluData) -> Iterator[Difference]:
    """Yield what differs, by kind, in the order of the new files."""
    yield from _of_examples(before.examples, after.examples)
    yield from _of_synonyms(before.synonyms, after.synonyms)
    yield from _of_named("regex", before.regexes, after.regexes, lambda regex: (regex.pattern,))
    yield from _of_named("lookup table", before.lookups, after.lookups, lambda table: table.elements)
    names = [table.name for table in after.lookups]
    if is_reordered([table.name for table in before.lookups], names):
        place = after.lookups[0].location
        yield Difference("lookup tables", "", (Clause(f"order changed to {', '.join(names)}", place),))


def _of_examples(before: Sequence[Example], after: Sequence[Example]) -> Iterator[Difference]:
    removed, added = left_over(before, after, _key), left_over(after, before, _key)
    old_by_text: dict[str, list[Example]] = defaultdict(list)
    for example in removed:
        old_by_text[example.text].append(example)
    changes: dict[str | None, _Changes] = defaultdict(_Changes)
    for example in added:
        same_text = old_by_text[example.text]
        if not same_text:
            changes[example.intent].added.append(example)
            continue
        old = same_text.pop(next((n for n, one in enumerate(same_text) if one.intent == example.intent), 0))
        of_intent = changes[example.intent]
        (of_intent.changed if old.intent == example.intent else of_intent.moved).append((old, example))
    for olds in old_by_text.values():
        for example in olds:
            changes[example.intent].removed.append(example)
    left = MAX_PAIRS
    for of_intent in sorted(changes.values(), key=lambda one: one.pairs):
        left -= of_intent.pairs
        if left < 0:
            break
        of_intent.pair_alike()
    for intent, of_intent in changes.items():
        kind, name = ("intent", intent) if intent is not None else ("examples without an intent", "")
        yield Difference(kind, name, tuple(of_intent.clauses()))


class _Changes:
    """What happened to the examples of one intent; pairs are an old and a new example."""

    def __init__(self) -> None:
        self.added: list[Example] = []
        self.removed: list[Example] = []
        self.changed: list[tuple[Example, Example]] = []
        self.moved: list[tuple[Example, Example]] = []

    @property
    def pairs(self) -> int:
        """How many comparisons :meth:`pair_alike` makes."""
        return len(self.added) * len(self.removed)

    def pair_alike(self) -> None:
        """Take a removed and an added text that are much alike for one that changed, the most similar first."""
        ratios = []
        for j, new in enumerate(self.added):
            if len(new.text) > MAX_COMPARED:
                continue
            matcher = SequenceMatcher(None, "", new.text.lower(), autojunk=False)
            for i, old in enumerate(self.removed):
                if len(old.text) > MAX_COMPARED:
                    continue
                matcher.set_seq1(old.text.lower())
                if matcher.real_quick_ratio() >= ALIKE and matcher.quick_ratio() >= ALIKE:
                    ratios.append((-matcher.ratio(), i, j))
        of_old: dict[int, int] = {}
        for ratio, i, j in sorted(ratios):
            if -ratio >= ALIKE and i not in of_old and j not in of_old.values():
                of_old[i] = j
        self.changed += [(self.removed[i], self.added[j]) for i, j in sorted(of_old.items())]
        self.added = [example for j, example in enumerate(self.added) if j not in of_old.values()]
        self.removed = [example for i, example in enumerate(self.removed) if i not in of_old]

    def clauses(self) -> Iterator[Clause]:
        if self.added:
            yield _clause(self.added, "added", [quoted(annotated(example)) for example in self.added])
        if self.changed:
            lines = [f"{quoted(_shown(old, new))} -> {quoted(_shown(new, old))}" for old, new in self.changed]
            yield _clause([new for _, new in self.changed], "changed", lines)
        if self.moved:
            lines = [
                f"{quoted(new.text)} from {f'intent {old.intent}' if old.intent else 'no intent'}"
                for old, new in self.moved
            ]
            yield _clause([new for _, new in self.moved], "moved here", lines)
        if self.removed:
            lines = [quoted(annotated(example)) for example in self.removed]
            clause = _clause(self.removed, "removed", lines)
            yield Clause(clause.text, clause.location, "base", clause.lines)


def _clause(examples: Sequence[Example], verb: str, lines: list[str]) -> Clause:
    if len(lines) == 1:
        return Clause(f"1 example {verb}: {lines[0]}", examples[0].location)
    return Clause(f"{count_text(len(examples), 'example')} {verb}", examples[0].location, lines=tuple(lines))


def _key(example: Example) -> tuple[str, str | None, tuple[EntitySpan, ...]]:
    return example.text, example.intent, canonical_spans(example.entities)


def _shown(example: Example, other: Example) -> str:
    """The bare text where the two texts differ and annotations are not what matters."""
    return example.text if not (example.entities or other.entities) else annotated(example)


def annotated(example: Example) -> str:
    """The text with its entities as training files write them: "to [Rome](city)"."""
    text, end = "", 0
    for span in sorted(example.entities, key=lambda span: span.start):
        if span.start < end:
            continue  # one inside of another
        surface = example.text[span.start : span.end]
        value = f":{span.value}" if span.value and span.value != surface else ""
        parts = [f", {key} {given}" for key, given in (("role", span.role), ("group", span.group)) if given]
        text += f"{example.text[end : span.start]}[{surface}]({span.entity}{value}{''.join(parts)})"
        end = span.end
    return text + example.text[end:]


def _of_synonyms(before: Sequence[Synonym], after: Sequence[Synonym]) -> Iterator[Difference]:
    old: dict[str, Synonym] = {synonym.surface: synonym for synonym in before}
    new: dict[str, Synonym] = {synonym.surface: synonym for synonym in after}
    by_value: dict[str, list[Clause]] = defaultdict(list)
    for surface, synonym in new.items():
        if surface not in old:
            by_value[synonym.value].append(Clause(f"{quoted(surface)} added", synonym.location))
        elif old[surface].value != synonym.value:
            text = f"{quoted(surface)} stood for {quoted(old[surface].value)}"
            by_value[synonym.value].append(Clause(text, synonym.location))
    for surface, synonym in old.items():
        if surface not in new:
            by_value[synonym.value].append(Clause(f"{quoted(surface)} removed", synonym.location, "base"))
    for value, clauses in by_value.items():
        yield Difference("synonym", value, tuple(clauses))


def _of_named(
    kind: str, before: Sequence[_Item], after: Sequence[_Item], elements: Callable[[_Item], Sequence[str]]
) -> Iterator[Difference]:
    """Lookup tables and regexes; several of one name are one list."""
    old: dict[str, list[_Item]] = _grouped(before)
    new: dict[str, list[_Item]] = _grouped(after)
    for name in dict.fromkeys((*new, *old)):
        olds = [element for item in old.get(name, ()) for element in elements(item)]
        news = [element for item in new.get(name, ()) for element in elements(item)]
        if olds == news or (kind == "regex" and sorted(olds) == sorted(news)):
            continue
        here = new[name][0].location if name in new else old[name][0].location
        if name not in old:
            yield Difference(kind, name, (Clause(f"added ({_size(kind, news)})", here),))
        elif name not in new:
            yield Difference(kind, name, (Clause("removed", here, "base"),))
        elif len(olds) == len(news) == 1:
            yield Difference(kind, name, (Clause(change_text("", olds[0], news[0]), here),))
        else:
            added, removed = [e for e in news if e not in set(olds)], [e for e in olds if e not in set(news)]
            clauses = [
                Clause(f"{_size(kind, found)} {verb}", here, lines=tuple(quoted(element) for element in found))
                for verb, found in (("added", added), ("removed", removed))
                if found
            ]
            yield Difference(kind, name, tuple(clauses) or (Clause("order changed", here),))


def _grouped(items: Sequence[_Item]) -> dict[str, list[_Item]]:
    groups: dict[str, list[_Item]] = {}
    for item in items:
        groups.setdefault(item.name, []).append(item)
    return groups


def _size(kind: str, elements: Sequence[str]) -> str:
    return count_text(len(elements), "element" if kind == "lookup table" else "pattern")
