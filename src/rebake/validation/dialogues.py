"""What only training trackers show: conflicts of stories by history, contradicting rules, lost checkpoints.

This takes longer than the other checks, with many long stories seconds, so `rebake validate` does it, and no check. A
training of Core finds the same.
"""

from __future__ import annotations

from rebake.assistant.model import Assistant
from rebake.base.location import Notice
from rebake.base.notices import Notices
from rebake.base.training_context import TrainingContext
from rebake.core.stories.conflicts import story_conflicts
from rebake.core.stories.generator import training_trackers
from rebake.errors import DataErrors, UnsupportedError
from rebake.registry.lookup import find
from rebake.registry.node import is_left_out


def check_dialogues(assistant: Assistant, errors: DataErrors, max_history: int | None = None) -> list[Notice]:
    """Make the training trackers, without augmentation, and look at what policies would learn from them.

    Args:
        assistant: without mistakes in its stories and its domain.
        errors: receives contradicting and incomplete rules.
        max_history: how many turns before an action decide about it; None = all of them.
    """
    notices = Notices()
    try:
        trackers = training_trackers(assistant.stories, assistant.domain, 0, notices=notices)
    except UnsupportedError:  # slots of custom classes, which the other checks report
        return []
    for conflict in story_conflicts(trackers, max_history):
        notices.add(conflict)
    for spec in assistant.config.policies:
        entry = find(spec.name, "policies")
        if entry is None or not entry.learns_from_rules or is_left_out(spec, assistant.config):
            continue
        policy = entry.load_class()(entry.merged(spec.options), entry.name)
        with errors.collecting():
            policy.train(trackers, assistant.domain, TrainingContext(place=spec.location))
    return list(notices)
