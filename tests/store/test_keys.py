"""Keys as inputs: what is read, and what is refused without repeating it."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from rebake.errors import UsageError
from rebake.store.keys import PrivateKey, read_private_key, read_public_keys

KEY = PrivateKey(bytes(range(32)))
PUBLIC_PEM = (
    load_pem_private_key(KEY.pem.encode(), None)
    .public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    .decode()
)


def test_a_private_key_is_read_as_pem_or_as_seed() -> None:
    seed = base64.b64encode(KEY.seed).decode()
    for text in (KEY.pem, f"\n{KEY.pem}\n", seed, f" {seed}\n", KEY.pem.replace("\n", "\r\n")):
        assert read_private_key(text, "input signing-key") == KEY
    assert PrivateKey.new() != PrivateKey.new()


def test_public_keys_are_read_as_pem_or_in_base64() -> None:
    other = PrivateKey.new().public
    assert read_public_keys(PUBLIC_PEM, "x") == (KEY.public,)
    assert read_public_keys(f"{KEY.public.text}\n{other.text}\n", "x") == (KEY.public, other)
    assert read_public_keys(f"{PUBLIC_PEM}{PUBLIC_PEM}", "x") == (KEY.public, KEY.public)
    for text in ("", " ", "\n\t\n"):
        with pytest.raises(UsageError, match="The x has no key"):
            read_public_keys(text, "x")


def rsa(*, password: bytes | None = None) -> str:
    encryption = NoEncryption() if password is None else BestAvailableEncryption(password)
    key = generate_private_key(65537, 1024)  # quick to make, and refused all the same
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


def test_what_is_no_ed25519_key_is_refused_without_repeating_it() -> None:
    encrypted = (
        load_pem_private_key(KEY.pem.encode(), None)
        .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
        .decode()
    )
    cut = KEY.pem.replace("M", "", 1)
    for text in ("hunter2", base64.b64encode(b"x" * 31).decode(), rsa(), encrypted, cut, PUBLIC_PEM, "\xe9" * 44):
        with pytest.raises(UsageError, match="The input signing-key is not an Ed25519 private key") as caught:
            read_private_key(text, "input signing-key")
        assert text.split("\n")[0] not in str(caught.value) or text.startswith("-----")
        assert not any(line in str(caught.value) for line in text.splitlines() if len(line) > 20)
    for text in (KEY.pem, rsa(), "hunter2"):
        with pytest.raises(UsageError, match="is not an Ed25519 public key"):
            read_public_keys(text, "input verify-key")


def test_neither_half_is_taken_for_the_other_when_checking() -> None:
    signature = KEY.sign(b"message")
    assert KEY.public.has_signed(signature, b"message")
    for key, bytes_, message in (
        (PrivateKey.new().public, signature, b"message"),
        (KEY.public, signature, b"messagf"),
        (KEY.public, signature[:-1], b"message"),
        (KEY.public, b"", b"message"),
    ):
        assert not key.has_signed(bytes_, message)
