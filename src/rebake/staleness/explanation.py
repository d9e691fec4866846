"""Why each component and policy is fresh or stale: what changed of what it depends on, and where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rebake.archive.integrity import Damage
from rebake.archive.manifest import ComponentRecord, Manifest, Part, PartRecord
from rebake.archive.pack import METADATA_NAME
from rebake.assistant.model import ComponentSpec, Config
from rebake.base.location import Location
from rebake.staleness.component_changes import Pairs, option_changes, pair_components
from rebake.staleness.fingerprints import Fingerprints
from rebake.staleness.item_changes import Change, item_changes, item_clauses
from rebake.staleness.reasons import ORDERS, UNEXPLAINED, kind_of, setting_clauses
from rebake.staleness.trainer import MODULE, SOURCES
from rebake.staleness.verdict import PartVerdict, State, Verdict

ComponentState = Literal["fresh", "reused", "stale", "unknown", "removed"]

MAX_SINGLE = 5  # changes of data that a component lists one by one
UNRECORDED = (
    "an earlier version of rebake trained this model and did not record what each component learned from, so every "
    "change that may concern a component is listed with it"
)
UNKNOWN_CAUSE = "what it learns from changed; the model does not record what that was"
_DOMAIN = frozenset({"intent", "entity", "slot", "form", "action"})
_EXAMPLES = frozenset({"example"})
_READS: Mapping[str, frozenset[str]] = {  # input of a component -> the kinds of items that are in it
    "texts": _EXAMPLES,
    "intents": _EXAMPLES,
    "entities": _EXAMPLES,
    "ambiguous texts": _EXAMPLES,
    "keywords": _EXAMPLES,
    "synonyms": frozenset({"synonym", "example"}),  # annotations name synonyms, too
    "regexes": frozenset({"regex"}),
    "lookups": frozenset({"lookup"}),
    "responses": frozenset({"retrieval response"}),
    "domain": _DOMAIN,
    "data": _DOMAIN | {"story"},
    "rules": frozenset({"rule"}),
    SOURCES: frozenset({MODULE}),
}


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason why a component is not as it was: a clause, and where in the assistant's files, if it is there."""

    message: str
    location: Location | None = None

    def __str__(self) -> str:
        return self.message if self.location is None else f"{self.location}: {self.message}"


@dataclass(frozen=True, slots=True)
class ComponentExplanation:
    """A component or policy.

    Attributes:
        id: node id; of a removed one, the id that it has in the model.
        name: as Rasa calls it.
        state: "fresh": its part is; "reused": its part is stale, but the model has this component as it is to be;
            "stale": it is to be trained (or, if it learns nothing, is configured differently); "unknown": its files
            are damaged, or nothing is known of the model; "removed": the model has it, the assistant does not.
        causes: what changed; empty where it is fresh or reused.
        location: its entry in config.yml; None for a removed one.
    """

    id: str
    name: str
    state: ComponentState
    causes: tuple[Cause, ...] = ()
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class PartExplanation:
    """One part of the model.

    Attributes:
        part: "core", "nlu" or "nlg".
        state: as in the verdict.
        changes: everything that changed in its data, item by item.
        causes: what else concerns the part as a whole: settings, the order of its components, damage.
        components: in the order of config.yml, then the removed ones.
        note: what the model does not record, so that the explanation says less or more than it might; "" if nothing.
    """

    part: Part
    state: State
    changes: tuple[Change, ...] = ()
    causes: tuple[Cause, ...] = ()
    components: tuple[ComponentExplanation, ...] = ()
    note: str = ""


def explain(
    verdict: Verdict, new: Fingerprints, old: Manifest | None, config: Config, *, damages: Sequence[Damage] = ()
) -> tuple[PartExplanation, ...]:
    """Explain a verdict component by component.

    Args:
        verdict: as :func:`rebake.staleness.compare.compare` gave it for these.
        new: what the assistant asks for.
        old: manifest of the newest model; None where there is none, or it cannot be read.
        config: where the components stand.
        damages: of the newest model.
    """
    specs = {
        f"{spec.name}{place}": spec for specs in (config.pipeline, config.policies) for place, spec in enumerate(specs)
    }
    return tuple(_part(part, new, old, specs, damages) for part in verdict.parts)


def _part(
    verdict: PartVerdict,
    new: Fingerprints,
    old: Manifest | None,
    specs: Mapping[str, ComponentSpec],
    damages: Sequence[Damage],
) -> PartExplanation:
    part = verdict.part
    wanted, found = new.parts.get(part), old.parts.get(part) if old is not None else None
    if old is None or wanted is None or found is None:
        state: ComponentState = "unknown" if verdict.state == "unknown" else "stale"
        components = [
            ComponentExplanation(node, record.name, state, location=specs[node].location)
            for node, record in new.components.items()
            if record.part == part
        ]
        if wanted is None and old is not None:
            components = [
                ComponentExplanation(node, record.name, "removed")
                for node, record in old.components.items()
                if record.part == part
            ]
        causes = tuple(Cause(reason) for reason in verdict.reasons)
        return PartExplanation(part, verdict.state, causes=causes, components=tuple(components))
    return _Comparison(verdict, wanted, found, new, old, specs, damages).explain()


