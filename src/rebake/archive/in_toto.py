"""in-toto statements: what is said of files that are named with their digests (in-toto Attestation Framework, v1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"  # of a statement in a signed envelope


def statement(subjects: Mapping[str, str], predicate_type: str, predicate: Mapping[str, Any]) -> dict[str, Any]:
    """Return a statement about files.

    Args:
        subjects: name of a file -> its SHA-256 as 64 hex digits; at least one.
        predicate_type: URI of what is said.
        predicate: what is said, as JSON.
    """
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in subjects.items()],
        "predicateType": predicate_type,
        "predicate": dict(predicate),
    }
