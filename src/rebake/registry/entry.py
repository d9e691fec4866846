"""What is known of a component or policy without importing it: the registry consists of these values.

``staleness/``, ``validation/`` and ``archive/`` need no more than this, so that a check never imports TensorFlow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal

from rebake.registry.options import NO_DEFAULT, Option

Kind = Literal["tokenizer", "featurizer", "classifier", "extractor", "model_provider", "policy"]
Section = Literal["pipeline", "policies"]
Switch = bool | str
"""Always (True), never (False), or where the option of this name is set."""


@dataclass(frozen=True, slots=True)
class Extra:
    """What must be installed besides rebake itself: ``pip install 'rebake[name]'``, which brings the modules."""

    name: str
    modules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PackageVersion:
    """The pretrained model is an installed package, named by an option."""

    option: str


@dataclass(frozen=True, slots=True)
class HubCommit:
    """The pretrained model lies in the cache of the Hugging Face hub.

    Attributes:
        weights: the option that names them, or a directory.
        kind: the option that says which they are where ``weights`` does not.
        defaults: value of ``kind`` -> weights.
        cache: the option that names another cache than the usual one.
    """

    weights: str
    kind: str
    defaults: Mapping[str, str]
    cache: str


@dataclass(frozen=True, slots=True)
class Responses:
    """What a component that selects responses does with them.

    Attributes:
        file: with all responses of retrieval intents, in the component's directory.
        by_text: the option with which it learns their texts and not their names.
        intent: the option that names the one retrieval intent it serves.
        layers: the option that gives it a transformer, without which it cannot learn texts.
    """

    file: str
    by_text: str
    intent: str
    layers: str


@dataclass(frozen=True, slots=True)
class LabelDemand:
    """How many labels the data must have.

    Attributes:
        intents: the least number of different intents.
        held_out: the option that says how many examples are held out, with at least one of each label on either side.
        labels: "intents", where the component classifies them (:attr:`Entry.classifies_intents`), or "responses".
    """

    intents: int = 0
    held_out: str | None = None
    labels: Literal["intents", "responses"] = "intents"


@dataclass(frozen=True, slots=True)
class Constraint:
    """A relation that options must meet.

    Attributes:
        options: those it is about; an error stands at the first of them that is written.
        is_broken: whether merged options break it.
        message: a sentence about them; ``{option}`` is replaced by its value.
        fix: a sentence.
        is_unsupported: Rasa takes them, or fails on them later, and rebake does not.
    """

    options: tuple[str, ...]
    is_broken: Callable[[Mapping[str, Any]], bool]
    message: str
    fix: str
    is_unsupported: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """All facts about one component or policy.

    Attributes:
        name: as in config.yml, e.g. ``DIETClassifier``.
        rasa_class: dotted class that Rasa 3.6.21 instantiates, written to metadata.json.
        kind: place in the pipeline.
        options: every option that Rasa reads, with its default.
        constraints: relations that options must meet.
        version: goes into the fingerprint; raise it when training changes meaning.
        trained: Rasa's graph has a ``train_<id>`` node for it and a directory in the archive.
        implementation: ``module:Class``; None where Rasa knows the component and rebake does not train it yet.
        refusal: of a component that rebake never trains: why, and what to use instead, a sentence each.
        extra: what its implementation needs besides rebake itself.
        is_custom: code of the assistant, of which nothing is known but the name.
        closes_pipeline: it ends every pipeline by itself and is not written in config.yml.

        reads: which inputs besides the messages its training reads: "intents", "entities", "synonyms", "regexes",
            "lookups", "responses", "domain", "keywords" (examples in their order, of which the first match wins).
        learns_from_rules: a policy that learns rules, runs forms and marks the turns that only rules cover; others see
            the stories alone.
        learns_intents: a policy that learns which intents follow, and so the intents of stories must be in the domain.
        reads_texts: a policy that sees names and texts through the pipeline where stories are end to end.
        provides: what later components may need: "tokens", "sparse_features", "dense_features", "intent", "entities".
        needs: the same words, for what must stand earlier in the pipeline.
        model_from: name of the provider whose language model its functions take.
        processes_messages: it adds to the messages when they are parsed.
        languages: the only ones that it can split into words; empty: any but ``not_languages``.
        not_languages: those that it cannot split into words.
        splits_at_blanks: a tokenizer that makes tokens of words between blanks, quickly enough to split examples in a
            check.

        classifies_intents: it gives each message an intent.
        always_ranks: a message without intent has an empty ranking, too.
        learns_entities: it learns annotated entities.
        tags_tokens: it learns them from tokens, with roles and groups.
        entities_are_tested: whether a test compares the entities that it finds with the annotated ones; not those of
            pretrained models and of servers, which nobody annotates.
        asks_server: a server says what it finds, so the same text may give another result another time.
        responses: of a component that selects responses.
        demands: what labels the data must have.
        pretrained: how the version of its pretrained model is found.
    """

    name: str
    rasa_class: str
    kind: Kind
    options: Mapping[str, Option] = field(default_factory=dict)
    constraints: tuple[Constraint, ...] = ()
    version: int = 1
    trained: bool = True
    implementation: str | None = None
    refusal: tuple[str, str] | None = None
    extra: Extra | None = None
    is_custom: bool = False
    closes_pipeline: bool = False

    reads: frozenset[str] = frozenset()
    learns_from_rules: bool = False
    learns_intents: bool = False
    reads_texts: bool = False
    provides: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    model_from: str | None = None
    processes_messages: bool = True
    languages: frozenset[str] = frozenset()
    not_languages: frozenset[str] = frozenset()
    splits_at_blanks: bool = False

    classifies_intents: Switch = False
    always_ranks: Switch = False
    learns_entities: Switch = False
    tags_tokens: bool = False
    entities_are_tested: bool = True
    asks_server: bool = False
    responses: Responses | None = None
    demands: LabelDemand | None = None
    pretrained: PackageVersion | HubCommit | None = None

    @property
    def section(self) -> Section:
        """The key of config.yml under which it is listed."""
        return "policies" if self.kind == "policy" else "pipeline"

    @property
    def defaults(self) -> dict[str, Any]:
        """Rasa's default of every option that has one."""
        return {name: option.default for name, option in self.options.items() if option.default is not NO_DEFAULT}

    @property
    def feeds_others(self) -> bool:
        """Whether later components work on what it adds to messages."""
        return self.kind in ("tokenizer", "featurizer", "model_provider")

    @property
    def featurizes(self) -> bool:
        """Whether it also runs while others are trained, and a second time for end-to-end stories."""
        return self.kind in ("tokenizer", "featurizer") or (self.kind == "model_provider" and self.processes_messages)

    def merged(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Merge options over defaults as Rasa does: dict-valued defaults are updated one level deep."""
        result: dict[str, Any] = _copy(self.defaults)
        for key, value in options.items():
            if isinstance(result.get(key), dict) and isinstance(value, Mapping):
                result[key].update(value)
            else:
                result[key] = value
        return result

    def is_on(self, switch: Switch, options: Mapping[str, Any]) -> bool:
        """Return whether a fact is true with these options, as written or merged."""
        return bool(self.merged(options)[switch]) if isinstance(switch, str) else switch

    def load_class(self) -> type[Any]:
        """Import the implementation (this may import TensorFlow)."""
        if self.implementation is None:
            raise LookupError(f"{self.name} has no implementation")
        module, _, name = self.implementation.partition(":")
        cls: type[Any] = getattr(import_module(module), name)
        return cls


def _copy(value: Any) -> Any:
    """Of what YAML consists of; ``deepcopy``, which allows for more, takes five times as long."""
    if isinstance(value, dict):
        return {key: _copy(inner) for key, inner in value.items()}
    return [_copy(inner) for inner in value] if isinstance(value, list) else value
