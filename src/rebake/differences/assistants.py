"""Two states of an assistant, compared."""

from __future__ import annotations

from rebake.assistant.model import Assistant
from rebake.differences.config import config_differences
from rebake.differences.domain import domain_differences
from rebake.differences.examples import nlu_differences
from rebake.differences.model import Difference
from rebake.differences.stories import story_differences


def compare_assistants(before: Assistant, after: Assistant) -> tuple[Difference, ...]:
    """Return all that differs: configuration, domain, NLU data, stories and rules, test stories.

    Where a file says a thing, in which order keys stand, and comments do not count.
    """
    return (
        *config_differences(before.config, after.config),
        *domain_differences(before.domain, after.domain),
        *nlu_differences(before.nlu, after.nlu),
        *story_differences(before.stories, after.stories),
        *story_differences(before.test_stories, after.test_stories, tests=True),
    )
