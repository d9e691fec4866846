"""What a container writes belongs to root; later steps of the job, and later jobs, must be able to change it.

Otherwise git fails there ("insufficient permission for adding an object"), and a runner of one's own cannot clean up.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def give_back(workspace: Path, places: list[Path]) -> None:
    """Give what root owns in these places of the workspace to its owner; does nothing unless run by root."""
    owner = workspace.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        return
    for path in _entries(workspace.resolve(), places):
        if path.lstat().st_uid == 0:
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _entries(workspace: Path, places: list[Path]) -> Iterator[Path]:
    """The places, the directories above them, and all below them; nothing that links lead to outside the workspace."""
    for place in (place.resolve() for place in places):
        if not place.exists() or workspace not in place.parents:
            continue
        yield from (path for path in (place, *place.parents) if workspace in path.parents)
        for directory, names, files in os.walk(place):
            yield from (Path(directory) / name for name in (*names, *files))
