"""A repository of an OCI registry, such as GitHub's ghcr.io, as a store: each entry is an artifact with a tag."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import requests

from rebake.base.files import replacing
from rebake.errors import AccessDeniedError, RateLimitError, StorageError
from rebake.store.oci.artifact import (
    EMPTY,
    MANIFEST_TYPE,
    Artifact,
    new_configuration,
    new_layer,
    new_manifest,
    parse_artifact,
)
from rebake.store.oci.client import RegistryClient, limited
from rebake.store.oci.login import GITHUB_REGISTRY, find_login
from rebake.store.oci.names import RegistryAddress, tag_of, tags_of_entries
from rebake.store.protocol import Store, StoredFile
from rebake.store.retries import CorruptTransferError, ReplyError, Retries, summary

T = TypeVar("T")

_AT_ONCE = 8  # manifests that are asked for at the same time
# Those that answer 405 to every deletion, with where it is done instead.
_NEVER_DELETE = {
    GITHUB_REGISTRY: "Delete old versions of the package in its settings on GitHub.",
    "docker.io": "Delete old tags on the website of Docker Hub.",
}
_LOST = ("DIGEST_INVALID", "SIZE_INVALID", "BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID", "MANIFEST_BLOB_UNKNOWN")


class OciStore(Store):
    """The tagged artifacts of one repository. What has no tag, or is not ours, is not an entry.

    Args:
        address: of the repository.
        environment: where docker's login, or GitHub's token, is found.
        retries: for tests; how often to try.
    """

    def __init__(
        self, address: RegistryAddress, environment: Mapping[str, str], retries: Retries | None = None
    ) -> None:
        super().__init__()
        self._address = address
        self._environment = environment
        self._retries = replace(retries or Retries(), server=address.host, explain=self._explained)
        self._open: RegistryClient | None = None
        self._known: dict[str, StoredFile | None] = {}
        self._is_listed = False

    @property
    def label(self) -> str:
        """As :attr:`Store.label`."""
        return f"oci://{self._address.host}/{self._address.repository}"

    def where(self, name: str) -> str:
        """As :meth:`Store.where`."""
        return f"The artifact {self.label}:{tag_of(name)}"

    @property
    def refuses_deletion(self) -> str:
        """As :attr:`Store.refuses_deletion`: known of some registries; others say so when asked."""
        return f"{self._address.host} does not allow deletion" if self._address.host in _NEVER_DELETE else ""

    @property
    def deletion_hint(self) -> str:
        """As :attr:`Store.deletion_hint`."""
        otherwise = "Allow deletion in the registry's own settings, or delete the tag there."
        return _NEVER_DELETE.get(self._address.host, otherwise)

    def entries(self) -> Mapping[str, StoredFile]:
        """As :meth:`Store.entries`. The tags are listed once, and the manifest of each is read."""
        if not self._is_listed:
            tags = self._do(lambda: tags_of_entries(self._client().tags()), "listing the tags")
            with ThreadPoolExecutor(max_workers=_AT_ONCE) as threads:
                found = [artifact.entry for artifact in threads.map(self._artifact, tags) if artifact is not None]
            self._known = {entry.name: entry for entry in found}
            self._is_listed = True
        return {name: entry for name, entry in self._known.items() if entry is not None}

    def look_up(self, name: str) -> StoredFile | None:
        """As :meth:`Store.look_up`, by one request."""
        if name not in self._known and not self._is_listed:
            artifact = self._artifact(tag_of(name))
            self._known[name] = None if artifact is None else artifact.entry
        return self._known.get(name)

    def download(self, name: str, path: Path) -> None:
        """As :meth:`Store.download`. Size and SHA-256 are compared with the manifest."""

        def fetch() -> None:
            artifact = self._found(tag_of(name))
            if artifact is None:
                raise StorageError(f"{self.where(name)} is gone.", fix="Run the command again.")
            with replacing(path) as temporary:
                self._fetch(artifact.entry, temporary)

        self._do(fetch, f"downloading {name}")

    def upload(self, path: Path, name: str, *, replace: bool) -> None:
        """As :meth:`Store.upload`. The tag moves to the new manifest when the registry has all of it."""
        before = self._artifact(tag_of(name))  # now: what look_up knows may be from before a training
        if before is not None and not replace:
            self._known[name] = before.entry
            return
        sent = self._do(lambda: self._sent(path, name, replace=replace), f"uploading {name}")
        self._known[name] = sent.entry
        if before is not None and before.digest != sent.digest and not self.refuses_deletion:
            with suppress(StorageError):  # without a tag it is not an entry, wherever it stays
                self._do(lambda: self._delete(before.digest), f"deleting the earlier {name}")

    def delete(self, name: str) -> None:
        """As :meth:`Store.delete`.

        Raises:
            StorageError: also where the registry lets nothing be deleted; the message says where it can be done.
        """
        artifact = self._artifact(tag_of(name))
        if artifact is not None:
            self._do(lambda: self._delete(artifact.digest), f"deleting {name}")
        self._known[name] = None

    def finish(self) -> None:
        """As :meth:`Store.finish`. Each upload was complete at once."""

    def refresh(self) -> None:
        """As :meth:`Store.refresh`."""
        super().refresh()
        self._known, self._is_listed = {}, False

    def close(self) -> None:
        """As :meth:`Store.close`."""
        if self._open is not None:
            self._open.session.close()
            self._open = None

    def _client(self) -> RegistryClient:
        if self._open is None:
            self._open = RegistryClient(self._address, find_login(self._address.host, self._environment))
        return self._open

    def _do(self, call: Callable[[], T], purpose: str) -> T:
        return self._retries(call, purpose)

    def _artifact(self, tag: str) -> Artifact | None:
        return self._do(lambda: self._found(tag), f"reading the manifest of {tag}")

    def _found(self, tag: str) -> Artifact | None:
        """What is behind a tag now, None where that is not an entry."""
        client = self._client()
        url = f"{client.prefix}://{client.container(tag).manifest_url()}"
        try:
            reply = client.do_request(url, "GET", headers={"Accept": MANIFEST_TYPE}, stream=True)
        except ReplyError as error:
            if error.status == 404:
                return None
            raise
        with reply:
            content = b"".join(limited(reply))
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        if reply.headers.get("Docker-Content-Digest", digest) != digest:
            raise CorruptTransferError("a manifest came with other bytes than its digest says")
        return parse_artifact(content, digest, tag)

    def _fetch(self, entry: StoredFile, path: Path) -> None:
        client = self._client()
        checksum = hashlib.sha256()
        reply = client.get_blob(client.container(), f"sha256:{entry.digest}", stream=True)
        with reply, path.open("wb") as file:
            for chunk in limited(reply, entry.size):
                checksum.update(chunk)
                file.write(chunk)
            size = file.tell()
        if size != entry.size:
            raise CorruptTransferError(f"{size} bytes came instead of {entry.size}")
        if checksum.hexdigest() != entry.digest:
            raise CorruptTransferError("the SHA-256 of what came is not that of the manifest")

    def _sent(self, path: Path, name: str, *, replace: bool) -> Artifact:
        """Send the file and an empty configuration, then the manifest that names both.

        Unless it replaces, what another run has written meanwhile stays: a registry moves a tag without asking.
        """
        client = self._client()
        container = client.container(tag_of(name))
        with TemporaryDirectory(prefix="rebake-") as directory:
            empty = Path(directory) / "empty.json"
            empty.write_bytes(EMPTY)
            layer, configuration = new_layer(path, name), new_configuration(empty)
            manifest = new_manifest(name, layer, configuration, datetime.now(UTC))
            with _passing():
                for file, blob in ((path, layer), (empty, configuration)):
                    _require_digest(client.upload_blob(str(file), container, blob), blob["digest"])
                there = None if replace else self._found(tag_of(name))
                if there is not None:
                    return there
                reply = client.upload_manifest(manifest, container)
        content: Any = reply.request.body
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        _require_digest(reply, digest)
        sent = parse_artifact(json.dumps(manifest).encode(), digest, tag_of(name))
        assert sent is not None, "what we write is an entry"
        return sent

    def _delete(self, digest: str) -> None:
        client = self._client()
        url = f"{client.prefix}://{client.container().manifest_url(digest)}"
        try:
            client.do_request(url, "DELETE")
        except ReplyError as error:
            if error.status == 404:
                return
            if error.status == 405 or "UNSUPPORTED" in error.message:
                raise self._undeletable() from error
            raise

    def _undeletable(self) -> StorageError:
        message = f"The registry {self._address.host} does not let rebake delete entries."
        return StorageError(message, fix=self.deletion_hint)

    def _explained(self, error: Exception, purpose: str) -> StorageError:
        """The error for the user to read."""
        kind: type[StorageError] = StorageError
        fix: str | None = None
        status = error.status if isinstance(error, ReplyError) else 0
        if status == 429:
            kind, fix = RateLimitError, "Run the command again later."
        elif status in (401, 403):
            kind, fix = AccessDeniedError, self._login_hint()
        elif isinstance(error, requests.ConnectionError):
            fix = "Check the address, and that the registry can be reached from here."
        return kind(f"The store {self.label}: {purpose} failed ({summary(error)}).", fix=fix)

    def _login_hint(self) -> str:
        command = f"Run `docker login {self._address.host}` with an account that may read and write there"
        if self._address.host != GITHUB_REGISTRY:
            return f"{command} (docs/how-to/stores.md)."
        return f"{command}, or give the job the permission packages: write (docs/how-to/stores.md)."


@contextmanager
def _passing() -> Iterator[None]:
    """A registry that received other bytes than were sent, or lost some, gets them once more."""
    try:
        yield
    except ReplyError as error:
        if any(code in error.message for code in _LOST):
            raise CorruptTransferError(error.message) from error
        raise


def _require_digest(reply: requests.Response, digest: str) -> None:
    if reply.headers.get("Docker-Content-Digest", digest) != digest:
        raise CorruptTransferError("the registry received other bytes than were sent")
