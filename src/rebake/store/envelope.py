"""Signed envelopes, as the Dead Simple Signing Envelope (DSSE, version 1) has them: a payload with its signatures."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from rebake.archive.in_toto import PAYLOAD_TYPE
from rebake.store.keys import PrivateKey, PublicKey

MAX_SIZE = 1 << 20  # bytes of an envelope; those written here have less than one KiB


class SignatureError(Exception):
    """An envelope that nobody who is trusted has signed; the message completes "its signature ..."."""


def seal(statement: dict[str, Any], key: PrivateKey) -> bytes:
    """Sign an in-toto statement; one line of JSON."""
    payload = json.dumps(statement, separators=(",", ":")).encode()
    signature = {"keyid": key.public.id, "sig": base64.b64encode(key.sign(_to_sign(payload))).decode()}
    envelope = {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [signature],
    }
    return json.dumps(envelope, separators=(",", ":")).encode() + b"\n"


def open_envelope(content: bytes, keys: Sequence[PublicKey]) -> dict[str, Any]:
    """Return the statement in an envelope that one of the keys has signed. Raises SignatureError."""
    try:
        envelope = json.loads(content)
        payload = base64.b64decode(envelope["payload"], validate=True)
        kind = envelope["payloadType"]
        signatures = [base64.b64decode(each["sig"], validate=True) for each in envelope["signatures"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SignatureError("cannot be read") from error
    if kind != PAYLOAD_TYPE:
        raise SignatureError("is of another kind of document")
    # The keyid is a hint that anyone can write, so every key is tried.
    if not any(key.has_signed(signature, _to_sign(payload)) for key in keys for signature in signatures):
        raise SignatureError("was made with a key that is not trusted, or does not belong to its content")
    try:
        statement = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise SignatureError("cannot be read") from error
    if not isinstance(statement, dict):
        raise SignatureError("cannot be read")
    return statement


def _to_sign(payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding, which covers the payload's type as well."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