class _Comparison:
    """One part, before and after."""

    def __init__(
        self,
        verdict: PartVerdict,
        wanted: PartRecord,
        found: PartRecord,
        new: Fingerprints,
        old: Manifest,
        specs: Mapping[str, ComponentSpec],
        damages: Sequence[Damage],
    ) -> None:
        self._verdict = verdict
        self._wanted, self._found = wanted, found
        self._upstream, self._specs = new.upstream, specs
        self._new = {node: record for node, record in new.components.items() if record.part == verdict.part}
        self._old = {node: record for node, record in old.components.items() if record.part == verdict.part}
        self._changes = item_changes(wanted.items, found.items)
        self._pairs: Pairs = pair_components(list(self._old.values()), list(self._new.values()))
        self._damages = [damage for damage in damages if verdict.part in damage.parts]
        self._states: dict[str, ComponentState] = {}

    def explain(self) -> PartExplanation:
        components = [self._component(place, node) for place, node in enumerate(self._new)]
        old = list(self._old.items())
        for place in self._pairs.removed:
            node, record = old[place]
            cause = Cause(f"{kind_of(record)} {record.name} removed")
            components.append(ComponentExplanation(node, record.name, "removed", (cause,)))
        is_unrecorded = any(record.inputs is None for record in self._old.values())
        return PartExplanation(
            self._verdict.part,
            self._verdict.state,
            tuple(self._changes),
            tuple(self._causes_of_part()),
            tuple(components),
            UNRECORDED if is_unrecorded and self._changes and "stale" in self._states.values() else "",
        )

    def _causes_of_part(self) -> Iterator[Cause]:
        for damage in self._damages:
            if damage.component is None:
                yield Cause(f"{damage.file} of the model {damage.problem}")
        for clause in setting_clauses(self._wanted.settings, self._found.settings, self._changes):
            yield Cause(clause)
        if self._pairs.is_reordered:
            yield Cause(f"order of {ORDERS[self._verdict.part]} changed")

    def _component(self, place: int, node: str) -> ComponentExplanation:
        record = self._new[node]
        location = self._specs[node].location
        before = self._before(place)
        state, causes = self._judge(node, record, before)
        self._states[node] = state
        return ComponentExplanation(node, record.name, state, causes, location)

    def _before(self, place: int) -> tuple[str, ComponentRecord] | None:
        """The entry of the model that a new one belongs to."""
        old = list(self._old.items())
        return next((old[i] for i, j in (*self._pairs.equal, *self._pairs.changed) if j == place), None)

    def _judge(
        self, node: str, record: ComponentRecord, before: tuple[str, ComponentRecord] | None
    ) -> tuple[ComponentState, tuple[Cause, ...]]:
        had = next((old for old, other in self._old.items() if other.fingerprint == record.fingerprint), None)
        if had is not None:
            broken = [damage for damage in self._damages if damage.component == had or damage.file == METADATA_NAME]
            if broken:
                return "unknown", tuple(Cause(f"{damage.file} of the model {damage.problem}") for damage in broken)
            return ("fresh" if self._verdict.state == "fresh" else "reused"), ()
        if before is None:
            return "stale", (Cause(f"{kind_of(record)} {record.name} added", self._specs[node].location),)
        causes = tuple(dict.fromkeys(self._differences(node, record, before[1])))
        return "stale", causes or (Cause(UNEXPLAINED if before[1].inputs is not None else UNKNOWN_CAUSE),)

    def _differences(self, node: str, record: ComponentRecord, before: ComponentRecord) -> Iterator[Cause]:
        spec = self._specs[node]
        for option, was, now in option_changes(record, before):
            yield Cause(f"{option} {was} -> {now}", spec.place(*option.split(".")))
        if record.version != before.version:
            yield Cause(f"version of its training {before.version} -> {record.version}")
        inputs = dict(record.inputs or {})
        if before.inputs is not None:
            inputs = {key: value for key, value in inputs.items() if before.inputs.get(key) != value}
        if "upstream" in inputs:
            yield from self._upstream_causes(node, is_certain=before.inputs is not None)
        kinds = frozenset[str]().union(*(_READS.get(key, frozenset()) for key in inputs))
        changes = [change for change in self._changes if change.item.kind in kinds]
        yield from _data_causes(changes)
        settings = inputs.keys() & {*self._wanted.settings, *self._found.settings}
        wanted, found = (
            {key: value for key, value in side.settings.items() if key in settings}
            for side in (self._wanted, self._found)
        )
        for clause in setting_clauses(wanted, found, self._changes):
            yield Cause(clause)
        if before.inputs is not None and not changes and (reordered := sorted(inputs.keys() & _READS.keys())):
            yield Cause(f"the order of the {' and '.join(reordered)} that it learns from changed")

    def _upstream_causes(self, node: str, *, is_certain: bool) -> Iterator[Cause]:
        changed = [earlier for earlier in self._upstream[node] if self._states.get(earlier) == "stale"]
        for earlier in changed:
            yield Cause(f"{earlier}, which it works on, is stale", self._specs[earlier].location)
        if not changed and is_certain:
            old = list(self._old.items())
            removed = [old[place][0] for place in self._pairs.removed]
            yield Cause(
                f"{' and '.join(removed)}, which it worked on, was removed"
                if removed
                else "the order of the components that it works on changed"
            )


def _data_causes(changes: Sequence[Change]) -> Iterable[Cause]:
    """A few changes one by one, many in clauses: the part lists them all."""
    if len(changes) <= MAX_SINGLE:
        return (Cause(str(change), location_of(change)) for change in changes)
    return (Cause(clause) for clause in item_clauses(changes))


def location_of(change: Change) -> Location | None:
    """Return where an item stands, or stood; None where it is in no file."""
    return Location(change.item.file, change.item.line) if change.item.file else None
