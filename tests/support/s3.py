"""Amazon's S3 on loopback, by moto, with the environment in which every client of S3 finds it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from itertools import count
from typing import Any
from unittest.mock import patch

_numbers = count(1)


@contextmanager
def s3_server(*, bucket: bool = True, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """Set the environment of S3's clients, and return the name of a new bucket; without ``bucket`` it is not made."""
    name = f"parts-{next(_numbers)}"
    address = _address()
    values = {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "an-access-key",
        "AWS_SECRET_ACCESS_KEY": "a-secret-access-key",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        **(environment or {}),
    }
    with patch.dict(os.environ, values):
        if bucket:
            client().create_bucket(Bucket=name)
        yield name


def client() -> Any:
    """boto3's client of the server."""
    import boto3

    return boto3.session.Session().client("s3", endpoint_url=_address())


@cache
def _address() -> str:
    """Start the server, once; it ends with the process."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}"
