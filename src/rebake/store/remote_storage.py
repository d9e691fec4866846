"""Where ``rasa run --remote-storage aws|gcs|azure`` looks for a model: its file name in the root of a bucket."""

from __future__ import annotations

import re

from rebake.errors import UsageError
from rebake.store.addresses import open_store
from rebake.store.protocol import Store

_BUCKET = re.compile(r"(?:s3|gs|abfs|az)://[^/]+/?", re.IGNORECASE)  # what Rasa 3.6's persistors know: aws, gcs, azure


def open_remote_storage(address: str) -> Store:
    """Return the bucket or container at "s3://bucket", "gs://bucket" or "abfs://container"; it must exist.

    Raises:
        UsageError: it is none of these, or a folder in one, where Rasa would not find the model.
    """
    if not _BUCKET.fullmatch(address):
        raise UsageError(
            "The input remote-storage is not the address of a bucket.",
            fix="Write s3://bucket, gs://bucket or abfs://container: Rasa looks for models in the root of a bucket.",
        )
    return open_store(address, {})
