"""Ed25519 keys as people keep them: a secret of the repository, and the public key that belongs to it.

``cryptography`` is imported by those functions that need it: a run without keys does without.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field

from rebake.errors import UsageError

_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)
_SIZE = 32  # bytes of a raw key, public or private
_MAKE_ONE = "`rebake store keygen FILE` makes one."


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Checks signatures; ``raw`` are the 32 bytes of RFC 8032."""

    raw: bytes

    @property
    def id(self) -> str:
        """What names the key in a signature: the beginning of its SHA-256."""
        return hashlib.sha256(self.raw).hexdigest()[:16]

    @property
    def text(self) -> str:
        """The key in base64, as the input verify-key takes it."""
        return base64.b64encode(self.raw).decode()

    def has_signed(self, signature: bytes, message: bytes) -> bool:
        """Whether the signature of a message was made with this key's private half."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """Makes signatures. Its representation does not show it."""

    seed: bytes = field(repr=False)

    @property
    def public(self) -> PublicKey:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return PublicKey(Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """Return the signature, 64 bytes; the same message gets the same."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)

    @property
    def pem(self) -> str:
        """The key in the form that OpenSSL and the input signing-key read."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        key = Ed25519PrivateKey.from_private_bytes(self.seed)
        return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    @classmethod
    def new(cls) -> PrivateKey:
        """Make a key at random."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(Ed25519PrivateKey.generate().private_bytes_raw())


def read_private_key(text: str, name: str) -> PrivateKey:
    """Read a private key: PEM (PKCS #8, not encrypted), or the 32 bytes of its seed in base64.

    Args:
        text: never repeated in a message.
        name: of the input or option, for messages.

    Raises:
        UsageError: it is no such key.
    """
    found = _PEM.search(text)
    if found is None:
        return PrivateKey(_raw(text, name, "private"))
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(found[0].encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise _wrong(name, "private")
    return PrivateKey(key.private_bytes_raw())


def read_public_keys(text: str, name: str) -> tuple[PublicKey, ...]:
    """Read public keys: PEM blocks one after the other, or one key in base64 per line.

    Raises:
        UsageError: it is no such key, or there is none.
    """
    if not text.strip():
        raise UsageError(f"The {name} has no key.", fix=f"Give an Ed25519 public key. {_MAKE_ONE}")
    blocks = [found[0] for found in _PEM.finditer(text)]
    if not blocks:
        return tuple(PublicKey(_raw(line, name, "public")) for line in text.split())
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    keys = []
    for block in blocks:
        try:
            key = load_pem_public_key(block.encode())
        except (ValueError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PublicKey):
            raise _wrong(name, "public")
        keys.append(PublicKey(key.public_bytes_raw()))
    return tuple(keys)


def _raw(text: str, name: str, half: str) -> bytes:
    try:
        raw = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _SIZE:
        raise _wrong(name, half)
    return raw


def _wrong(name: str, half: str) -> UsageError:
    return UsageError(
        f"The {name} is not an Ed25519 {half} key.",
        fix=f"Give it as PEM without a password, or as 32 bytes in base64. {_MAKE_ONE}",
    )
