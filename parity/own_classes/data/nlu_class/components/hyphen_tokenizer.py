"""A tokenizer that also splits at hyphens."""

from __future__ import annotations

from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.training_data.message import Message

from .splitting import WORD


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class HyphenTokenizer(Tokenizer):
    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"intent_tokenization_flag": False, "intent_split_symbol": "_", "token_pattern": None, "lowercase": True}

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        self._lowercase = config["lowercase"]

    @classmethod
    def create(cls, config, model_storage, resource, execution_context) -> HyphenTokenizer:
        return cls(config)

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        text = message.get(attribute)
        found = [
            Token(word.group().lower() if self._lowercase else word.group(), word.start())
            for word in WORD.finditer(text)
        ]
        return found or [Token(text, 0)]
