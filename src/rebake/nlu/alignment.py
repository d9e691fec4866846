"""Annotated entities whose ends are not those of tokens: extractors that tag tokens learn something else of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rebake.assistant.model import EntitySpan, Example
from rebake.base.location import Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.nlu.message import Message, Token

_FIRST_DOUBTFUL = 0x24C2  # from here on a word character may be one that WhitespaceTokenizer drops with its word


def misaligned(messages: Iterable[Message]) -> Iterator[Notice]:
    """Yield a notice for each example with a misaligned entity; the messages have the tokens of their text."""
    for message in messages:
        example = message.example
        if example is None or not example.entities:
            continue
        tokens: Sequence[Token] = message.tokens.get("text", ())
        starts, ends = {token.start for token in tokens}, {token.end for token in tokens}
        for span in example.entities:
            if span.start not in starts or span.end not in ends:
                words = ", ".join(repr(t.text) for t in tokens if t.start < span.end and t.end > span.start)
                surface = example.text[span.start : span.end]
                yield Notice(
                    f"The entity '{surface}' does not begin and end where a token does (the tokens there: "
                    f"{words or 'none'}), so '{span.entity}' is learned wrongly. Leave blanks and punctuation out.",
                    example.location,
                    NoticeKind.MISALIGNED_ENTITY,
                    subject=surface,
                )
                break


def is_surely_aligned(example: Example) -> bool:
    """Return whether every entity is made of whole words between blanks, so that WhitespaceTokenizer splits there."""
    return all(_is_between_blanks(example.text, span) for span in example.entities)


def _is_between_blanks(text: str, span: EntitySpan) -> bool:
    before, after = text[span.start - 1 : span.start] if span.start else "", text[span.end : span.end + 1]
    return (not before.strip() and not after.strip()) and all(
        character.isalnum() and ord(character) < _FIRST_DOUBTFUL for character in (text[span.start], text[span.end - 1])
    )
