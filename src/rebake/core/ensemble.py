"""Who of the policies decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rebake.core.dialogue.events import ACTION_LISTEN, ActionExecuted, ActionExecutionRejected, UserFeaturization
from rebake.core.dialogue.tracker import Tracker
from rebake.core.policy import PolicyPrediction
from rebake.errors import ModelError


def combine(predictions: Sequence[PolicyPrediction], tracker: Tracker, actions: Sequence[str]) -> PolicyPrediction:
    """The winning prediction.

    A form that asks on beats everything, the text of the user beats the intent; then the highest probability wins,
    and of equal ones the highest priority, and of those the first. An action that was just rejected counts as 0.

    Args:
        predictions: of all policies, in the order of config.yml.
        tracker: what they were asked about.
        actions: [n_actions] names.

    Returns:
        The winner's prediction, with the events to be applied: those of all policies, the optional ones of the winner,
        and, after a user turn, whether text or intent decided.

    Raises:
        ModelError: there is no policy.
    """
    if not predictions:
        raise ModelError("The model has no policy that could decide.", fix="Train it with at least one policy.")
    predictions = [_without_rejected(prediction, tracker, actions) for prediction in predictions]
    candidates = [prediction for prediction in predictions if prediction.is_no_user]
    if not candidates:
        candidates = [prediction for prediction in predictions if prediction.is_end_to_end] or list(predictions)
    winner = max(candidates, key=lambda prediction: (prediction.confidence, prediction.priority))
    events = [event for prediction in predictions for event in prediction.events]
    events.extend(winner.optional_events)
    if tracker.now.latest_action_name == ACTION_LISTEN:
        events.append(UserFeaturization(winner.is_end_to_end))
    return replace(winner, events=tuple(events), optional_events=())


def _without_rejected(prediction: PolicyPrediction, tracker: Tracker, actions: Sequence[str]) -> PolicyPrediction:
    last = next(
        (event for event in reversed(tracker.events) if isinstance(event, ActionExecuted | ActionExecutionRejected)),
        None,
    )
    if not isinstance(last, ActionExecutionRejected) or last.name not in actions:
        return prediction
    probabilities = prediction.probabilities.copy()
    probabilities[actions.index(last.name)] = 0.0
    return replace(prediction, probabilities=probabilities)
