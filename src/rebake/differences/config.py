"""How the configurations of two states of an assistant differ: components, policies and their options."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rebake.archive.manifest import ComponentRecord, Part
from rebake.assistant.model import ComponentSpec, Config
from rebake.differences.model import Clause, Difference, change_text
from rebake.registry.entry import Section
from rebake.registry.lookup import find
from rebake.staleness.component_changes import option_changes, pair_components

_PARTS: dict[Section, Part] = {"pipeline": "nlu", "policies": "core"}


def config_differences(before: Config, after: Config) -> Iterator[Difference]:
    """Yield what differs; options that are not written have their defaults."""
    settings = [
        Clause(change_text(name, old, new), after.location)
        for name in ("recipe", "language", "assistant_id")
        if (old := getattr(before, name)) != (new := getattr(after, name))
    ]
    if settings:
        yield Difference("config", "", tuple(settings))
    yield from _of_section("pipeline", before.pipeline, after.pipeline)
    yield from _of_section("policies", before.policies, after.policies)


def _of_section(
    section: Section, before: Sequence[ComponentSpec], after: Sequence[ComponentSpec]
) -> Iterator[Difference]:
    old, new = ([_record(spec, section) for spec in side] for side in (before, after))
    pairs = pair_components(old, new)
    for i, j in sorted(pairs.changed, key=lambda pair: pair[1]):
        clauses = [
            Clause(f"{change.name}: {change.before} -> {change.after}", after[j].place(*change.name.split(".")))
            for change in option_changes(new[j], old[i])
        ]
        yield Difference(new[j].name, _number(new, j), tuple(clauses))
    for j in pairs.added:
        yield Difference(new[j].name, _number(new, j), (Clause(f"added to the {section}", after[j].location),))
    for i in pairs.removed:
        clause = Clause(f"removed from the {section}", before[i].location, "base")
        yield Difference(old[i].name, _number(old, i), (clause,))
    if pairs.is_reordered:
        place = after[0].location if after else None
        yield Difference(section, "", (Clause(f"order changed to {', '.join(one.name for one in new)}", place),))


def _record(spec: ComponentSpec, section: Section) -> ComponentRecord:
    entry = find(spec.name, section)
    name = entry.name if entry is not None else spec.name
    options = entry.merged(spec.options) if entry is not None else dict(spec.options)
    return ComponentRecord(_PARTS[section], name, 0, options, "")


def _number(records: Sequence[ComponentRecord], place: int) -> str:
    """Which one, where several have one name."""
    names = [record.name for record in records]
    return f"no. {names[: place + 1].count(names[place])}" if Counter(names)[names[place]] > 1 else ""
