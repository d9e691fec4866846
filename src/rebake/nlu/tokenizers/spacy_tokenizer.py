"""SpacyTokenizer: spaCy's tokens with their lemmas and parts of speech."""

from __future__ import annotations

from typing import Any

from rebake.nlu.message import Message, Token
from rebake.nlu.tokenizers.tokenizer import Tokenizer


class SpacyTokenizer(Tokenizer):
    """Tokens are lowercased as SpacyNLP lowercases, white space is none, and ``token.data["pos"]`` is spaCy's tag."""

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        return [
            Token(token.text, token.idx, token.idx + len(token.text), token.lemma_ or token.text, {"pos": _tag(token)})
            for token in message.spacy.docs.get(attribute, ())
            if not is_space(token)
        ]


def is_space(token: Any) -> bool:
    """Whether a token of spaCy's is white space alone: neither a token nor a feature row comes of it."""
    return not token.text.strip()


def _tag(token: Any) -> str:
    """The fine-grained part of speech, unless a component of the model's own sets an extension ``tag``."""
    return str(token._.tag if token._.has("tag") else token.tag_)
