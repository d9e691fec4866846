"""From what a person writes to a store."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from rebake.errors import UsageError
from rebake.store.addresses import open_store
from rebake.store.credentials import without_secrets
from rebake.store.directory_store import DirectoryStore
from rebake.store.fsspec_store import FsspecStore
from rebake.store.release_store import ReleaseStore


def test_a_path_or_a_file_url_is_a_directory(tmp_path: Path) -> None:
    for address in (str(tmp_path), f"file://{tmp_path}", "relative/place", "C:/models"):
        store = open_store(address, {})
        assert isinstance(store, DirectoryStore)
        assert store.label == address.removeprefix("file://")
    spaces = open_store("file:///shared/two%20words", {})
    assert isinstance(spaces, DirectoryStore)
    assert spaces.directory == Path("/shared/two words")


def test_a_repository_is_the_store_of_its_releases() -> None:
    store = open_store("github://owner/name", {"GITHUB_TOKEN": "t"})
    assert isinstance(store, ReleaseStore)
    assert store.tag == "rebake-models"
    other = open_store("github://owner/name.js#our-parts", {})
    assert isinstance(other, ReleaseStore)
    assert other.tag == "our-parts"


def test_other_urls_are_those_of_fsspec() -> None:
    for address in ("memory://place/parts", "S3://bucket/folder/", "s3://bucket"):
        store = open_store(address, {})
        assert isinstance(store, FsspecStore)
        assert store.where("x.json") == f"The object {address.lower().rstrip('/')}/x.json"


@pytest.mark.parametrize(
    "address",
    ["", " ", "s3://", "s3:///", "github://owner", "github://a/b/c", "nonsense://x", "s3://zip::x", "memory:///"],
)
def test_what_is_no_address_is_a_mistake_of_usage(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_store(address, {})
    assert caught.value.fix


@pytest.mark.parametrize(
    "address",
    [
        "s3://key:pa55word@bucket/x",
        "oci://user:pa55word@ghcr.io/owner/name",
        "github://x:pa55word@owner/name",
        "abfs://container/x?sig=pa55word",
        "s3://bucket/x#pa55word",
        "sftp://user:pa55word@host/x",
    ],
)
def test_an_address_with_a_credential_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_store(address, {})
    assert "pa55word" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "module", "extra"),
    [("s3://b", "s3fs", "s3"), ("gs://b", "gcsfs", "gs"), ("abfs://c", "adlfs", "azure")],
)
def test_a_missing_extra_is_one_message_with_the_command(
    address: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    imported = importlib.import_module("fsspec.registry")._registry  # file systems that an earlier test used
    monkeypatch.delitem(imported, address.partition("://")[0], raising=False)
    with pytest.raises(UsageError, match=rf"pip install 'rebake\[{extra}\]'"):
        open_store(address, {})


def test_what_a_library_says_is_repeated_without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", "AccountKey=abcdefgh")
    said = (
        "GET https://u:secret1@host/p?sig=secret2&x=1 failed\nwith wJalrXUtnFEMI, Bearer secret3.x-y, "
        "AccountKey=abcdefgh, but s3://bucket/x and user@host are harmless"
    )
    shown = without_secrets(said)
    for secret in ("secret1", "secret2", "secret3", "wJalr", "abcdefgh", "\n"):
        assert secret not in shown
    assert "s3://bucket/x and user@host are harmless" in shown
