"""LanguageModelFeaturizer: dense features from a pretrained transformer of the library ``transformers``.

The transformer stays as it is: nothing of it is trained. Its weights come from a directory or from the cache of the
Hugging Face hub, in the safetensors format (others are pickles); nothing is downloaded.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray

from rebake.base.names import named
from rebake.base.training_context import TrainingContext
from rebake.errors import DataError
from rebake.nlu.component import TrainingData
from rebake.nlu.message import ACTION_TEXT, RESPONSE, TEXT, Features, Message, Token
from rebake.registry.language_models import LANGUAGE_MODELS, LanguageModel

_BATCH = 64  # texts that the transformer sees together, of about the same length
_PIECES = "number_of_sub_tokens"


class LanguageModelFeaturizer:
    """Adds sequence features (per token the mean over its pieces) and sentence features of texts."""

    def __init__(self, options: Mapping[str, Any], node: str) -> None:
        self.node = node
        self._origin: str = options["alias"] or f"run_{node}"  # as Rasa names it
        self._kind = LANGUAGE_MODELS[options["model_name"]]
        self._tokenizer, self._model = _load(self._kind, options["model_weights"], options["cache_dir"])

    def train(self, training: TrainingData, context: TrainingContext) -> dict[str, float]:
        return {}

    def process(self, messages: Sequence[Message], *, training: bool = False) -> None:
        """Add features. A text too long for the transformer raises DataError in training; later its end has zeros."""
        for attribute in (TEXT, RESPONSE, ACTION_TEXT) if training else (TEXT, ACTION_TEXT):
            present = [m for m in messages if m.attributes.get(attribute) and m.tokens.get(attribute)]
            ids = [self._ids(message.tokens[attribute]) for message in present]
            if training:
                self._refuse_long(present, attribute, ids)
            order = sorted(range(len(ids)), key=lambda place: len(ids[place]))
            for start in range(0, len(order), _BATCH):
                batch = order[start : start + _BATCH]
                rows = self._run([ids[place] for place in batch])
                for place, hidden in zip(batch, rows, strict=True):
                    message = present[place]
                    features = self._features(message.tokens[attribute], hidden, len(ids[place]))
                    message.features.setdefault(attribute, []).append(features)

    def _ids(self, tokens: Iterable[Token]) -> list[int]:
        """Ids of all pieces of all tokens between special ones; a token notes how many pieces it has."""
        found: list[int] = []
        for token in tokens:
            ids = self._tokenizer.encode(token.text, add_special_tokens=False)
            pieces = self._tokenizer.convert_ids_to_tokens(ids)
            kept = [one for one, piece in zip(ids, pieces, strict=True) if piece.replace(self._kind.mark, "")]
            token.data[_PIECES] = len(kept)
            found += kept
        return [*self._kind.before, *found, *self._kind.after]

    def _refuse_long(self, messages: Sequence[Message], attribute: str, ids: Sequence[Sequence[int]]) -> None:
        longest = self._kind.longest
        for message, of_message in zip(messages, ids, strict=True):
            if longest is not None and len(of_message) > longest:
                raise DataError(
                    f"{message.attributes[attribute][:40]!r}... has {len(of_message)} tokens, and the language model "
                    f"of {named(self.node)} reads {longest}.",
                    location=message.example.location if message.example is not None else None,
                    fix="Shorten the text, or use xlnet, which reads texts of any length.",
                )

    def _run(self, ids: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """The transformer's last hidden states [n_ids, width] of each text, cut at the length that it can read."""
        import torch

        lengths = [min(len(one), self._kind.longest or len(one)) for one in ids]
        inputs = torch.zeros((len(ids), max(lengths)), dtype=torch.long)
        mask = torch.zeros((len(ids), max(lengths)))
        for row, (one, length) in enumerate(zip(ids, lengths, strict=True)):
            inputs[row, :length] = torch.tensor(one[:length])
            mask[row, :length] = 1.0
        with torch.inference_mode():
            hidden = self._model(inputs, attention_mask=mask)[0].numpy()  # [texts, longest, width]
        return [hidden[row, :length] for row, length in enumerate(lengths)]

    def _features(self, tokens: Sequence[Token], hidden: NDArray[np.float32], n_ids: int) -> Features:
        """Sequence [n_tokens, width] and sentence [1, width] from the hidden states of a text."""
        first, last = len(self._kind.before), len(hidden) - len(self._kind.after)
        pieces = hidden[first:last]
        sentence = hidden[:1] if self._kind.sentence_from_first else pieces.mean(axis=0, keepdims=True)
        lost = np.zeros((n_ids - len(hidden), hidden.shape[1]), np.float32)  # what the transformer could not read
        pieces = np.concatenate([pieces, lost])
        sequence = np.zeros((len(tokens), hidden.shape[1]), np.float32)  # a token without pieces keeps zeros
        start = 0
        for row, token in zip(sequence, tokens, strict=True):
            end = start + token.data[_PIECES]
            if end > start:
                row[:] = pieces[start:end].mean(axis=0)
            start = end
        return Features(self._origin, sequence=sequence, sentence=sentence.astype(np.float32))

    def save(self, directory: Path) -> None:
        """Nothing to save: the server loads the transformer by itself."""

    @classmethod
    def load(cls, options: Mapping[str, Any], node: str, directory: Path | None) -> Self:
        return cls(options, node)


def _load(kind: LanguageModel, weights: str | None, cache: str | None) -> tuple[Any, Any]:
    """Tokenizer and model. Raises DataError where they are not on this machine, or not of this kind."""
    if "tensorflow" in sys.modules:
        # PyTorch's compiler of kernels for GPUs kills a process that has TensorFlow's compiler already; PyTorch does
        # without it where it is not installed.
        sys.modules.setdefault("triton", cast("ModuleType", None))
    import torch
    import transformers

    weights = weights or kind.weights
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    place = {"cache_dir": cache, "local_files_only": True}
    try:
        tokenizer = getattr(transformers, kind.tokenizer).from_pretrained(weights, **place)
        model, loading = getattr(transformers, kind.model).from_pretrained(
            weights, **place, use_safetensors=True, dtype=torch.float32, output_loading_info=True
        )
    except (OSError, ValueError) as error:
        raise DataError(
            f"model_weights: {weights!r} is not a directory, and not in the cache of the Hugging Face hub, with a "
            "tokenizer and model.safetensors.",
            fix=f"Download it first (hf download {weights}), or name a directory that save_pretrained wrote.",
        ) from error
    missing = sorted(name for name in loading["missing_keys"] if not name.startswith("pooler"))  # no feature needs it
    if missing or loading["mismatched_keys"]:
        raise DataError(
            f"model_weights: {weights!r} lacks weights of {kind.model} ({', '.join(missing[:3])} ...).",
            fix="Name weights that belong to model_name.",
        )
    if kind.exact_gelu and model.config.afn == "gelu":
        for block in model.h:
            block.mlp.act = torch.nn.GELU()
    return tokenizer, model.eval()
