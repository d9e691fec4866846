"""How LanguageModelFeaturizer treats each kind of language model (facts of Rasa 3.6.21): a table."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """One value of the option ``model_name``.

    Attributes:
        model, tokenizer: names of classes of the library ``transformers``.
        weights: default of the option ``model_weights``.
        before, after: ids of special tokens around the tokens of a text, the same whatever the vocabulary says.
        mark: what its tokenizer adds to pieces of words; a piece of nothing else is dropped.
        sentence_from_first: a text's features are those of its first special token; else the mean over its tokens.
        longest: most tokens of a text, special ones included; None: any number.
        exact_gelu: TensorFlow's version of this model, Rasa's, computes gelu exactly; PyTorch's approximates it.
    """

    model: str
    tokenizer: str
    weights: str
    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    mark: str = ""
    sentence_from_first: bool = False
    longest: int | None = 512
    exact_gelu: bool = False


LANGUAGE_MODELS: Final = MappingProxyType(
    {
        "bert": LanguageModel("BertModel", "BertTokenizer", "rasa/LaBSE", (101,), (102,), "##", True),
        "gpt": LanguageModel("OpenAIGPTModel", "OpenAIGPTTokenizer", "openai-gpt", mark="</w>", exact_gelu=True),
        "gpt2": LanguageModel("GPT2Model", "GPT2Tokenizer", "gpt2", mark="Ġ"),
        "xlnet": LanguageModel("XLNetModel", "XLNetTokenizer", "xlnet-base-cased", (), (4, 3), "▁", longest=None),
        "distilbert": LanguageModel(
            "DistilBertModel", "DistilBertTokenizer", "distilbert-base-uncased", (101,), (102,), "##", True
        ),
        "roberta": LanguageModel("RobertaModel", "RobertaTokenizer", "roberta-base", (0,), (2,), "Ġ"),
        "camembert": LanguageModel("CamembertModel", "CamembertTokenizer", "camembert-base", (5,), (6,), "▁"),
    }
)
