"""A bucket as a store, on moto's server: what goes wrong there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rebake.errors import AccessDeniedError, StorageError
from rebake.store.fsspec_store import FsspecStore
from rebake.store.protocol import part_name
from support.s3 import client, s3_server
from support.store import A, B, archive

pytestmark = pytest.mark.slow

SECRET = "a-secret-access-key"


@contextmanager
def opened(url: str) -> Iterator[FsspecStore]:
    store = FsspecStore(url)
    yield store
    store.close()


@contextmanager
def answering(status: int, body: str) -> Iterator[str]:
    """A server with the same answer to everything."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body.encode())

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answer

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_bucket_without_a_folder_is_a_store(tmp_path: Path) -> None:
    with s3_server() as bucket, opened(f"s3://{bucket}") as store:
        store.publish_part("nlu", A, archive(tmp_path, "nlu", A))
        assert [entry["Key"] for entry in client().list_objects(Bucket=bucket)["Contents"]] == [part_name("nlu", A)]


def test_a_bucket_that_is_missing_is_an_error_and_not_an_empty_store() -> None:
    with (
        s3_server(bucket=False) as bucket,
        opened(f"s3://{bucket}/parts") as store,
        pytest.raises(StorageError, match=f"no bucket or container {bucket}") as caught,
    ):
        store.find("nlu", A)
    assert caught.value.exit_code == 74
    assert caught.value.fix


def test_a_server_that_cannot_be_reached_is_an_error_of_storage(tmp_path: Path) -> None:
    with s3_server(bucket=False, environment={"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}), opened("s3://b/p") as store:
        with pytest.raises(StorageError, match=r"cannot be used to list parts \(EndpointConnectionError") as caught:
            store.find("nlu", A)
        with pytest.raises(StorageError):
            store.publish_part("nlu", A, archive(tmp_path, "nlu", A))
    assert caught.value.exit_code == 74
    assert caught.value.fix


@pytest.mark.parametrize(
    ("status", "code"), [(403, "AccessDenied"), (403, "InvalidAccessKeyId"), (403, "SignatureDoesNotMatch")]
)
def test_who_is_denied_is_told_which_credentials_are_needed(status: int, code: str) -> None:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>No, {SECRET}</Message></Error>"
    with (
        answering(status, body) as address,
        s3_server(bucket=False, environment={"AWS_ENDPOINT_URL": address}),
        opened("s3://b/p") as store,
        pytest.raises(AccessDeniedError, match="AWS_ACCESS_KEY_ID") as caught,
    ):
        store.find("nlu", A)
    assert caught.value.exit_code == 74
    assert SECRET not in str(caught.value)


def test_without_credentials_the_message_says_where_they_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with s3_server() as bucket:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        with opened(f"s3://{bucket}/p") as store, pytest.raises(AccessDeniedError, match="AWS_PROFILE"):
            store.find("nlu", A)


def test_what_arrives_cut_is_refused(tmp_path: Path) -> None:
    with s3_server() as bucket, opened(f"s3://{bucket}/p") as store:
        store.publish_part("nlu", A, archive(tmp_path, "nlu", A))
        assert store.find("nlu", A) is not None  # its size is known from now on
        client().put_object(Bucket=bucket, Key=f"p/{part_name('nlu', A)}", Body=b"short")
        stored = store.find("nlu", A)
        assert stored is not None
        with pytest.raises(StorageError, match="5 bytes instead of"):
            store.fetch(stored, tmp_path)
        assert not (tmp_path / stored.name).exists()


def test_only_files_of_the_folder_itself_are_entries() -> None:
    with s3_server() as bucket:
        bare = client()
        for key in ("p/rebake.json", f"p/deeper/{part_name('nlu', B)}", "p/.hidden", "p-and-more/rebake.json"):
            bare.put_object(Bucket=bucket, Key=key, Body=b"x")
        with opened(f"s3://{bucket}/p") as store:
            assert list(store.entries()) == ["rebake.json"]


def loops() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "rebake-store"]


def test_after_closing_no_thread_is_left_and_the_store_can_be_used_again(tmp_path: Path) -> None:
    with s3_server() as bucket, opened(f"s3://{bucket}/p") as store:
        store.publish_part("nlu", A, archive(tmp_path, "nlu", A))
        assert loops()
        store.close()
        assert not loops()
        stored = store.find("nlu", A)
        assert stored is not None
        store.fetch(stored, tmp_path)
