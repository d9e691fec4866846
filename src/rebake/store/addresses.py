"""From what a person writes to a store: ``--store``, the input ``store``."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from rebake.errors import UsageError
from rebake.store.directory_store import DirectoryStore
from rebake.store.protocol import Store

API_URL = "https://api.github.com"
STORE_TAG = "rebake-models"  # of the prerelease that keeps the parts of a repository

_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]+)://(?P<rest>.*)", re.IGNORECASE)
_PASSWORD = re.compile(r"[^/@]*:[^/@]*@")
_REPOSITORY = re.compile(r"(?P<name>[\w.-]+/[\w.-]+?)(?:#(?P<tag>[A-Za-z0-9][A-Za-z0-9._-]*))?")
_TOKENS = ("GITHUB_TOKEN", "GH_TOKEN")


def open_store(address: str, environment: Mapping[str, str]) -> Store:
    """Return the store at an address; nothing is asked of it yet.

    Args:
        address: "s3://bucket/folder" and other URLs of fsspec, "github://owner/name" (with "#tag"
            for another tag than rebake-models), "oci://ghcr.io/owner/name", "file:///directory", or a directory's path.
        environment: where GitHub's token and address, and docker's login, are found; clouds look for themselves.

    Raises:
        UsageError: it is no address of a store, it contains a password, or a library is missing.
    """
    url = _URL.fullmatch(address)
    if url is None:
        if not address.strip():
            raise UsageError(
                "The address of the store is empty.", fix="Name a directory, or a URL such as s3://bucket."
            )
        return DirectoryStore(Path(address))
    scheme, rest = url["scheme"].lower(), url["rest"]
    if _PASSWORD.match(rest) or "?" in rest or (scheme != "github" and "#" in rest):
        raise UsageError(
            f"The address {scheme}://... of the store contains a password or a query.",
            fix="Leave it out, and give credentials as docs/how-to/stores.md says.",
        )
    if "::" in rest or not rest.strip("/"):
        raise UsageError(f"{address} is not the address of a store.", fix="Write one such as s3://bucket/folder.")
    if scheme == "file":
        return DirectoryStore(Path(unquote(urlsplit(address).path)))
    if scheme == "github":
        return _release_store(rest, environment)
    if scheme == "oci":
        return _registry_store(rest, environment)
    from rebake.store.fsspec_store import FsspecStore

    return FsspecStore(f"{scheme}://{rest}")


def _registry_store(rest: str, environment: Mapping[str, str]) -> Store:
    from rebake.store.oci.names import RegistryAddress

    address = RegistryAddress.parse(rest)
    try:
        from rebake.store.oci_store import OciStore
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "oras":
            raise
        raise UsageError(
            f"The store oci://{rest} needs a library that is not installed.",
            fix="Install it with: pip install 'rebake[oci]'",
        ) from error
    return OciStore(address, environment)


def _release_store(rest: str, environment: Mapping[str, str]) -> Store:
    from rebake.store.connection import connect
    from rebake.store.release_store import ReleaseStore

    repository = _REPOSITORY.fullmatch(rest.rstrip("/"))
    if repository is None:
        raise UsageError(f"github://{rest} is not a repository.", fix="Write github://owner/name.")
    token = next((environment[name] for name in _TOKENS if environment.get(name)), None)
    connection = connect(environment.get("GITHUB_API_URL") or API_URL, repository["name"], token)
    return ReleaseStore(connection.releases, repository["tag"] or STORE_TAG, secrets.token_hex(8))
