"""What is wrong, or odd, with an assistant before anything is trained: the same for a check and for a training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rebake.archive.manifest import Part
from rebake.assistant.model import Assistant
from rebake.base.location import Notice
from rebake.core.agent import policy_nodes
from rebake.core.dialogue.states import SlotFeaturizer
from rebake.core.end_to_end import require_featurizers
from rebake.errors import DataError, UnsupportedError
from rebake.nlu.pipeline import pipeline_nodes
from rebake.nlu.pipeline_checks import check_pipeline
from rebake.registry.components import trainable_type
from rebake.registry.node import Node
from rebake.registry.option_checks import check_options
from rebake.validation.consistency import validate
from rebake.validation.labels import check_labels
from rebake.validation.nlu_data import check_data
from rebake.validation.stories import check_stories

# Making one of these loads a language model, or a library that a check has no time for.
_SLOW_TO_MAKE = frozenset(
    {"SpacyNLP", "MitieNLP", "LanguageModelFeaturizer", "JiebaTokenizer", "DucklingEntityExtractor"}
)


def check_assistant(assistant: Assistant, parts: frozenset[Part], *, to_train: bool) -> tuple[Notice, ...]:
    """Everything that can be found in an assistant without training it, in well under a second.

    Args:
        assistant: as it was read.
        parts: what is asked about.
        to_train: whether it is to be trained now, so that what rebake does not train is an error; otherwise a notice.

    Returns:
        What deserves attention.

    Raises:
        DataError: mistakes in the files or in the options, with file and line.
        UnsupportedError: what rebake does not train, with ``to_train``.
    """
    told = _Told(to_train=to_train)
    told.notices += validate(assistant)
    if "nlu" in parts and assistant.nlu:
        _check_pipeline(assistant, told)
        told.notices += check_data(assistant)
    if "core" in parts and assistant.stories and not assistant.domain.is_empty:
        _check_policies(assistant, told)
        told.notices += check_stories(assistant.stories)
        if assistant.is_end_to_end and ("nlu" in parts or to_train):
            with told.refusals():
                require_featurizers(assistant, pipeline_nodes(assistant) if assistant.nlu else ())
        for slot in assistant.domain.slots:
            with told.refusals():
                SlotFeaturizer.of(slot)
    return tuple(dict.fromkeys(told.notices))


class _Told:
    """The notices so far."""

    def __init__(self, *, to_train: bool) -> None:
        self.notices: list[Notice] = []
        self._to_train = to_train

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """What rebake does not train: an error where it is to be trained, else a notice."""
        try:
            yield
        except UnsupportedError as error:
            if self._to_train:
                raise
            self.notices.append(
                Notice(f"It cannot be trained: {error.message} {error.fix or ''}".strip(), error.location)
            )


def _check_pipeline(assistant: Assistant, told: _Told) -> None:
    config = assistant.config
    with told.refusals():
        told.notices += check_pipeline(config.pipeline, config.language)
    for position, spec in enumerate(config.pipeline):
        with told.refusals():
            _check_node(Node(f"{spec.name}{position}", spec, trainable_type(spec)))
    check_labels(assistant)


def _check_policies(assistant: Assistant, told: _Told) -> None:
    config = assistant.config
    with told.refusals():
        nodes, notices = policy_nodes(config.policies, is_default=config.policies_is_default)
        told.notices += notices
        for node in nodes:
            with told.refusals():
                _check_node(node)


def _check_node(node: Node) -> None:
    """The kinds of the options' values, and then what the component itself says of them."""
    check_options(node.spec, node.type)
    if node.type.name in _SLOW_TO_MAKE:
        return
    try:
        node.type.load_class()(node.type.merged(node.spec.options), node.id)
    except DataError as error:
        if error.location is None:
            error.location = node.spec.location
        raise
