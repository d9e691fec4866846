"""Random projects and pipelines: featurizers with options of every kind, on odd texts."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

WORDS = [
    "hi", "Straße", "İstanbul", "naïve", "é\u0301", "ﬁne", "12", "3.5", "the", "THE", "Zu", "zip", "oov", "OOV",
    "New York", "don't", "a-b", "x_1", "日本", "ǅ", "#1", "٣", "over 9000", "ÀÉÎ", "ß", "µ", "½", "Ⅷ",
]  # fmt: skip
SHAPES = [
    "low", "title", "upper", "digit", "prefix2", "prefix5", "suffix1", "suffix2", "suffix3", "suffix5", "BOS", "EOS",
    "pos", "pos2",
]  # fmt: skip
INTENTS = ["greet", "big_ask", "faq/thekey", "faq/Other", "a+b", "Straße"]
PATTERNS = """
- regex: city
  examples: |
    - [a-z]{3,}
    - \\b\\d+
- regex: zip
  examples: |
    - ZIP|x_\\d
- lookup: city
  examples: |
    - new york
    - Straße
    - a-b
- synonym: NYC
  examples: |
    - New York
    - nyc
"""
_FLAGS = ("case_sensitive", "use_lookup_tables", "use_regexes", "use_word_boundaries")


class Made:
    """A project in a directory, the pipeline for it, and texts to ask about."""

    def __init__(self, directory: Path, seed: int) -> None:
        self._random = random.Random(seed)
        self._write(directory)
        self.texts = [self._text() for _ in range(30)]
        self.pipeline = [
            self._tokenizer(),
            *(self._count_vectors() for _ in range(22)),
            *({"name": "RegexFeaturizer", **self._flags()} for _ in range(3)),
            *(self._lexical() for _ in range(3)),
            {"name": "RegexEntityExtractor", **self._flags()},
            {"name": "EntitySynonymMapper"},
        ]
        for position, entry in enumerate(self.pipeline):
            if entry["name"].endswith("Featurizer"):
                entry["alias"] = f"alias {position}"

    def _text(self) -> str:
        return " ".join(self._random.choices(WORDS, k=self._random.randint(1, 6)))

    def _write(self, directory: Path) -> None:
        text = 'version: "3.1"\nnlu:\n'
        for intent in INTENTS:
            text += f"- intent: {intent}\n  examples: |\n"
            for _ in range(12):
                entity = f" [{self._random.choice(['zip', 'New York', 'Straße'])}](city)"
                text += f"    - {self._text()}{entity if self._random.random() < 0.4 else ''} {self._text()}\n"
        text += PATTERNS.lstrip() + "responses:\n"
        for name in ("utter_faq/thekey", "utter_faq/Other"):
            text += f"  {name}:\n" + "".join(f"  - text: {json.dumps(self._text())}\n" for _ in range(2))
        (directory / "data").mkdir(parents=True)
        (directory / "data" / "nlu.yml").write_text(text, encoding="utf-8")
        intents = sorted({intent.split("/")[0] for intent in INTENTS})
        domain = json.dumps({"version": "3.1", "intents": intents, "entities": ["city"]})
        (directory / "domain.yml").write_text(domain, encoding="utf-8")

    def _options(self, share: float, **values: list[Any]) -> dict[str, Any]:
        """Some of the options, each with one of its values."""
        return {name: self._random.choice(few) for name, few in values.items() if self._random.random() < share}

    def _flags(self) -> dict[str, Any]:
        return self._options(0.5, **{flag: [True, False] for flag in _FLAGS})

    def _tokenizer(self) -> dict[str, Any]:
        return {
            "name": "WhitespaceTokenizer",
            **self._options(0.5, intent_tokenization_flag=[True], intent_split_symbol=["_", "+", "/"]),
            **self._options(0.4, token_pattern=[r"\w+|[^\w\s]+", "[^-]+"], prefix_separator_symbol=["+", "_"]),
        }

    def _lexical(self) -> dict[str, Any]:
        window = [self._random.sample(SHAPES, self._random.randint(0, 4)) for _ in range(self._random.randint(1, 5))]
        return {"name": "LexicalSyntacticFeaturizer", "features": window}

    def _count_vectors(self) -> dict[str, Any]:
        options = {
            **self._options(0.7, analyzer=["word", "char", "char_wb"]),
            **self._options(0.4, min_df=[2, 3, 0, 0.0, 0.01, 0.1, 1.0], max_df=[5, 60, 0.5, 0.02, 2, 1.0]),
            **self._options(0.5, lowercase=[False, True], strip_accents=["ascii", "unicode", None]),
            **self._options(0.3, stop_words=["english", ["the", "Zu", "a"], []], use_lemma=[False]),
            **self._options(0.5, OOV_token=["oov", "OOV", "the", "Ünk", ""]),
            **self._options(0.4, OOV_words=[["hi", "Straße", "zip"], ["THE"], []]),
        }
        if self._random.random() < 0.7:
            shortest = self._random.randint(1, 3)
            options |= {"min_ngram": shortest, "max_ngram": self._random.randint(shortest, shortest + 2)}
        # Rasa fails to write a shared vocabulary of a limited size
        options |= self._options(0.3, use_shared_vocab=[True]) or self._options(0.2, max_features=[1, 5, 30])
        return {"name": "CountVectorsFeaturizer", **options}
