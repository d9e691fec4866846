"""All tests of one model."""

from __future__ import annotations

from typing import Protocol

from rebake.assistant.model import Domain
from rebake.base.notices import NoticeSink
from rebake.base.progress import Progress
from rebake.core.agent import CoreModel
from rebake.evaluation.data import EvaluationData
from rebake.evaluation.nlu.parsed_examples import TextParser, evaluate_nlu
from rebake.evaluation.result import ModelTest
from rebake.evaluation.stories.run import evaluate_stories


class EvaluatedModel(TextParser, Protocol):
    """What is tested, such as a :class:`rebake.model.Model`."""

    domain: Domain

    @property
    def core(self) -> CoreModel:
        """The policies."""


def evaluate(
    model: EvaluatedModel, data: EvaluationData, progress: Progress, notices: NoticeSink, subject: str
) -> ModelTest:
    """Test a model on all data that there is.

    Args:
        model: must have the parts that the data is about.
        data: test examples and stories.
        progress: gets a task for each test.
        notices: receives warnings about the stories.
        subject: what the result calls the model.

    Raises:
        DataError: there is no story among the stories.
        ModelError: the model lacks a part.
    """
    nlu = None if data.examples is None else evaluate_nlu(model, data.examples, progress)
    stories = None
    if data.stories is not None:
        parser = model if data.end_to_end else None
        stories = evaluate_stories(model.core, parser, model.domain, data.stories, progress, notices)
    return ModelTest(subject, nlu, stories)
