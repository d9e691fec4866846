"""What the workflow asks for: the inputs of the action as a request for a plan."""

from __future__ import annotations

from pathlib import Path

from rebake.action.settings import DEFAULTS, Settings
from rebake.archive.manifest import PARTS
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import Assistant
from rebake.base.location import Location, Notice
from rebake.base.notices import Notices
from rebake.build.request import Request
from rebake.errors import DataError, StorageError, UsageError
from rebake.own_rasa.environment import OwnRasa, find_environment

DEFAULT_DOMAIN = DEFAULTS["domain"]


def read_request(settings: Settings, workspace: Path, model_name: str | None, notices: Notices) -> Request:
    """Read the assistant in the working directory, and return what is to be done with it.

    Args:
        settings: the inputs.
        workspace: that the path of the user's own Rasa is relative to.
        model_name: of the archive; None for a name that rebake chooses.
        notices: what is found while reading is added.

    Raises:
        DataError: the assistant's files are wrong or missing.
        UsageError: the inputs do not go together.
    """
    return Request(
        assistant=_assistant(settings, notices),
        to_train=settings.mode == "train",
        parts=settings.parts or frozenset(PARTS),
        force=settings.force,
        output=Path(settings.out),
        model_name=model_name,
        augmentation_factor=settings.augmentation_factor,
        num_threads=settings.threads,
        accept_finetuned=settings.finetune == "auto",
        rasa=_own_rasa(settings, workspace),
    )


def domain_of(settings: Settings) -> tuple[str, ...] | None:
    """Return the domain's files; one that only the default names may be missing."""
    return None if _lacks_default_domain(settings) else settings.domain


def notices_of_default_domain(settings: Settings, assistant: Assistant) -> tuple[Notice, ...]:
    """Return what a user should know who has stories and no domain."""
    if not _lacks_default_domain(settings) or not assistant.stories:
        return ()
    message = f"There is no {DEFAULT_DOMAIN}, so Core is left out; the input domain names it where it is elsewhere."
    return (Notice(message, Location(settings.config, 1)),)


def _lacks_default_domain(settings: Settings) -> bool:
    return settings.domain == (DEFAULT_DOMAIN,) and not Path(DEFAULT_DOMAIN).exists()


def _assistant(settings: Settings, notices: Notices) -> Assistant:
    try:
        return load_assistant(settings.config, domain_of(settings), settings.data, env=settings.env, notices=notices)
    except StorageError as error:  # a file that is missing is a mistake in the data, and no failure of GitHub's
        raise DataError(error.message, location=error.location, fix=error.fix) from None


def _own_rasa(settings: Settings, workspace: Path) -> OwnRasa | None:
    """The environment of host/action.yml's input rasa, with the files that its Rasa is to read."""
    if not settings.rasa:
        return None
    domain = domain_of(settings) or ()
    if len(domain) > 1:
        raise UsageError(
            "With the input rasa, the domain has to be one file or directory, since Rasa takes no more.",
            fix="Put the domain files into one directory, and name that in the input domain.",
        )
    environment = find_environment(workspace / settings.rasa)
    return OwnRasa(environment, settings.config, next(iter(domain), None), settings.data, settings.env)
