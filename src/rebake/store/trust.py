"""Whom a run believes that an entry of a store is what its name says: anybody who may write there, or who signs.

A signature is an in-toto statement about the file, which binds its bytes to one name, hence one part with one
fingerprint, and to one repository. So it does not count for another part, an older or newer one, or elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rebake.archive.in_toto import STATEMENT_TYPE, statement
from rebake.base.version import __version__
from rebake.store.envelope import SignatureError, open_envelope, seal
from rebake.store.keys import PrivateKey, PublicKey

SIGNATURE_SUFFIX = ".sig"
ENTRY_TYPE = "https://github.com/rebake/rebake/entry/v1"  # docs/explanation/security.md defines it


@dataclass(frozen=True, slots=True)
class Trust:
    """Signed entries alone are trusted.

    Attributes:
        repository: the address of the repository that the entries are of, e.g. "https://github.com/acme/bot".
        keys: those that are trusted.
        signing_key: signs what this run publishes; None for a run that can only verify.
    """

    repository: str
    keys: tuple[PublicKey, ...]
    signing_key: PrivateKey | None = field(default=None, repr=False)

    def sign(self, name: str, digest: str) -> bytes | None:
        """Sign an entry with this SHA-256; None without a key to sign with."""
        if self.signing_key is None:
            return None
        predicate = {"repository": self.repository.lower(), "tool": {"name": "rebake", "version": __version__}}
        return seal(statement({name: digest}, ENTRY_TYPE, predicate), self.signing_key)

    def require(self, signature: bytes, name: str, digest: str) -> None:
        """Raise SignatureError unless a trusted key has signed the entry of this name with this SHA-256."""
        signed = open_envelope(signature, self.keys)
        if (signed.get("_type"), signed.get("predicateType")) != (STATEMENT_TYPE, ENTRY_TYPE):
            raise SignatureError("is of another kind of document")
        predicate: Any = signed.get("predicate")
        if not isinstance(predicate, Mapping) or predicate.get("repository") != self.repository.lower():
            raise SignatureError("was made for another repository")
        subject = signed.get("subject")
        if subject == [{"name": name, "digest": {"sha256": digest}}]:
            return
        names = [each.get("name") for each in subject if isinstance(each, Mapping)] if isinstance(subject, list) else []
        raise SignatureError("was made for other content" if names == [name] else "was made for another file")
