"""Credentials must not appear in messages, wherever an address or an error has them from."""

from __future__ import annotations

import os
import re

from rebake.base.visible import one_line

MASK = "***"

_SECRET_NAME = re.compile(r".*(KEY|TOKEN|SECRET|PASSWORD|CONNECTION_STRING)")  # of environment variables
_SHORTEST = 8  # characters; masking a shorter value would hide ordinary words

_IN_ADDRESS = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^\s/@:]*:[^\s/@]*@", re.IGNORECASE)
_QUERY = re.compile(r"(?P<address>[a-z][a-z0-9+.-]*://[^\s?#]*)[?#]\S+", re.IGNORECASE)
_HEADER = re.compile(r"\b(?P<scheme>Bearer|Basic)\s+[\w.~+/=-]+", re.IGNORECASE)


def without_secrets(text: str) -> str:
    """Return text as one line without passwords and queries in addresses, and without values of secret variables."""
    text = _QUERY.sub(rf"\g<address>?{MASK}", _IN_ADDRESS.sub(rf"\g<scheme>{MASK}@", one_line(text)))
    text = _HEADER.sub(rf"\g<scheme> {MASK}", text)
    for name, value in os.environ.items():
        if len(value) >= _SHORTEST and _SECRET_NAME.fullmatch(name):
            text = text.replace(value, MASK)
    return text
