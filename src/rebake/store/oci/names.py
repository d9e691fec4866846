"""Names in a registry: of the repository that is a store, and of the tags that are its entries."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

from rebake.errors import UsageError
from rebake.store.protocol import is_entry_name

LONGEST_TAG = 128  # characters, by the distribution specification
_LONG = re.compile(r"_[0-9a-f]{64}")  # no entry's name starts with "_"

_PATH_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"  # as the distribution specification writes it
_ADDRESS = re.compile(
    rf"(?P<host>(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::[0-9]{{1,5}})?)/(?P<repository>{_PATH_PART}(?:/{_PATH_PART})*)"
)
_LAST_PORT = 65535


@dataclass(frozen=True, slots=True)
class RegistryAddress:
    """A repository of a registry.

    Attributes:
        host: with the port, if there is one: "ghcr.io", "localhost:5000".
        repository: "owner/name".
    """

    host: str
    repository: str

    @classmethod
    def parse(cls, text: str) -> RegistryAddress:
        """Read what follows "oci://"; upper-case letters, as in the names of owners on GitHub, become lower-case ones.

        Raises:
            UsageError: it is no repository, or names a tag or a digest.
        """
        found = _ADDRESS.fullmatch(text.rstrip("/").lower())
        host = found["host"] if found is not None else ""
        port = re.search(r":([0-9]+)$", host)
        if port is not None and not 0 < int(port[1]) <= _LAST_PORT:
            raise UsageError(
                f"oci://{text} has the port {port[1]}, and ports end at {_LAST_PORT}.", fix="Write the registry's port."
            )
        if found is not None and host == "localhost":
            raise UsageError(
                f"oci://{text} names no port of this machine.", fix=f"Write oci://localhost:5000/{found['repository']}."
            )
        if found is None or not ("." in host or ":" in host):
            raise UsageError(
                f"oci://{text} is not a repository of a registry.",
                fix="Write oci://ghcr.io/owner/name, with no tag and no digest.",
            )
        return cls(host, found["repository"])

    @property
    def is_local(self) -> bool:
        """Whether the registry is on this machine, where it is asked by plain HTTP."""
        return is_loopback(self.host.rpartition(":")[0] if re.search(r":\d+$", self.host) else self.host)

    @property
    def origin(self) -> str:
        """Scheme and host, as every address of the registry starts."""
        host = "registry-1.docker.io" if self.host == "docker.io" else self.host  # the API of Docker Hub
        return f"{'http' if self.is_local else 'https'}://{host}"


def is_loopback(host: str) -> bool:
    """Return whether a host's name, or its address, is that of this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def tag_of(name: str) -> str:
    """Return the tag of an entry: its name, or a digest of it where it is too long for a tag."""
    return name if len(name) <= LONGEST_TAG else f"_{hashlib.sha256(name.encode()).hexdigest()}"


def tags_of_entries(tags: Iterable[str]) -> list[str]:
    """Return the tags that may be entries' ones, in order."""
    return sorted({tag for tag in tags if is_entry_name(tag) or _LONG.fullmatch(tag)})
