"""What is known of a component or policy without importing it: the registries hold these values.

``staleness/`` and ``archive/`` need no more than this, so that a check never imports TensorFlow.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal

Kind = Literal["tokenizer", "featurizer", "classifier", "extractor", "model_provider", "policy"]


@dataclass(frozen=True, slots=True)
class ComponentType:
    """One registry entry.

    Attributes:
        name: as in config.yml, e.g. ``DIETClassifier``.
        rasa_class: dotted class that Rasa 3.6.21 instantiates, written to metadata.json.
        kind: place in the pipeline.
        defaults: Rasa's defaults of every option.
        version: goes into the fingerprint; bump it when training changes meaning.
        trained: Rasa's graph has a ``train_<id>`` node for it and a directory in the archive.
        implementation: ``module:Class``; None where Rasa knows the component and rebake does not train it yet.
        reads: which inputs besides the messages its training reads: "intents", "entities", "synonyms", "regexes",
            "lookups", "responses", "domain".
        provides: what later components may need: "tokens", "sparse_features", "dense_features", "intent", "entities".
        needs: the same words, for what must stand earlier in the pipeline.
        unfingerprinted: options that change neither the trained model nor its predictions (logging, device placement).
        files: options that may name a file or a directory whose content the trained model depends on.
        refusal: of a component that rebake never trains: why, and what to use instead, a sentence each.
    """

    name: str
    rasa_class: str
    kind: Kind
    defaults: Mapping[str, Any]
    version: int = 1
    trained: bool = True
    implementation: str | None = None
    reads: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    provides: frozenset[str] = frozenset()
    unfingerprinted: frozenset[str] = field(default_factory=frozenset)
    files: frozenset[str] = frozenset()
    refusal: tuple[str, str] | None = None

    def merged(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Options over defaults as Rasa merges them: dict-valued defaults are updated one level deep."""
        result: dict[str, Any] = deepcopy(dict(self.defaults))
        for key, value in options.items():
            if isinstance(result.get(key), dict) and isinstance(value, Mapping):
                result[key].update(value)
            else:
                result[key] = value
        return result

    def load_class(self) -> type[Any]:
        """Import the implementation (this may import TensorFlow)."""
        if self.implementation is None:
            raise LookupError(f"{self.name} has no implementation")
        module, _, name = self.implementation.partition(":")
        cls: type[Any] = getattr(import_module(module), name)
        return cls
