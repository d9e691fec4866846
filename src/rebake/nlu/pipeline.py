"""The NLU pipeline: its nodes, its training into directories, and parsing with what those contain."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from threading import Lock
from typing import Any, cast

from rebake.archive.part_sources import copy_component
from rebake.assistant.model import Assistant, ComponentSpec, Domain
from rebake.base.continuation import Continuation
from rebake.base.interpreter_lock import interpreter_held
from rebake.base.processors import processors
from rebake.base.training_context import TrainingContext
from rebake.nlu.alignment import misaligned
from rebake.nlu.classifiers.fallback_classifier import FALLBACK_INTENT
from rebake.nlu.classifiers.regex_message_handler import RegexMessageHandler
from rebake.nlu.component import Component, ContinuingComponent, TrainingData
from rebake.nlu.extras import require_extra
from rebake.nlu.message import TEXT, Message
from rebake.nlu.training_messages import story_messages, training_messages
from rebake.registry.lookup import require_trainable
from rebake.registry.node import Node, located, nodes_of
from rebake.registry.response_texts import response_texts
from rebake.staleness.canonical_order import ordered_examples

_PARSE_BATCH = 256  # the most texts that a thread has in the pipeline; bounds the memory that a long list takes
_MOST_THREADS = 4  # all but the networks is Python, at which threads take turns
_WORTH_A_THREAD = 64  # texts; with fewer, a separate batch takes longer than it saves


@dataclass(frozen=True)
class PipelineTraining:
    """What came of a training.

    Attributes:
        nodes: the pipeline as it is in the model.
        metrics: ``<node id>.<metric>`` -> value at the end of training.
        trained: ids of the nodes that were trained.
    """

    nodes: tuple[Node, ...]
    metrics: dict[str, float]
    trained: tuple[str, ...]


def train_pipeline(
    specs: Sequence[ComponentSpec],
    assistant: Assistant,
    context: TrainingContext,
    directory: Path,
    reuse: Callable[[str], Path | None],
    *,
    end_to_end: bool = False,
    continuation: Continuation | None = None,
) -> PipelineTraining:
    """Train every component that learns into ``directory/train_<node id>``.

    Args:
        specs: the pipeline, as in ``assistant.config.pipeline``; it is valid (:mod:`rebake.validation`).
        assistant: its NLU data is learned from, and the texts of its retrieval responses.
        context: settings of this run.
        directory: ``components/`` of the model; directories of components that learned nothing are not made.
        reuse: node id -> directory of an earlier training from just the same, to be copied instead; None = train.
        end_to_end: policies will see texts through this pipeline, so featurizers learn from the stories as well.
        continuation: the pipeline of a model to fine-tune; what cannot continue is trained from scratch.

    Raises:
        FinetuningError: the data has labels that the model does not know, or features that it did not have.
        DataError, UnsupportedError: with the line of config.yml, or of the data.
    """
    nodes = nodes_of(specs, "pipeline")
    # Before training, so that what is not installed fails at once.
    components = {node.id: _new(node, continuation) for node in nodes}
    kept = {node.id: found for node in nodes if node.resource and (found := reuse(node.id)) is not None}
    texts = response_texts(specs, assistant.nlu, assistant.domain)
    stories = story_messages(assistant.stories) if end_to_end else []
    messages = training_messages(ordered_examples(assistant.nlu.examples), texts)
    training = TrainingData(messages, assistant.nlu, assistant.domain, stories)
    if continuation is not None:
        _go_on(nodes, components, continuation, training)
    metrics: dict[str, float] = {}
    for position, node in enumerate(nodes):
        target = directory / node.directory
        if node.id in kept:
            copy_component(kept[node.id], target)
        is_read = _is_read(node, [later for later in nodes[position + 1 :] if later.id not in kept])
        if node.id in kept and not is_read:
            continue
        with located(node):
            if node.id in kept:
                component = _load(node, target)
            else:
                component = components[node.id]
                figures = component.train(training, context.at(node.spec.location))
                metrics.update({f"{node.id}.{name}": value for name, value in figures.items()})
                _save(component, node, target)
            if is_read:
                component.process(training.featurized, training=True)
        _warn_about_misaligned(node, nodes, training.messages, context)
    trained = tuple(node.id for node in nodes if node.resource and node.id not in kept)
    return PipelineTraining(nodes, metrics, trained)


class Pipeline:
    """A trained pipeline."""

    def __init__(self, nodes: Sequence[Node], components: Sequence[Component], domain: Domain | None = None) -> None:
        self.nodes = tuple(nodes)
        self._components = tuple(components)
        self._handler = RegexMessageHandler(domain)
        self._lock = Lock()  # libraries such as spaCy's must not be asked by two threads at a time
        self._always_ranks = any(node.type.is_on(node.type.always_ranks, node.spec.options) for node in nodes)

    def parse(self, text: str) -> dict[str, Any]:
        """Parse one text; see :meth:`parse_all`."""
        return self.parse_all([text])[0]

    def parse_all(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        """Parse texts, in order, into the shape of Rasa's parse result.

        Keys: ``text`` (stripped), ``intent``, ``entities``, ``text_tokens`` (start and end of each token),
        ``intent_ranking`` where a classifier ranks, ``response_selector`` where there is one. A retrieval intent has
        ``full_retrieval_intent_name``, which is None unless a selector serves just this intent.
        """
        # Of about the same length together, as the shorter are filled up; the longest first, so that threads end alike.
        order = sorted(range(len(texts)), key=lambda place: -len(texts[place]))
        threads = _threads()
        size = _batch_size(len(texts), threads)
        batches = [order[start : start + size] for start in range(0, len(texts), size)]
        results: list[dict[str, Any]] = [{}] * len(texts)

        def parse(batch: Sequence[int]) -> None:
            with interpreter_held(self._lock):
                for place, result in zip(batch, self._parse_batch([texts[place] for place in batch]), strict=True):
                    results[place] = result

        if threads == 1 or len(batches) < 2:
            for batch in batches:
                parse(batch)
        else:  # while the network of one batch runs, which needs no interpreter, another batch is got ready
            with ThreadPoolExecutor(min(threads, len(batches)), thread_name_prefix="rebake-parse") as pool:
                contexts = [copy_context() for _ in batches]  # spaCy finds there what it computes with
                for _ in pool.map(Context.run, contexts, repeat(parse), batches):
                    pass
        return results

    def _parse_batch(self, texts: Sequence[str]) -> Iterator[dict[str, Any]]:
        messages = [Message({TEXT: text.strip()}) for text in texts]
        for component in self._components:
            component.process(messages)
        return map(self._result, self._handler.process(messages))

    def _result(self, message: Message) -> dict[str, Any]:
        result: dict[str, Any] = {
            "text": message.text,
            "intent": message.intent or {"name": None, "confidence": 0.0},
            "entities": message.entities,
        }
        if TEXT in message.tokens:
            result["text_tokens"] = [[token.start, token.end] for token in message.tokens[TEXT]]
        # A FallbackClassifier alone does not rank: what it puts in front is shown only where a classifier ranked.
        if self._always_ranks or any(entry["name"] != FALLBACK_INTENT for entry in message.intent_ranking):
            result["intent_ranking"] = message.intent_ranking
        selections = message.extra.get("response_selector", {})
        name = result["intent"]["name"]
        if name and name in selections.get("all_retrieval_intents", ()):
            key = selections.get(name, {}).get("response", {}).get("intent_response_key")
            result["intent"]["full_retrieval_intent_name"] = key
        return {**result, **message.extra}


def _threads() -> int:
    """How many parse at a time: one more than there are processors, if there are several, since one may wait for its
    turn; but no more than Python, which one thread runs at a time, can keep busy."""
    return 1 if processors() == 1 else min(processors() + 1, _MOST_THREADS)


def _batch_size(count: int, threads: int) -> int:
    """As many texts in each batch as let all threads work to the end."""
    rounds = math.ceil(count / (_PARSE_BATCH * threads))
    return max(math.ceil(count / max(rounds * threads, 1)), _WORTH_A_THREAD)


def load_pipeline(nodes: Sequence[Node], directory: Path, domain: Domain | None = None) -> Pipeline:
    """Load the components of a model, rebake's or Rasa's.

    Args:
        nodes: in order, as metadata.json has them.
        directory: ``components/`` of the model.
        domain: of a model that has a Core part too; it decides which ``/intent`` messages are understood.

    Raises:
        UnsupportedError: a component that rebake does not run yet.
        ModelError: files that are missing, incomplete or broken.
    """
    return Pipeline(nodes, load_components(nodes, directory), domain)


def load_components(nodes: Sequence[Node], directory: Path) -> list[Component]:
    """Load the components of some nodes, in order; see :func:`load_pipeline`."""
    for node in nodes:
        require_trainable(node.spec, "pipeline")
    return [_load(node, directory / node.directory) for node in nodes]


def _new(node: Node, continuation: Continuation | None = None) -> Component:
    """An untrained component. Raises DataError or UnsupportedError where something that it needs is not installed."""
    with located(node):
        require_extra(node.type)
        options = node.type.merged(node.spec.options)
        if continuation is not None:
            options = continuation.options(options)
        return cast(Component, node.type.load_class()(options, node.id))


def _go_on(
    nodes: Sequence[Node], components: Mapping[str, Component], continuation: Continuation, training: TrainingData
) -> None:
    """Give the components that can go on from an earlier training what it left of each."""
    for node in nodes:
        component = components[node.id]
        if node.resource and isinstance(component, ContinuingComponent):
            with located(node):
                component.continue_from(continuation.directory(node.id), training)


def _load(node: Node, directory: Path) -> Component:
    require_extra(node.type)
    options = node.type.merged(node.spec.options)
    present = directory if node.resource and directory.is_dir() else None
    return cast(Component, node.type.load_class().load(options, node.id, present))


def _save(component: Component, node: Node, target: Path) -> None:
    """Write what was learned; a component that writes nothing has no directory, as with Rasa."""
    if not node.resource:
        return
    target.mkdir()
    component.save(target)
    if not any(target.iterdir()):
        target.rmdir()


def _is_read(node: Node, to_train: Sequence[Node]) -> bool:
    """Whether a later component learns from what this one adds to the training messages."""
    return node.type.feeds_others and any(later.resource and later.type.needs for later in to_train)


def _warn_about_misaligned(
    node: Node, nodes: Sequence[Node], messages: Sequence[Message], context: TrainingContext
) -> None:
    """Warn about entities that begin or end inside of tokens; a check did so for a tokenizer that splits at blanks."""
    is_unchecked = node.type.kind == "tokenizer" and not node.type.splits_at_blanks
    if is_unchecked and any(other.type.tags_tokens for other in nodes):
        for notice in sorted(misaligned(messages), key=lambda notice: (str(notice.location), notice.message)):
            context.notices.add(notice)
