"""What CountVectorsFeaturizer counts in a text: words or letters in a row, as scikit-learn's CountVectorizer does.

Not by CountVectorizer itself: importing it takes longer than loading a model, and it counts whole documents, while here
each distinct token is counted once.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal

Analyzer = Literal["word", "char", "char_wb"]
_WORD = re.compile(r"(?u)\b\w+\b")
_SPACES = re.compile(r"\s\s+")


@dataclass(frozen=True)
class NgramCounter:
    """Splits a text into its n-grams, in their order.

    Attributes:
        analyzer: n-grams of words, of letters, or of letters within words (``char_wb``: each word gets a space on
            either side).
        shortest: smallest n.
        longest: largest n.
        lowercase: before anything else.
        strip_accents: "ascii" drops what has no ASCII form, "unicode" drops combining marks alone.
        stop_words: left out by the analyzer ``word``, before n-grams are made.
    """

    analyzer: Analyzer
    shortest: int
    longest: int
    lowercase: bool = True
    strip_accents: Literal["ascii", "unicode"] | None = None
    stop_words: Collection[str] = ()

    @property
    def is_additive(self) -> bool:
        """Whether the n-grams of words joined by spaces are those of the words, so that counts add up."""
        return self.analyzer == "char_wb" or (self.analyzer == "word" and self.longest == 1)

    def __call__(self, text: str) -> list[str]:
        """All n-grams of the text, with repetitions."""
        if self.lowercase:
            text = text.lower()
        if self.strip_accents is not None:
            text = _STRIP[self.strip_accents](text)
        if self.analyzer == "word":
            return self._words(text)
        text = _SPACES.sub(" ", text)
        return self._letters(text) if self.analyzer == "char" else self._letters_of_words(text)

    def _words(self, text: str) -> list[str]:
        words: list[str] = _WORD.findall(text)
        if self.stop_words:
            words = [word for word in words if word not in self.stop_words]
        if self.longest == 1:
            return words
        return [
            " ".join(words[start : start + n])
            for n in range(self.shortest, min(self.longest, len(words)) + 1)
            for start in range(len(words) - n + 1)
        ]

    def _letters(self, text: str) -> list[str]:
        return [
            text[start : start + n]
            for n in range(self.shortest, min(self.longest, len(text)) + 1)
            for start in range(len(text) - n + 1)
        ]

    def _letters_of_words(self, text: str) -> list[str]:
        ngrams = []
        for word in text.split():
            padded = f" {word} "
            for n in range(self.shortest, self.longest + 1):
                ngrams += [padded[start : start + n] for start in range(max(len(padded) - n, 0) + 1)]
                if len(padded) <= n:
                    break  # the whole word is counted once, not again for every larger n
        return ngrams


def _strip_to_ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")


def _strip_combining_marks(text: str) -> str:
    if text.isascii():
        return text
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))


_STRIP: dict[str, Callable[[str], str]] = {"ascii": _strip_to_ascii, "unicode": _strip_combining_marks}
