"""``rebake pull``: a model that CI has trained; its path is all that goes to stdout."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rebake.archive.scratch import temporary_directory
from rebake.assistant.importer import load_assistant
from rebake.base.confinement import confined_to
from rebake.base.json_text import dumped
from rebake.base.notices import Notices
from rebake.base.visible import one_line
from rebake.build.fetching import TRAINED_PARTS
from rebake.build.output import working_directory
from rebake.build.plan import NO_BASELINE, Baseline, Plan, make_plan
from rebake.build.request import Request
from rebake.cli.console import Waiting, print_notices, say
from rebake.cli.files import files_of, require_assistant
from rebake.cli.keys import given_keys, trust_of
from rebake.cli.outputs import note_new_directory
from rebake.cli.repository import api_of, repository_of
from rebake.cli.revisions import at_revision, require_in_work_tree
from rebake.cli.stores import assistant_slug, missing_parts
from rebake.errors import DataError, RebakeError, StorageError, UsageError
from rebake.staleness.git.history import work_tree
from rebake.staleness.git.trees import History, Revision
from rebake.store.addresses import open_store
from rebake.store.directory import models, newest_model
from rebake.store.keys import PublicKey
from rebake.store.names import asset_slug
from rebake.store.protocol import Store


@dataclass(frozen=True)
class Pulled:
    """What came of it.

    Attributes:
        model: the archive.
        is_new: whether it was written now.
        tag: whose release it is from.
        commit: that it is of; None for the working directory and for a release.
    """

    model: Path
    is_new: bool
    tag: str | None = None
    commit: str | None = None


def pull(options: argparse.Namespace) -> int:
    """Get the model, and print its path."""
    keys = given_keys(options.verify_key)
    note_new_directory(options.out)
    pulled = _of_working_directory(options, keys) if options.ref is None else _of_ref(options, options.ref, keys)
    if not pulled.is_new:
        say("The model is here already.")
    if options.format == "json":
        facts = {"model": str(pulled.model), "written": pulled.is_new, "tag": pulled.tag, "commit": pulled.commit}
        sys.stdout.write(dumped({"format": 1, **facts}))
    else:
        print(pulled.model)
    return 0


def _of_ref(options: argparse.Namespace, ref: str, keys: Sequence[PublicKey]) -> Pulled:
    """What git calls a branch or a commit is one; other names are those of tags, here or only on GitHub."""
    if work_tree(Path.cwd()) is None:
        if options.repository is None:
            raise UsageError(
                f"{Path.cwd()} is not in a git work tree.", fix="Use --repository OWNER/NAME and the tag of a release."
            )
        return _of_release(options, ref, keys, None)
    with History(Path.cwd()) as history:
        try:
            revision = history.revision(ref)
        except UsageError:
            revision = None
        if revision is not None and not history.has_tag(ref):
            return _of_commit(options, history, revision, keys)
        return _of_release(options, ref, keys, None if revision is None else (history, revision))


def _of_release(
    options: argparse.Namespace, tag: str, keys: Sequence[PublicKey], tagged: tuple[History, Revision] | None
) -> Pulled:
    """The model on a tag's release; where a tag of this clone has none, the model of its commit."""
    from rebake.store.connection import connect  # PyGithub: a store elsewhere does without
    from rebake.store.released import download_released, find_released

    try:
        server, repository = repository_of(options.repository)
    except UsageError as error:
        if options.repository is not None:
            raise
        if tagged is not None:
            return _of_commit(options, *tagged, keys)
        raise UsageError(f"There is no commit {tag!r} in this clone. {error.message}", fix=error.fix) from error
    slug = assistant_slug(options.config) if options.name is None else asset_slug(options.name)
    releases = connect(api_of(server), repository, _token()).releases
    with temporary_directory() as scratch:
        found = find_released(releases, repository, tag, slug, scratch)
    if found is None:
        if tagged is not None:
            say(f"The tag {one_line(tag)} has no release: its commit is used instead.")
            return _of_commit(options, *tagged, keys)
        hint = "" if _token() else " Set GITHUB_TOKEN if the repository is private."
        raise StorageError(
            f"{repository} has no release {tag!r}, and this clone has no commit of that name.",
            fix=f"Give the tag of a release, or a commit or branch that was fetched, such as origin/main.{hint}",
        )
    out = Path(options.out)
    with working_directory(out) as scratch, Waiting(f"Downloading {found.name}"):
        model, is_new, origin = download_released(releases, found, out, keys, scratch)
    if origin:
        say(one_line(origin))
    return Pulled(model, is_new, tag=tag)


def _of_commit(options: argparse.Namespace, history: History, revision: Revision, keys: Sequence[PublicKey]) -> Pulled:
    """The model of the files that a commit has, from the parts of the store."""
    require_in_work_tree(history, options)
    baseline = _baseline(options)
    with at_revision(history, revision) as root:
        try:
            with confined_to(root):
                plan = _plan(options, baseline)
        except RebakeError as error:
            raise DataError(f"The assistant at {one_line(revision.name)} cannot be read. {error}") from error
    return replace(_assembled(options, plan, keys, one_line(revision.name)), commit=revision.commit)


def _of_working_directory(options: argparse.Namespace, keys: Sequence[PublicKey]) -> Pulled:
    require_assistant(options)
    return _assembled(options, _plan(options, _baseline(options), use_cache=True), keys, "the working directory")


def _baseline(options: argparse.Namespace) -> Baseline:
    """The newest model here, which may be the wanted one already. Nobody has signed it, so keys leave it out."""
    return NO_BASELINE if options.verify_key else Baseline.of_model(newest_model(Path(options.out)))


def _plan(options: argparse.Namespace, baseline: Baseline, *, use_cache: bool = False) -> Plan:
    """The plan for the files that are now in the working directory; nothing is left to read afterwards."""
    domain, data = files_of(options)
    env = frozenset(options.env)
    request = Request(
        assistant=load_assistant(options.config, domain, data, env=env, use_cache=use_cache),
        output=Path(options.out),
        augmentation_factor=options.augmentation,
        reuse_only=True,
    )
    return make_plan(request, baseline)


def _assembled(options: argparse.Namespace, plan: Plan, keys: Sequence[PublicKey], name: str) -> Pulled:
    """The model of a plan, from models here and from the store, which is only opened for what no model here has."""
    from rebake.build.assembly import assemble  # with NumPy, which a download does without

    signed = bool(options.verify_key)
    here = [] if signed else models(plan.request.output)
    parts = [part for part in TRAINED_PARTS if part in plan.fingerprints.parts] if signed else missing_parts(plan)
    store = _open(options, keys) if parts else None
    notices = Notices()
    with temporary_directory() as scratch, Waiting("Getting the parts of the model"):
        try:
            result = assemble(plan, store, scratch, parts=parts, name=name, here=here, notices=notices)
        finally:
            if store is not None:
                store.close()
    print_notices(notices)
    for part, archive in result.reused.items():
        say(f"{part}: from {one_line(archive)}")
    return Pulled(result.model, result.written)


def _open(options: argparse.Namespace, keys: Sequence[PublicKey]) -> Store:
    """The store of the options; with keys, of which only signed parts are found."""
    if options.store is None:
        server, repository = repository_of(options.repository)
        store = open_store(f"github://{repository}", {**os.environ, "GITHUB_API_URL": api_of(server)})
    else:
        store = open_store(options.store, os.environ)
    store.trust = trust_of(keys, options.repository) if options.verify_key else None
    return store


def _token() -> str | None:
    return os.environ.get("GITHUB_TOKEN") or os.environ.get("GH_TOKEN") or None
