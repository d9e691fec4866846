"""Check an assistant before anything is trained; `rebake check` and a training find the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rebake.archive.manifest import Part
from rebake.assistant.model import Assistant, ComponentSpec
from rebake.base.location import Notice
from rebake.core.dialogue.states import SlotFeaturizer
from rebake.errors import DataError, UnsupportedError
from rebake.registry.entry import Entry, Section
from rebake.registry.lookup import known_or_assumed, require_trainable
from rebake.registry.node import Node, is_left_out, pipeline_nodes
from rebake.registry.validator import check_options
from rebake.validation.consistency import validate
from rebake.validation.labels import check_labels
from rebake.validation.nlu_data import check_data
from rebake.validation.pipeline import (
    check_learned_intents,
    check_pipeline,
    check_policies,
    check_response_selectors,
    check_rule_policy,
    require_featurizers,
)
from rebake.validation.stories import check_stories


def check_assistant(
    assistant: Assistant, parts: frozenset[Part], *, to_train: bool, by_rasa: frozenset[Part] = frozenset()
) -> tuple[Notice, ...]:
    """Find everything that is wrong or odd without training, in well under a second.

    Args:
        assistant: as it was read.
        parts: what is asked about.
        to_train: whether it is to be trained now, so that what rebake does not train is an error; otherwise a notice.
        by_rasa: the parts that the user's own Rasa is to train: it decides itself what it does not train.

    Returns:
        What deserves attention.

    Raises:
        DataError: mistakes in the files or in the options, with file and line.
        UnsupportedError: what rebake does not train, with ``to_train``.
    """
    findings = _Findings(to_train=to_train)
    findings.notices += validate(assistant)
    if "nlu" in parts and assistant.nlu:
        _check_pipeline(assistant, findings, by_rasa="nlu" in by_rasa)
        findings.notices += check_data(assistant)
    if "core" in parts and assistant.stories and not assistant.domain.is_empty:
        _check_policies(assistant, findings, by_rasa="core" in by_rasa)
        findings.notices += check_stories(assistant.stories)
        if assistant.is_end_to_end and ("nlu" in parts or to_train):
            with findings.refusals():
                has_nlu = "nlu" in parts and bool(assistant.nlu)
                require_featurizers(assistant, pipeline_nodes(assistant.config) if has_nlu else ())
        for slot in assistant.domain.slots:
            with findings.refusals():
                SlotFeaturizer.of(slot)
    return tuple(dict.fromkeys(findings.notices))


class _Findings:
    """The notices found so far, and what becomes of refusals."""

    def __init__(self, *, to_train: bool) -> None:
        self.notices: list[Notice] = []
        self._to_train = to_train

    @contextmanager
    def refusals(self, kind: type[DataError] = UnsupportedError) -> Iterator[None]:
        """Turn what cannot be trained into a notice, unless it is to be trained.

        Args:
            kind: what does not keep a check from giving its verdict.
        """
        try:
            yield
        except kind as error:
            if self._to_train:
                raise
            self.notices.append(
                Notice(f"It cannot be trained: {error.message} {error.fix or ''}".strip(), error.location)
            )


def _check_pipeline(assistant: Assistant, findings: _Findings, *, by_rasa: bool) -> None:
    config = assistant.config
    with findings.refusals():
        findings.notices += check_pipeline(config.pipeline, config.language, by_rasa=by_rasa)
    nodes: list[Node] = []
    for position, spec in enumerate(config.pipeline):
        with suppress(UnsupportedError) if by_rasa else findings.refusals():
            node = Node(f"{spec.name}{position}", spec, _entry(spec, "pipeline", by_rasa=by_rasa))
            check_options(spec, node.type)
            nodes.append(node)
    with findings.refusals():
        check_response_selectors(nodes, assistant.nlu)
    check_labels(assistant)


def _check_policies(assistant: Assistant, findings: _Findings, *, by_rasa: bool) -> None:
    config = assistant.config
    with findings.refusals():
        findings.notices += check_policies(config, by_rasa=by_rasa)
    with findings.refusals(DataError):
        findings.notices += check_rule_policy(assistant)
    with findings.refusals(DataError):
        check_learned_intents(assistant)
    for spec in config.policies:
        with suppress(UnsupportedError) if by_rasa else findings.refusals():
            if not is_left_out(spec, config):
                check_options(spec, _entry(spec, "policies", by_rasa=by_rasa))


def _entry(spec: ComponentSpec, section: Section, *, by_rasa: bool) -> Entry:
    return known_or_assumed(spec, section) if by_rasa else require_trainable(spec, section)
