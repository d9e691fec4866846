"""Test data that is training data too: a model is asked what it has learned by heart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rebake.assistant.model import Example, Story, UserStep
from rebake.base.location import Notice
from rebake.base.notice_kinds import NoticeKind, Severity
from rebake.validation.examples import shortened


def check_test_data(
    trained: Iterable[Example], tested: Iterable[Example], stories: Iterable[Story]
) -> Iterator[Notice]:
    """Report test examples that are trained on.

    Texts of test stories are mere information: those stories test the dialogue as well.

    Args:
        trained: the training examples.
        tested: examples of NLU test files.
        stories: test stories; the texts of their user steps count.
    """
    places = {example.text.lower(): example for example in reversed(list(trained))}
    for example in tested:
        if (known := places.get(example.text.lower())) is not None:
            shown = shortened(example.text)
            message = f"The test example '{shown}' is a training example as well, at {known.location}."
            yield Notice(message, example.location, NoticeKind.TRAINED_TEST_EXAMPLE, subject=example.text)
    for story in stories:
        for step in story.steps:
            text = step.text if isinstance(step, UserStep) else None
            if text is not None and isinstance(step, UserStep) and (known := places.get(text.lower())) is not None:
                message = (
                    f"The text '{shortened(text)}' of the test story '{story.name}' is a training example as well, at "
                    f"{known.location}."
                )
                yield Notice(message, step.location, NoticeKind.TRAINED_TEST_EXAMPLE, Severity.INFO, text)
