"""What `rasa data validate` finds in projects.

The job has `projects`: directories with config.yml, domain.yml and data, and for each of them how many turns of a
dialogue count. The answer has for each project, in order, the findings of each check of Rasa's Validator: its name ->
the messages; or, under "error", why Rasa cannot read the project.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable
from typing import Any

from rasa.shared.importers.importer import TrainingDataImporter
from rasa.validator import Validator

from parity.rasa_side.job import run

CONFLICTS = logging.getLogger("rasa.validator")


class _Messages(logging.Handler):
    """Keeps what is logged: conflicts of stories are no warnings of Python."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(record.getMessage())


def messages(check: Callable[[], Any]) -> list[str]:
    """Run one check and return what it warns about."""
    handler = _Messages()
    CONFLICTS.addHandler(handler)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            check()
    finally:
        CONFLICTS.removeHandler(handler)
    return [*(str(warning.message) for warning in caught), *handler.found]


def validate(directory: str, max_history: int | None) -> dict[str, list[str]]:
    os.chdir(directory)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            importer = TrainingDataImporter.load_from_dict(
                config_path="config.yml", domain_path="domain.yml", training_data_paths=["data"]
            )
            validator = Validator.from_importer(importer)
    except (Exception, SystemExit) as error:  # any: what Rasa refuses is what is asked for
        return {"error": [f"{type(error).__name__}: {error}"[:400]]}
    checks: dict[str, Callable[[], Any]] = {
        "config": validator.warn_if_config_mandatory_keys_are_not_set,
        "domain": validator.verify_domain_validity,
        "intents": validator.verify_intents_in_stories,
        "examples": validator.verify_example_repetition_in_intents,
        "responses": validator.verify_utterances_in_stories,
        "forms": validator.verify_forms_in_stories_rules,
        "actions": validator.verify_actions_in_stories_rules,
        "form slots": validator.verify_form_slots,
        "mappings": validator.verify_slot_mappings,
        "conflicts": lambda: validator.verify_story_structure(max_history=max_history),
    }
    found = {}
    for name, check in checks.items():
        try:
            found[name] = messages(check)
        except Exception as error:  # any, as above
            found["error"] = [f"{name}: {type(error).__name__}: {error}"[:400]]
    return {name: messages for name, messages in found.items() if messages}


def answer(job: dict[str, Any]) -> list[dict[str, list[str]]]:
    CONFLICTS.propagate = False
    return [validate(directory, max_history) for directory, max_history in job["projects"]]


if __name__ == "__main__":
    run(answer)
