"""From annotated entities to one tag per token, and from predicted tags back to entities.

Shared by all extractors that tag tokens. There are up to three layers of tags: the entity's type, its role and its
group. With the BILOU scheme a tag says where in its entity a token stands: B(egin), I(nside), L(ast), U(nit), O(ut).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Literal

from rebake.assistant.model import EntitySpan
from rebake.nlu.message import Message, Token

TagName = Literal["entity", "role", "group"]
TAG_NAMES: tuple[TagName, ...] = ("entity", "role", "group")
OUTSIDE = "O"
PREFIXES = ("B-", "I-", "L-", "U-")


@dataclass(frozen=True)
class TagSpec:
    """The tags of one layer; their ids are their places, O is 0."""

    name: TagName
    tags: tuple[str, ...]

    def ids(self) -> dict[str, int]:
        return {tag: index for index, tag in enumerate(self.tags)}

    def as_dict(self) -> dict[str, Any]:
        """As Rasa writes it to ``entity_tag_specs.json``."""
        order = [*range(1, len(self.tags)), 0]
        return {
            "tag_name": self.name,
            "ids_to_tags": {str(index): self.tags[index] for index in order},
            "tags_to_ids": {self.tags[index]: index for index in order},
            "num_tags": len(self.tags),
        }

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> TagSpec:
        """Raises KeyError, ValueError or TypeError on anything that Rasa did not write."""
        by_id = {int(index): str(tag) for index, tag in values["ids_to_tags"].items()}
        return TagSpec(TAG_NAMES[TAG_NAMES.index(values["tag_name"])], tuple(by_id[i] for i in range(len(by_id))))


def build_tag_specs(messages: Iterable[Message], bilou: bool) -> list[TagSpec]:
    """The layers that occur in the annotations, in the order entity, role, group.

    With BILOU only entities that span whole tokens count, since the others get no tags.
    """
    names: dict[TagName, set[str]] = {name: set() for name in TAG_NAMES}
    for message in messages:
        for span in annotated(message):
            if not bilou or _token_range(span, message.tokens["text"]) is not None:
                for name in TAG_NAMES:
                    names[name].add(getattr(span, name) or OUTSIDE)
    specs = []
    for name in TAG_NAMES:
        found = sorted(names[name] - {OUTSIDE})
        if found:
            tags = [prefix + tag for tag in found for prefix in PREFIXES] if bilou else found
            specs.append(TagSpec(name, (OUTSIDE, *tags)))
    return specs


def annotated(message: Message) -> tuple[EntitySpan, ...]:
    return message.example.entities if message.example is not None else ()


def tag_tokens(message: Message, name: TagName, bilou: bool) -> list[str]:
    """One tag per token of the text."""
    tokens = message.tokens["text"]
    if not bilou:
        return [_tag_of(token, annotated(message), name) for token in tokens]
    tags = [OUTSIDE] * len(tokens)
    for span in annotated(message):
        tag = getattr(span, name)
        place = _token_range(span, tokens)
        if tag and place is not None:
            first, last = place
            tags[first : last + 1] = _bilou(tag, last - first + 1)
    return tags


def _bilou(tag: str, length: int) -> list[str]:
    if length <= 1:
        return [f"U-{tag}"] * length
    return [f"B-{tag}", *[f"I-{tag}"] * (length - 2), f"L-{tag}"]


def _token_range(span: EntitySpan, tokens: Sequence[Token]) -> tuple[int, int] | None:
    first = next((i for i, token in enumerate(tokens) if token.start == span.start), None)
    last = next((i for i, token in enumerate(tokens) if token.end == span.end), None)
    return None if first is None or last is None or last < first else (first, last)


def _tag_of(token: Token, spans: Sequence[EntitySpan], name: TagName) -> str:
    """The tag of the entity that shares most characters with the token."""

    def shared(span: EntitySpan) -> int:
        return min(token.end, span.end) - max(token.start, span.start)

    touching = [span for span in spans if shared(span) > 0]
    return (getattr(max(touching, key=shared), name) or OUTSIDE) if touching else OUTSIDE


def split_tag(tag: str) -> tuple[str, str]:
    """("B", "city") of "B-city"; the prefix is empty without BILOU."""
    return (tag[0], tag[2:]) if tag[:2] in PREFIXES else ("", tag)


def repair_bilou(tags: Sequence[str], confidences: Sequence[float]) -> tuple[list[str], list[float]]:
    """Make every entity that begins with B one well-formed B..L or U, of the tag that fits its tokens best.

    A token whose tag changes gets, as its confidence, the score of the tag chosen: the harmonic mean of that tag's mean
    confidence and of its share of the tokens (both and the score rounded to two digits, as in Rasa).
    """
    tags, confidences = list(tags), list(confidences)
    for first in range(len(tags)):
        prefix, tag = split_tag(tags[first])
        if prefix != "B":
            continue
        last = _end_of_entity(tags, first)
        inside = [split_tag(other)[1] for other in tags[first : last + 1]]
        if len(set(inside)) > 1:
            tag, score = _best_tag(inside, confidences[first : last + 1])
            for place, other in enumerate(inside, first):
                if other != tag:
                    confidences[place] = round(score, 2)
        tags[first : last + 1] = _bilou(tag, last - first + 1)
    return tags, confidences


def _end_of_entity(tags: Sequence[str], first: int) -> int:
    last = first
    for place in range(first + 1, len(tags)):
        prefix, _ = split_tag(tags[place])
        if prefix not in ("I", "L"):
            break
        last = place
        if prefix == "L":
            break
    return last


def _best_tag(tags: Sequence[str], confidences: Sequence[float]) -> tuple[str, float]:
    scores: dict[str, float] = {}
    for tag in dict.fromkeys(tags):
        mean = round(fmean(value for other, value in zip(tags, confidences, strict=True) if other == tag), 2)
        share = round(tags.count(tag) / len(tags), 2)
        scores[tag] = 2 * mean * share / (mean + share)
    best = max(scores, key=lambda tag: scores[tag])
    return best, scores[best]


@dataclass(frozen=True)
class SplitByComma:
    """Option ``split_entities_by_comma``: whether "a, b" of one type are two entities; a bool, or one per entity type
    (True for the others)."""

    default: bool
    by_entity: Mapping[str, bool]

    @staticmethod
    def from_option(option: bool | Mapping[str, bool]) -> SplitByComma:
        if isinstance(option, bool):
            return SplitByComma(option, {})
        return SplitByComma(True, dict(option))

    def splits(self, entity: str) -> bool:
        return self.by_entity.get(entity, self.default)


TagLayers = Mapping[TagName, tuple[Sequence[str], Sequence[float]]]
"""Per layer one tag and one confidence per token."""


def assemble(
    text: str, tokens: Sequence[Token], layers: TagLayers, split: SplitByComma, extractor: str
) -> list[dict[str, Any]]:
    """Join tagged tokens to entities in the form of Rasa's parse result, keys in Rasa's order.

    A token opens a new entity after an O, at B or U, where its type, role or group changes, and where it is too far
    from the token before: more than one character, or more than three if entities of its type are not split at commas.
    """
    entities: list[dict[str, Any]] = []
    if "entity" not in layers:
        return entities
    before: tuple[str, str, str] | None = None  # tag, role, group of the token before, None after an O
    end = -1
    for place, token in enumerate(tokens):
        tag = layers["entity"][0][place]
        if tag == OUTSIDE:
            before, end = None, token.end
            continue
        role, group = (split_tag(layers[name][0][place])[1] if name in layers else OUTSIDE for name in TAG_NAMES[1:])
        gap = token.start - end
        near = gap <= 1 or (gap <= 3 and not split.splits(split_tag(tag)[1]))
        if _opens(before, (tag, role, group)) or not near:
            entities.append(_new_entity(token, place, split_tag(tag)[1], {"role": role, "group": group}, layers))
        else:
            _extend(entities[-1], token, place, layers)
        before, end = (tag, role, group), token.end
    for entity in entities:
        entity["value"] = text[entity["start"] : entity["end"]]
        entity["extractor"] = extractor
    return entities


def _opens(before: tuple[str, str, str] | None, now: tuple[str, str, str]) -> bool:
    if before is None or before[1:] != now[1:]:
        return True
    prefix, _ = split_tag(now[0])
    if not prefix:
        return before[0] != now[0]
    return prefix == "U" or (prefix == "B" and before[0] != now[0])


def _new_entity(
    token: Token, place: int, entity: str, parts: Mapping[Literal["role", "group"], str], layers: TagLayers
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "entity": entity,
        "start": token.start,
        "end": token.end,
        "confidence_entity": layers["entity"][1][place],
    }
    for name, value in parts.items():
        if value != OUTSIDE:
            found[name] = value
            found[f"confidence_{name}"] = layers[name][1][place]
    return found


def _extend(entity: dict[str, Any], token: Token, place: int, layers: TagLayers) -> None:
    entity["end"] = token.end
    for name in TAG_NAMES:
        if name in entity:
            key = f"confidence_{name}"
            entity[key] = min(entity[key], layers[name][1][place])
