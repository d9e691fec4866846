"""What deserves attention in NLU data, seen with the pipeline that it is for: as Rasa warns before it trains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rebake.assistant.model import Assistant, ComponentSpec, Example
from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.nlu.alignment import TAGGERS, is_surely_aligned, misaligned
from rebake.nlu.message import TEXT, Message
from rebake.registry.components import find_component

_ENOUGH = 2  # examples of an intent, annotations of an entity
_LEARNERS = (*TAGGERS, "MitieEntityExtractor")
_PATTERN_READERS = ("RegexFeaturizer", "RegexEntityExtractor")


def check_data(assistant: Assistant) -> list[Notice]:
    """All notices about the NLU data; nothing here keeps it from being trained."""
    if not assistant.nlu:
        return []
    checks = _NluDataChecks(assistant)
    return [*checks.scarce(), *checks.unused(), *checks.competing(), *checks.unaligned()]


class _NluDataChecks:
    def __init__(self, assistant: Assistant) -> None:
        self.assistant = assistant
        self.data = assistant.nlu
        self.specs: dict[str, list[ComponentSpec]] = {}
        for spec in assistant.config.pipeline:
            entry = find_component(spec.name)
            self.specs.setdefault(entry.name if entry is not None else spec.name, []).append(spec)
        self.learners = [name for name in _LEARNERS if self._learns_entities(name)]

    def _learns_entities(self, name: str) -> bool:
        """DIETClassifier may be told to leave entities alone."""
        return any(spec.options.get("entity_recognition", True) for spec in self.specs.get(name, ()))

    def has(self, *names: str) -> bool:
        return any(name in self.specs for name in names)

    def scarce(self) -> Iterator[Notice]:
        """Intents and entities that are hardly ever seen, and retrieval examples without a response."""
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
                yield Notice(message, example.location, NoticeKind.MISSING_RESPONSE)
        for name, count in intents.items():
            if count < _ENOUGH:
                message = f"The intent '{name}' has one example; {_ENOUGH} or more are needed."
                yield Notice(message, places[name], NoticeKind.SCARCE_INTENT)
        if self.learners:
            for label, count in entities.items():
                if count < _ENOUGH:
                    message = f"The {label} is annotated once; {_ENOUGH} or more are needed."
                    yield Notice(message, places[label], NoticeKind.SCARCE_ENTITY)

    def unused(self) -> Iterator[Notice]:
        """Data that no component of the pipeline reads."""
        annotated = next((example for example in self.data.examples if example.entities), None)
        retrieval = next((example for example in self.data.examples if "/" in (example.intent or "")), None)
        if retrieval is not None and not self.has("ResponseSelector"):
            yield self._unread("retrieval intents", "ResponseSelector", retrieval)
        if annotated is not None and not self.learners:
            yield self._unread("annotated entities", "DIETClassifier or CRFEntityExtractor", annotated)
        elif not any(name in self.learners for name in TAGGERS) and (labelled := self._labelled()) is not None:
            yield self._unread("roles and groups of entities", "DIETClassifier or CRFEntityExtractor", labelled)
        readers = " or ".join(_PATTERN_READERS)
        if self.data.regexes and not self.has(*_PATTERN_READERS):
            yield self._unread("regexes", readers, self.data.regexes[0])
        if self.data.lookups and not self.has(*_PATTERN_READERS):
            yield self._unread("lookup tables", readers, self.data.lookups[0])
        elif self.data.lookups and not self.has("RegexEntityExtractor"):
            yield from self._unread_lookup_features()
        if self.data.synonyms and not self.has("EntitySynonymMapper"):
            yield self._unread("synonyms", "EntitySynonymMapper", self.data.synonyms[0])

    def _unread_lookup_features(self) -> Iterator[Notice]:
        if not self.has(*TAGGERS):
            yield self._unread(
                "lookup tables as features", "DIETClassifier or CRFEntityExtractor", self.data.lookups[0]
            )
        elif "DIETClassifier" not in self.specs:
            entry = find_component("CRFEntityExtractor")
            assert entry is not None
            windows = [entry.merged(spec.options)["features"] for spec in self.specs["CRFEntityExtractor"]]
            if not any("pattern" in features for window in windows for features in window):
                place = self.specs["CRFEntityExtractor"][0].location
                yield Notice("CRFEntityExtractor has no feature 'pattern', so it does not see lookup tables.", place)

    def _labelled(self) -> Example | None:
        return next((e for e in self.data.examples if any(span.role or span.group for span in e.entities)), None)

    def _unread(self, what: str, reader: str, first: Any) -> Notice:
        return Notice(f"The data has {what}, but the pipeline has no {reader} that would read them.", first.location)

    def competing(self) -> Iterator[Notice]:
        """Extractors that find the same entities twice."""
        if len(self.learners) > 1:
            place = max(self.specs[name][0].location for name in self.learners)
            yield Notice(f"{' and '.join(self.learners)} learn the same entities, so each may be found twice.", place)
        if self.learners and self.has("RegexEntityExtractor"):
            entities = {span.entity for example in self.data.examples for span in example.entities}
            if shared := sorted(entities & {regex.name for regex in self.data.regexes}):
                names = ", ".join(map(repr, shared))
                message = f"It finds {names} as {' and '.join(self.learners)} may do too, so each may be found twice."
                yield Notice(message, self.specs["RegexEntityExtractor"][0].location)

    def unaligned(self) -> Iterator[Notice]:
        """With WhitespaceTokenizer, which is fast; other tokenizers are asked when it comes to training."""
        if not any(name in self.learners for name in TAGGERS) or not self.has("WhitespaceTokenizer"):
            return
        from rebake.nlu.tokenizers.whitespace_tokenizer import WhitespaceTokenizer

        entry = find_component("WhitespaceTokenizer")
        assert entry is not None
        options: Mapping[str, Any] = entry.merged(self.specs["WhitespaceTokenizer"][0].options)
        doubtful: Sequence[Example] = [
            example
            for example in self.data.examples
            if example.entities and (options["token_pattern"] or not is_surely_aligned(example))
        ]
        messages = [Message({TEXT: example.text}, example) for example in doubtful]
        WhitespaceTokenizer(options, "WhitespaceTokenizer").process(messages)
        yield from misaligned(messages)


def _label(kind: str, span: Any) -> str:
    value = getattr(span, kind)
    return f"{kind} '{value}'" if value else ""
