"""The assistant at the base of a run, read from the files of that commit: what it is called, and its fingerprints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rebake.action.settings import Settings
from rebake.archive.manifest import PARTS, Part
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import Assistant
from rebake.base.confinement import confined_to
from rebake.base.visible import one_line
from rebake.errors import RebakeError
from rebake.staleness.fingerprints import fingerprint
from rebake.staleness.git.changes import Changes


@dataclass(frozen=True)
class BaseAssistant:
    """The assistant that a run's is compared with.

    Attributes:
        name: "main at 1234567"; None where there is no base.
        parts: part -> fingerprint.
        assistant: None where nothing differs from the head's, or where it is not known.
        files: the files of its commit.
        below: the working directory in them.
        problem: why it is not known, a clause; None where it is.
    """

    name: str | None = None
    parts: Mapping[Part, str] | None = None
    assistant: Assistant | None = None
    files: Path = Path()
    below: str = "."
    problem: str | None = None

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Have its files in the working directory, and no others."""
        with confined_to(self.files), chdir(self.files / self.below):
            yield


def read_base(
    settings: Settings,
    changes: Changes,
    domain: Sequence[str] | None,
    files: Path,
    below: str,
    head: Mapping[Part, str],
) -> BaseAssistant:
    """Read the base's assistant.

    Args:
        settings: the inputs.
        changes: what git says of the base.
        domain: files of the domain, None for none; the base may lack those that the head has.
        files: the base's files, as the repository has them; nothing is there if none of them differs from the head's.
        below: the working directory, from the root of the repository.
        head: part -> fingerprint of the head's assistant.
    """
    if changes.base is None:
        return BaseAssistant(problem=changes.problem or "there is no base")
    name = f"{changes.base_name} at {changes.base[:7]}" if changes.base_name else changes.base[:12]
    if not changes.files:
        return BaseAssistant(name, head)
    base = BaseAssistant(name, files=files, below=below)
    try:
        with base.entered():
            of_base = [path for path in domain or settings.domain if Path(path).exists()]
            assistant = load_assistant(settings.config, of_base or None, settings.data, env=settings.env)
            wanted = fingerprint(
                assistant, parts=frozenset(PARTS), augmentation_factor=settings.augmentation_factor
            ).parts
    except (RebakeError, OSError) as error:
        reason = error.message if isinstance(error, RebakeError) else str(error.strerror or error)
        return BaseAssistant(name, problem=f"the assistant of {name} cannot be read ({one_line(reason.rstrip('.'))})")
    parts = {part: record.fingerprint for part, record in wanted.items()}
    return BaseAssistant(name, parts, assistant, files, below)
