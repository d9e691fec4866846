"""``rebake store``: list, prune and verify a store of trained parts, and make keys that sign them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rebake.archive.scratch import temporary_directory
from rebake.base.json_text import dumped
from rebake.base.visible import visible
from rebake.cli.console import say
from rebake.cli.keys import given_keys, trust_of
from rebake.cli.parsers.store import STORE_TAG
from rebake.cli.repository import api_of, repository_of
from rebake.differences.model import count_text
from rebake.errors import StorageError, UsageError
from rebake.store.addresses import open_store
from rebake.store.connection import Connection, connect
from rebake.store.github_uses import GitHubUses, find_spare, remove
from rebake.store.keys import PrivateKey
from rebake.store.protocol import Store, StoredFile
from rebake.store.pruning import Spare, last_uses
from rebake.store.release_store import ReleaseStore
from rebake.store.releases import Releases
from rebake.store.trust import SIGNATURE_SUFFIX
from rebake.store.verification import Checked, verify_model, verify_store

SOME_ARE_NOT = 1  # exit code

_DEFAULTS = {"store": None, "repository": None, "store_tag": STORE_TAG, "format": "text"}


def store(options: argparse.Namespace) -> int:
    """Run the action on the store that the parsed options name and return its exit code."""
    actions: dict[str, Callable[[argparse.Namespace], int]] = {
        "list": _list,
        "prune": _prune,
        "verify": _verify,
        "keygen": _keygen,
    }
    return actions[options.action](options)


def _list(options: argparse.Namespace) -> int:
    if options.store is not None:
        _refuse(options, ("repository", "store_tag"), "--store")
    with closing(_open(options)) as kept:
        entries = _entries(kept, options)
    used = last_uses(entries)
    rows = [
        {**_row(file, used.get(name, file.modified)), "signed": name + SIGNATURE_SUFFIX in entries}
        for name, file in sorted(entries.items())
        if not name.endswith(SIGNATURE_SUFFIX)
    ]
    total = sum(file.size for file in entries.values())
    if options.format == "json":
        sys.stdout.write(dumped({"format": 1, "entries": rows, "size": total}))
    else:
        _print_table(rows)
        say(f"{count_text(len(entries), 'file')}, {_size(total)}.")
    return 0


def _prune(options: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    with closing(_open(options)) as kept:
        repository, releases, tag = _user_of(kept, options)
        if kept.refuses_deletion:
            raise StorageError(
                f"Nothing can be removed from the store {kept.label}, since {kept.refuses_deletion}.",
                fix=kept.deletion_hint,
            )
        _entries(kept, options)
        say(f"What {repository} uses stays: its newest models, its releases and its open pull requests.")
        uses = GitHubUses(kept, releases, tag, now, to_record=options.yes)
        spare = find_spare(kept, uses, now, now - timedelta(days=options.unused_for))
        if options.yes:
            remove(kept, spare)
    rows = [_row(each.file, each.last_use) for each in spare]
    if options.format == "json":
        sys.stdout.write(dumped({"format": 1, "removed": options.yes, "entries": rows}))
    else:
        _print_table(rows)
    say(_said_of(spare, is_removed=options.yes))
    return 0


def _user_of(kept: Store, options: argparse.Namespace) -> tuple[str, Releases, str]:
    """Return the repository that decides what is in use, its releases, and the tag of a store among these.

    Raises:
        UsageError: the options name two repositories, or none where a mistake would remove what another one needs.
    """
    if not isinstance(kept, ReleaseStore):
        if options.yes and options.repository is None:
            raise UsageError(
                f"The store {kept.label} does not say which repository uses it, so --yes needs --repository.",
                fix="Add --repository OWNER/NAME. What this repository does not use is removed.",
            )
        return repository_of(options.repository)[1], _connect(options).releases, options.store_tag
    if options.store is None:
        return repository_of(options.repository)[1], kept.releases, kept.tag
    _refuse(options, ("repository", "store_tag"), f"--store {options.store}")
    return options.store.partition("://")[2].partition("#")[0].strip("/"), kept.releases, kept.tag


def _refuse(options: argparse.Namespace, names: Iterable[str], beside: str) -> None:
    """Refuse options that would change nothing. Raises UsageError."""
    for name in names:
        if getattr(options, name) != _DEFAULTS[name]:
            option = f"--{name.replace('_', '-')}"
            raise UsageError(f"{option} changes nothing with {beside}.", fix=f"Leave out {option}.")


def _said_of(spare: list[Spare], *, is_removed: bool) -> str:
    if not spare:
        return "There is nothing to remove: everything is in use or was used recently."
    what = f"{count_text(len(spare), 'file')}, {_size(sum(each.file.size for each in spare))}"
    return f"Removed {what}." if is_removed else f"{what} can be removed. Add --yes to remove them."


def _verify(options: argparse.Namespace) -> int:
    keys = given_keys(options.verify_key)
    if options.model is not None:
        _refuse(options, ("store", "store_tag", "format"), "--model")
        if not options.verify_key:
            raise UsageError("--model needs a key to verify with.", fix="Add --verify-key KEY.")
        print(visible(verify_model(Path(options.model), keys, options.repository)))
        return 0
    if options.store is not None:
        _refuse(options, ("store_tag",), "--store")
        if not options.verify_key:
            _refuse(options, ("repository",), "--store, without --verify-key")
    checked: list[Checked] = []
    with closing(_open(options)) as kept, temporary_directory() as directory:
        if options.verify_key:
            kept.trust = trust_of(keys, options.repository)
        _entries(kept, options)
        for each in verify_store(kept, directory):
            checked.append(each)
            if options.format == "text":
                print(f"{visible(each.problem or 'ok'):<4}  {visible(each.name)}", flush=True)
    wrong = [each for each in checked if each.problem is not None]
    if options.format == "json":
        rows = [{"name": each.name, "ok": each.problem is None, "problem": each.problem} for each in checked]
        sys.stdout.write(dumped({"format": 1, "entries": rows}))
    say(f"{count_text(len(checked), 'file')}, {len(wrong)} damaged or not signed.")
    return SOME_ARE_NOT if wrong else 0


def _keygen(options: argparse.Namespace) -> int:
    """Write a new private key where only its owner can read it; print the public key."""
    key = PrivateKey.new()
    path = Path(options.file)
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
            file.write(key.pem)
    except FileExistsError as error:
        raise StorageError(f"{path} exists already.", fix="Name a new file: keys are never overwritten.") from error
    except OSError as error:
        raise StorageError(f"{path} cannot be written ({error.strerror or error}).") from error
    say(f"{path}: the private key, for the secret that the input signing-key reads. The public key:")
    print(key.public.text)
    return 0


def _connect(options: argparse.Namespace) -> Connection:
    server, repository = repository_of(options.repository)
    return connect(api_of(server), repository, _token())


def _open(options: argparse.Namespace) -> Store:
    if options.store is not None:
        return open_store(options.store, os.environ)
    return ReleaseStore(_connect(options).releases, options.store_tag, f"cli-{os.getpid()}")


def _entries(kept: Store, options: argparse.Namespace) -> Mapping[str, StoredFile]:
    """The entries, of which there must be some: an address may have a mistake."""
    entries = kept.entries()
    if entries:
        return entries
    if options.store is not None:
        raise StorageError(f"The store {kept.label} is empty.", fix="Check the address that --store names.")
    hint = "" if _token() else " Set GITHUB_TOKEN if the repository is private."
    _, repository = repository_of(options.repository)
    raise StorageError(
        f"{repository} has no store of trained parts: no release {options.store_tag} with files.",
        fix=f"Name the release with --store-tag if it is another.{hint}",
    )


def _token() -> str | None:
    return os.environ.get("GITHUB_TOKEN") or os.environ.get("GH_TOKEN") or None


def _row(file: StoredFile, last_use: datetime) -> dict[str, Any]:
    return {"name": file.name, "size": file.size, "last_use": last_use.astimezone(UTC).isoformat()}


def _print_table(rows: Iterable[dict[str, Any]]) -> None:
    for row in rows:
        signed = {True: "  signed", False: "  not signed", None: ""}[row.get("signed")]
        print(f"{row['last_use'][:10]}  {_size(row['size']):>9}  {visible(row['name'])}{signed}")


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size / 1e3:,.1f} kB"
