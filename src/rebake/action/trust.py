"""Whose parts a run takes from the store: what the inputs trust, signing-key and verify-key ask for."""

from __future__ import annotations

from rebake.action.event import Event
from rebake.errors import UsageError
from rebake.store.keys import PrivateKey, PublicKey
from rebake.store.trust import Trust


def require_useful_keys(is_signed: bool, signing_key: PrivateKey | None, verify_key: tuple[PublicKey, ...]) -> None:
    """Refuse keys that protect nothing, where somebody believes to be protected. Raises UsageError."""
    if is_signed and signing_key is None and not verify_key:
        raise UsageError(
            "The input trust is signed, but there is no key to verify signatures with.",
            fix=(
                "Set verify-key to the public key, and signing-key where parts are signed. A secret is empty in jobs "
                "that may not see it (docs/explanation/security.md)."
            ),
        )
    if not is_signed and (signing_key is not None or verify_key):
        name = "verify-key" if signing_key is None else "signing-key"
        raise UsageError(
            f"The input {name} is set, but trust is any, which accepts everybody's parts.",
            fix="Set trust to signed, or leave the key out (docs/explanation/security.md).",
        )


def trust_of(
    is_signed: bool, signing_key: PrivateKey | None, verify_key: tuple[PublicKey, ...], event: Event
) -> Trust | None:
    """Return whose parts are taken; None for those of everybody who may write to the store."""
    if not is_signed:
        return None
    own = (signing_key.public,) if signing_key is not None else ()
    return Trust(event.repository_url, (*own, *verify_key), signing_key)
