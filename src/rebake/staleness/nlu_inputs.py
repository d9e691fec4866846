"""What of the NLU data each component reads, as digests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from rebake.archive.manifest import Item
from rebake.assistant.model import Assistant, Example
from rebake.assistant.nlu_data.synonyms import learn_synonyms
from rebake.registry.response_texts import response_texts
from rebake.staleness.items import domain_items, retrieval_items
from rebake.staleness.meaning import digest, spans_meaning


class NluInputs:
    """Digests of what components read, by the words of ``Entry.reads``; made when first asked for."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self._made: dict[str, str | None] = {}

    def __getitem__(self, aspect: str) -> str | None:
        if aspect not in self._made:
            self._made[aspect] = self._make(aspect)
        return self._made[aspect]

    def _make(self, aspect: str) -> str | None:
        data = self._assistant.nlu
        match aspect:
            case "texts":
                made = digest(sorted(example.text for example in data.examples))
            case "intents":
                made = digest(sorted((example.text, example.intent or "") for example in data.examples))
            case "entities":
                made = digest(sorted((e.text, spans_meaning(e.entities)) for e in data.examples if e.entities))
            case "ambiguous texts":
                pairs = ambiguous_texts(data.examples)
                return digest(pairs) if pairs else None
            case "synonyms":
                made = digest(learn_synonyms(data))
            case "regexes":
                made = digest(sorted((regex.name, regex.pattern) for regex in data.regexes))
            case "lookups":
                made = digest([(table.name, table.elements) for table in data.lookups])  # their order is their column's
            case "responses":
                items = trained_responses(self._assistant)
                return digest(sorted(item.digest for item in items)) if items else None
            case "keywords":
                made = digest([(example.text, example.intent) for example in data.examples])
            case "domain":
                made = digest(sorted(item.digest for item in domain_items(self._assistant.domain)))
            case _:
                raise LookupError(f"no component can read {aspect!r}")
        return made


def ambiguous_texts(examples: Iterable[Example]) -> list[list[Any]]:
    """Examples of texts that come with several intents and several annotations.

    Of all other texts the digests of intents and of entities, apart, say which intent goes with which annotation.
    """
    by_text: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        by_text[example.text].append(example)
    ambiguous: list[list[Any]] = []
    for text, repeated in by_text.items():
        if len(repeated) == 1:
            continue
        pairs = [[text, example.intent or "", spans_meaning(example.entities)] for example in repeated]
        if len({intent for _, intent, _ in pairs}) > 1 and len({str(spans) for *_, spans in pairs}) > 1:
            ambiguous += pairs
    return sorted(ambiguous)


def trained_responses(assistant: Assistant) -> tuple[Item, ...]:
    """Texts of responses are NLU data only where a ResponseSelector takes them as labels."""
    texts = response_texts(assistant.config.pipeline, assistant.nlu, assistant.domain)
    return retrieval_items(texts, assistant.domain.responses)
