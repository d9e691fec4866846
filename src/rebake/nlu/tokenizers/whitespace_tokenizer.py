"""WhitespaceTokenizer: splits at white space and drops punctuation at the edges of words."""

from __future__ import annotations

import re

import regex

from rebake.nlu.message import Message, Token
from rebake.nlu.tokenizers.tokenizer import Tokenizer, locate

# What becomes a space. The third-party module is needed: `re` knows another set of word characters.
_NOT_PART_OF_A_WORD = regex.compile(
    r"[^\w#@&]+(?=\s|$)"  # ends a word
    r"|(\s|^)[^\w#@&]+(?=[^0-9\s])"  # begins a word, but "-5" stays
    r"|(?<=[^0-9\s])[^\w._~:/?#\[\]()@!$&*+,;=-]+(?=[^0-9\s])"  # within a word, except what addresses contain
)

# Rasa drops words of these alone. The fifth range covers CJK, Kana and Hangul as well: so does Rasa's.
_EMOJI = re.compile(
    "[\U0001f600-\U0001f64f\U0001f300-\U0001f5ff\U0001f680-\U0001f6ff\U0001f1e0-\U0001f1ff"
    "\u2702-\u27b0\u24c2-\U0001f251\u200d\u200c]+"
)


class WhitespaceTokenizer(Tokenizer):
    """The text is not lowercased; one of nothing but punctuation or emoji is one token, as is an empty one."""

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        text = message.attributes[attribute]
        words = [word for word in _NOT_PART_OF_A_WORD.sub(" ", text).split() if not _EMOJI.fullmatch(word)]
        return locate(words or [text], text)
