"""What deserves attention in NLU data, seen with the pipeline that it is for: as Rasa warns before it trains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rebake.assistant.model import Assistant, ComponentSpec, Example
from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.nlu.alignment import is_surely_aligned, misaligned
from rebake.nlu.message import TEXT, Message
from rebake.registry.entry import Entry
from rebake.registry.lookup import COMPONENTS, find
from rebake.registry.token_features import FeatureWindow

Fact = Callable[[Entry], bool]

ENOUGH_EXAMPLES = 2  # of an intent; Rasa warns of fewer
_ENOUGH = 2  # annotations of an entity


def check_data(assistant: Assistant, min_examples: int = ENOUGH_EXAMPLES) -> list[Notice]:
    """Return all notices about the NLU data; nothing here keeps it from being trained.

    ``min_examples`` is how many examples each intent should have.
    """
    if not assistant.nlu:
        return []
    checks = _NluDataChecks(assistant)
    return [*checks.scarce(min_examples), *checks.unused(), *checks.competing(), *checks.unaligned()]


class _NluDataChecks:
    def __init__(self, assistant: Assistant) -> None:
        self.assistant = assistant
        self.data = assistant.nlu
        found = ((find(spec.name), spec) for spec in assistant.config.pipeline)
        self.known = [(entry, spec) for entry, spec in found if entry is not None]
        learning = [(entry, spec) for entry, spec in self.known if entry.is_on(entry.learns_entities, spec.options)]
        self.learners = sorted({entry.name for entry, _ in learning})
        self.has_taggers = any(entry.tags_tokens for entry, _ in learning)

    def having(self, fact: Fact) -> list[tuple[Entry, ComponentSpec]]:
        """Return the components of the pipeline of which a fact is true."""
        return [(entry, spec) for entry, spec in self.known if fact(entry)]

    def scarce(self, min_examples: int) -> Iterator[Notice]:
        """Report intents and entities that are hardly ever seen, and retrieval examples without a response."""
        intents = Counter(example.intent.split("/")[0] for example in self.data.examples if example.intent)
        places: dict[str, Location | None] = {}
        entities: Counter[str] = Counter()
        responses = {response.name for response in self.assistant.domain.responses}
        unanswered: set[str] = set()
        for example in self.data.examples:
            intent = example.intent or ""
            places.setdefault(intent.split("/")[0], example.location)
            for span in example.entities:
                labels = {f"entity '{span.entity}'", *(_label(kind, span) for kind in ("role", "group"))} - {""}
                entities.update(labels)
                for label in labels:
                    places.setdefault(label, example.location)
            if "/" in intent and f"utter_{intent}" not in responses and intent not in unanswered:
                unanswered.add(intent)
                message = f"There is no response 'utter_{intent}' for the intent '{intent}'."
                yield Notice(message, example.location, NoticeKind.MISSING_RESPONSE, subject=intent)
        for name, count in intents.items():
            if count < min_examples:
                found = "one example" if count == 1 else f"{count} examples"
                message = f"The intent '{name}' has {found}; {min_examples} or more are needed."
                yield Notice(message, places[name], NoticeKind.SCARCE_INTENT, subject=name)
        if self.learners:
            for label, count in entities.items():
                if count < _ENOUGH:
                    message = f"The {label} is annotated once; {_ENOUGH} or more are needed."
                    yield Notice(message, places[label], NoticeKind.SCARCE_ENTITY)

    def unused(self) -> Iterator[Notice]:
        """Report data that no component of the pipeline reads."""
        annotated = next((example for example in self.data.examples if example.entities), None)
        retrieval = next((example for example in self.data.examples if "/" in (example.intent or "")), None)
        if retrieval is not None and not self.having(_selects_responses):
            yield self._unread("retrieval intents", _selects_responses, retrieval)
        if annotated is not None and not self.learners:
            yield self._unread("annotated entities", _tags_tokens, annotated)
        elif not self.has_taggers and (labelled := self._labelled()) is not None:
            yield self._unread("roles and groups of entities", _tags_tokens, labelled)
        if self.data.regexes and not self.having(_reads_regexes):
            yield self._unread("regexes", _reads_regexes, self.data.regexes[0])
        if self.data.lookups and not self.having(_reads_lookups):
            yield self._unread("lookup tables", _reads_lookups, self.data.lookups[0])
        elif self.data.lookups and not self.having(_finds_patterns):
            yield from self._unread_lookup_features()
        if self.data.synonyms and not self.having(_reads_synonyms):
            yield self._unread("synonyms", _reads_synonyms, self.data.synonyms[0])

    def _unread_lookup_features(self) -> Iterator[Notice]:
        """Lookup tables reach taggers as features: in those of all featurizers, or in a window that names them."""
        taggers = self.having(_tags_tokens)
        if not taggers:
            yield self._unread("lookup tables as features", _tags_tokens, self.data.lookups[0])
        elif not any(_sees_patterns(entry, spec) for entry, spec in taggers):
            entry, spec = taggers[0]
            feature = next(window.patterns for window in _windows(entry).values())
            message = f"{entry.name} has no feature '{feature}', so it does not see lookup tables."
            yield Notice(message, spec.location, NoticeKind.UNREAD_DATA)

    def _labelled(self) -> Example | None:
        return next((e for e in self.data.examples if any(span.role or span.group for span in e.entities)), None)

    def _unread(self, what: str, reads: Fact, first: Any) -> Notice:
        readers = " or ".join(entry.name for entry in COMPONENTS.values() if reads(entry) and entry.implementation)
        message = f"The data has {what}, but the pipeline has no {readers} to read them."
        return Notice(message, first.location, NoticeKind.UNREAD_DATA)

    def competing(self) -> Iterator[Notice]:
        """Report extractors that find the same entities twice."""
        learners = " and ".join(self.learners)
        if len(self.learners) > 1:
            place = max(spec.location for entry, spec in self.known if entry.name in self.learners)
            message = f"{learners} learn the same entities, so each may be found twice."
            yield Notice(message, place, NoticeKind.COMPETING_EXTRACTORS)
        if self.learners and (finders := self.having(_finds_patterns)):
            entities = {span.entity for example in self.data.examples for span in example.entities}
            if shared := sorted(entities & {regex.name for regex in self.data.regexes}):
                names = ", ".join(map(repr, shared))
                message = f"It finds {names}, and {learners} may find them too, so each may be found twice."
                yield Notice(message, finders[0][1].location, NoticeKind.COMPETING_EXTRACTORS)

    def unaligned(self) -> Iterator[Notice]:
        """Report misaligned entities if the tokenizer splits at blanks; with others this waits for the training."""
        splitting = self.having(lambda entry: entry.splits_at_blanks)
        if not self.has_taggers or not splitting:
            return
        entry, spec = splitting[0]
        options: Mapping[str, Any] = entry.merged(spec.options)
        doubtful: Sequence[Example] = [
            example
            for example in self.data.examples
            if example.entities and (options.get("token_pattern") or not is_surely_aligned(example))
        ]
        messages = [Message({TEXT: example.text}, example) for example in doubtful]
        entry.load_class()(options, entry.name).process(messages)
        yield from misaligned(messages)


def _selects_responses(entry: Entry) -> bool:
    return entry.responses is not None


def _tags_tokens(entry: Entry) -> bool:
    return entry.tags_tokens


def _reads_regexes(entry: Entry) -> bool:
    return "regexes" in entry.reads


def _reads_lookups(entry: Entry) -> bool:
    return "lookups" in entry.reads


def _reads_synonyms(entry: Entry) -> bool:
    return "synonyms" in entry.reads


def _finds_patterns(entry: Entry) -> bool:
    return _reads_lookups(entry) and entry.kind == "extractor"


def _windows(entry: Entry) -> dict[str, FeatureWindow]:
    return {name: option for name, option in entry.options.items() if isinstance(option, FeatureWindow)}


def _sees_patterns(entry: Entry, spec: ComponentSpec) -> bool:
    if "features" in entry.needs:
        return True
    merged = entry.merged(spec.options)
    return any(window.patterns in row for name, window in _windows(entry).items() for row in merged[name])


def _label(kind: str, span: Any) -> str:
    value = getattr(span, kind)
    return f"{kind} '{value}'" if value else ""
