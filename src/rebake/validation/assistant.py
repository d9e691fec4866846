"""Check an assistant before anything is trained; `rebake check` and a training find the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from rebake.archive.manifest import Part
from rebake.assistant.model import Assistant, ComponentSpec
from rebake.base.location import Notice
from rebake.base.notice_kinds import NoticeKind, Severity
from rebake.base.notices import NoticeSink
from rebake.core.dialogue.states import SlotFeaturizer
from rebake.core.stories.checkpoints import unmatched_checkpoints
from rebake.errors import DataError, DataErrors, RebakeError, UnsupportedError, errors_of
from rebake.registry.entry import Entry, Section
from rebake.registry.lookup import known_or_assumed, require_trainable
from rebake.registry.node import Node, is_left_out, pipeline_nodes
from rebake.registry.validator import check_options
from rebake.validation.consistency import check_names
from rebake.validation.examples import check_examples
from rebake.validation.labels import check_labels
from rebake.validation.nlu_data import ENOUGH_EXAMPLES, check_data
from rebake.validation.pipeline import (
    check_learned_intents,
    check_pipeline,
    check_policies,
    check_response_selectors,
    check_rule_policy,
    require_featurizers,
)
from rebake.validation.responses import check_responses
from rebake.validation.slots import check_slots
from rebake.validation.stories import check_stories
from rebake.validation.unused import check_unused


def check_assistant(
    assistant: Assistant,
    parts: frozenset[Part],
    *,
    to_train: bool,
    by_rasa: frozenset[Part] = frozenset(),
    notices: NoticeSink | None = None,
) -> tuple[Notice, ...]:
    """Find everything that is wrong or odd without training, in well under a second.

    Args:
        assistant: as it was read.
        parts: what is asked about.
        to_train: whether it is to be trained now, so that what rebake does not train is an error; otherwise a notice.
        by_rasa: the parts that the user's own Rasa is to train: it decides itself what it does not train.
        notices: receives what deserves attention, also if there is an error.

    Returns:
        What deserves attention.

    Raises:
        DataError: mistakes in the files or in the options, with file and line.
        UnsupportedError: what rebake does not train, with ``to_train``.
    """
    problems = find_problems(assistant, parts, to_train=to_train, by_rasa=by_rasa)
    if notices is not None:
        for notice in problems.notices:
            notices.add(notice)
    problems.errors.finish()
    return problems.notices


@dataclass(frozen=True, slots=True)
class Problems:
    """What is wrong with an assistant, and what is odd about it."""

    errors: DataErrors
    notices: tuple[Notice, ...]


def find_problems(
    assistant: Assistant,
    parts: frozenset[Part],
    *,
    to_train: bool,
    by_rasa: frozenset[Part] = frozenset(),
    min_examples: int = ENOUGH_EXAMPLES,
) -> Problems:
    """Find what :func:`check_assistant` finds, without raising an error.

    ``min_examples`` is how many examples each intent should have.
    """
    findings = _Findings(to_train=to_train)
    errors = findings.errors
    findings.notices += check_names(assistant, errors)
    findings.notices += [*check_slots(assistant), *check_responses(assistant), *check_unused(assistant)]
    findings.notices += check_examples(assistant)
    if "nlu" in parts and assistant.nlu:
        is_right = False
        with errors.collecting(), errors_of(NoticeKind.INVALID_CONFIG):
            _check_pipeline(assistant, findings, by_rasa="nlu" in by_rasa)
            is_right = True
        if is_right:
            findings.notices += check_data(assistant, min_examples)
    if "core" in parts and assistant.stories and not assistant.domain.is_empty:
        with errors.collecting(), errors_of(NoticeKind.INVALID_CONFIG):
            _check_policies(assistant, findings, by_rasa="core" in by_rasa)
        findings.notices += check_stories(assistant.stories)
        if not to_train:  # a training follows the stories themselves
            findings.notices += unmatched_checkpoints(assistant.stories)
        if assistant.is_end_to_end and ("nlu" in parts or to_train):
            with errors.collecting(), errors_of(NoticeKind.INVALID_CONFIG), findings.refusals():
                has_nlu = "nlu" in parts and bool(assistant.nlu)
                require_featurizers(assistant, pipeline_nodes(assistant.config) if has_nlu else ())
        for slot in assistant.domain.slots:
            with errors.collecting(), findings.refusals():
                SlotFeaturizer.of(slot)
    return Problems(errors, tuple(dict.fromkeys(assistant.silenced.without(findings.notices))))


class _Findings:
    """The notices and errors found so far, and what becomes of refusals."""

    def __init__(self, *, to_train: bool) -> None:
        self.notices: list[Notice] = []
        self.errors = DataErrors()
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
            for each in (error, *error.others):
                self.notices.append(_refusal(each))


def _refusal(error: RebakeError) -> Notice:
    message = f"It cannot be trained: {error.message} {error.fix or ''}".strip()
    if isinstance(error, UnsupportedError):
        return Notice(message, error.location, NoticeKind.UNSUPPORTED)
    return Notice(message, error.location, error.kind or NoticeKind.INVALID_CONFIG, Severity.ERROR)


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
