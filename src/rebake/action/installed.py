"""What is installed beside the action: the image of check/action.yml has nothing that trains or tests a model."""

from __future__ import annotations

from importlib.util import find_spec

from rebake.action.settings import Settings
from rebake.errors import UsageError

NOT_TESTED = "This image only checks whether the model is fresh: the tests that are kept of it are not reported."


def can_compute() -> bool:
    """Whether models can be trained and their tests be judged."""
    return find_spec("numpy") is not None


def require_installed(settings: Settings) -> None:
    """Raise UsageError where the settings ask for what only the other image can do."""
    if can_compute():
        return
    tests = (settings.min_intent_f1, settings.min_entity_f1, settings.min_response_f1, settings.min_story_accuracy)
    if settings.mode == "train":
        asked = "it has nothing that trains"
    elif settings.test_nlu or settings.cross_validation or set(settings.fail_on) & {"stories", "worse"} or any(tests):
        asked = "it judges no tests"
    else:
        return
    raise UsageError(
        f"This image only checks whether the model is fresh: {asked}.",
        fix="Use rebake/rebake or rebake/rebake/host for that, or set mode: check and no inputs about tests.",
    )
