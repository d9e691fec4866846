"""``rebake store``: keys that sign parts."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from rebake.cli.console import say
from rebake.errors import StorageError
from rebake.store.keys import PrivateKey


def store(options: argparse.Namespace) -> int:
    """Run the action on the store that the parsed options name and return its exit code."""
    actions: dict[str, Callable[[argparse.Namespace], int]] = {"keygen": _keygen}
    return actions[options.action](options)


def _keygen(options: argparse.Namespace) -> int:
    """Write a new private key where only its owner can read it; print the public key."""
    key = PrivateKey.new()
    path = Path(options.file)
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
            file.write(key.pem)
    except FileExistsError as error:
        raise StorageError(f"{path} exists already.", fix="Name a new file: keys are never overwritten.") from error
    except OSError as error:
        raise StorageError(f"{path} cannot be written ({error.strerror or error}).") from error
    say(f"{path}: the private key, for the secret that the input signing-key reads. The public key:")
    print(key.public.text)
    return 0
