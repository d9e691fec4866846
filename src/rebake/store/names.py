"""Names of assets: different assistants of a repository never share one."""

from __future__ import annotations

import hashlib
import re

_LONGEST = 120  # characters of a name that is written out
_SLUG = rf"(?:-(?:[A-Za-z0-9-]|_[0-9a-f]{{2}}){{1,{_LONGEST}}}|-\.[0-9a-f]{{64}})?"  # as asset_slug makes it
_PULL_REQUEST = re.compile(rf"pull-([0-9]{{1,12}}){_SLUG}\.tar\.gz")
_NEWEST = re.compile(rf"(?:rebake|history){_SLUG}\.json")  # the manifest of the newest model, the history of all
# The words of runs are made in action/main.py, cli/store.py and addresses.py.
_TEMPORARY = re.compile(r"upload-(?:[0-9]+-[0-9a-f]{8}|cli-[0-9]+|[0-9a-f]{16})-(.+)")


def asset_slug(name: str) -> str:
    """The name of an assistant as part of an asset name: "" for the only one, "-bots-pizza" for "bots/pizza".

    ``/`` becomes ``-``; letters and digits of ASCII stay; any other byte is written as ``_`` and two hex digits, so
    that "bot-a", "bot_a" and "bot/a" differ. A very long name is replaced by its digest.
    """
    if not name:
        return ""
    written = re.sub(rb"[^A-Za-z0-9/]", lambda found: b"_%02x" % found[0][0], name.encode()).decode().replace("/", "-")
    return f"-{written}" if len(written) <= _LONGEST else f"-.{hashlib.sha256(name.encode()).hexdigest()}"


def model_name(repository: str, slug: str, tag: str) -> str:
    """Return what the model on a tag's release is called, without ``.tar.gz``.

    Args:
        repository: "owner/name".
        slug: of the assistant, as :func:`asset_slug` makes it.
        tag: of the release.
    """
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in tag)
    return f"{repository.split('/')[1]}{slug}-{safe}"


def pull_request_model_name(number: int, slug: str) -> str:
    """Return what the newest model of a pull request is called in the store; each push replaces it."""
    return f"pull-{number}{slug}.tar.gz"


def pull_request_of(name: str) -> str | None:
    """Return the number of the pull request whose model has this name; None where it is no such model."""
    found = _PULL_REQUEST.fullmatch(name)
    return None if found is None else found[1]


def is_of_newest_model(name: str) -> bool:
    """Return whether it is the name of an assistant's newest manifest, or of the history of its models."""
    return _NEWEST.fullmatch(name) is not None


def temporary_name(run: str, name: str) -> str:
    """Return what a file is called while it is uploaded to replace the asset of this name.

    Args:
        run: a word of this run alone.
        name: of the asset.
    """
    return f"upload-{run}-{name}"


def replaced_by(temporary: str) -> str | None:
    """Return the name of the asset that an upload would replace; None where this is no :func:`temporary_name`."""
    found = _TEMPORARY.fullmatch(temporary)
    return None if found is None else found[1]


def sums_name(slug: str) -> str:
    """Return what the checksums of a release's files are called, by the assistant's slug."""
    return f"SHA256SUMS{slug}"


def earlier_slug(name: str) -> str:
    """What versions before 0.2 made of a name; several names could share one."""
    words = re.findall(r"[A-Za-z0-9]+", name)
    if not name.isascii():
        words.append(hashlib.sha256(name.encode()).hexdigest()[:8])
    return "".join(f"-{word}" for word in words)
