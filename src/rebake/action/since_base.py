"""What a run's assistant changes since the base, from the files of both commits."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import chdir
from pathlib import Path

from rebake.action.event import Event
from rebake.action.settings import Settings
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import Assistant
from rebake.base.confinement import confined_to
from rebake.differences.assistants import compare_assistants
from rebake.differences.model import Link
from rebake.errors import RebakeError
from rebake.report.differences import permalinks
from rebake.report.model import Differences
from rebake.staleness.git.changes import Changes


def differences_since_base(
    settings: Settings, domain: Sequence[str] | None, base_files: Path, below: str, assistant: Assistant, link: Link
) -> Differences | None:
    """Compare the assistant with the one in the base's files; None where that one cannot be read.

    The values of ``env`` names are left out on both sides: they would stand in the texts that differ.

    Args:
        domain: files of the domain, None for none; the base may lack those that the head has.
        base_files: the base's files, as the repository has them.
        below: the working directory, from the root of the repository.
        assistant: the head's.
        link: gives the addresses of lines.
    """
    try:
        head = assistant if not settings.env else load_assistant(settings.config, domain, settings.data)
        with confined_to(base_files), chdir(base_files / below):
            of_base = [path for path in domain or settings.domain if Path(path).exists()]
            before = load_assistant(settings.config, of_base or None, settings.data)
    except (RebakeError, OSError):
        return None
    return Differences(compare_assistants(before, head), link)


def links(event: Event, below: str, changes: Changes, commit: str) -> Link:
    """Return what gives the addresses of lines at the base and at the commit of the run."""
    return permalinks(f"{event.server_url}/{event.repository}", below, {"base": changes.base, "head": commit})
