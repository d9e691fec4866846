"""Whom a registry knows us as: what ``docker login`` left, or the token of a job on GitHub."""

from __future__ import annotations

import base64
import binascii
import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rebake.errors import StorageError
from rebake.store.oci.names import is_loopback

GITHUB_REGISTRY = "ghcr.io"
_GITHUB_API = "https://api.github.com"
_TOKENS = ("GITHUB_TOKEN", "GH_TOKEN")
_HELPER = re.compile(r"[A-Za-z0-9_.-]+")
_HELPER_TIMEOUT = 30  # seconds
_DOCKER_HUB = {"docker.io", "index.docker.io", "registry-1.docker.io"}
_DOCKER_HUB_KEY = "https://index.docker.io/v1/"  # what `docker login` calls it


@dataclass(frozen=True, slots=True)
class RegistryLogin:
    """A user's name and password for a registry.

    Attributes:
        basic: both, as HTTP's basic authentication encodes them; None for a registry that anybody may read.
        only_host: the one host that may see them; None where the registry may name another one that makes its tokens.
    """

    basic: str | None = field(default=None, repr=False)
    only_host: str | None = None

    def may_see(self, url: str) -> bool:
        """Return whether the password may be sent to this address, of which the registry says that it makes tokens."""
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            return False
        return self.only_host in (None, parts.hostname)


def find_login(host: str, environment: Mapping[str, str]) -> RegistryLogin:
    """Find the login for a registry, without asking it.

    Args:
        host: of the registry, with its port.
        environment: DOCKER_CONFIG names the directory of docker's config.json (by default ~/.docker). GITHUB_TOKEN and
            GH_TOKEN count for ghcr.io, where docker has no login for it and the API is github.com's.

    Raises:
        StorageError: docker's configuration cannot be read, or the program that it names does not answer.
    """
    basic = _of_docker(host, environment)
    if basic is not None:
        return RegistryLogin(basic)
    token = next((environment[name] for name in _TOKENS if environment.get(name)), None)
    if host == GITHUB_REGISTRY and token and (environment.get("GITHUB_API_URL") or _GITHUB_API) == _GITHUB_API:
        return RegistryLogin(_basic("rebake", token), only_host=GITHUB_REGISTRY)  # any user's name will do
    return RegistryLogin()


def _of_docker(host: str, environment: Mapping[str, str]) -> str | None:
    given = environment.get("DOCKER_CONFIG")
    try:
        path = (Path(given) if given else Path.home() / ".docker") / "config.json"
        content = path.read_text(encoding="utf-8")
    except (RuntimeError, FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise StorageError(f"{path} cannot be read ({_reason(error)}).") from error
    try:
        config = json.loads(content)
    except ValueError as error:
        raise StorageError(f"{path} is not JSON.", fix=f"Run `docker login {host}` again.") from error
    keys = _keys_of(host)
    helpers = _mapping(_mapping(config).get("credHelpers"))
    default = _mapping(config).get("credsStore")
    for key in keys:
        helper = helpers.get(key) or default
        if isinstance(helper, str) and helper and (found := _of_helper(helper, key)) is not None:
            return found
    auths = _mapping(_mapping(config).get("auths"))
    for key in keys:
        found = _mapping(auths.get(key)).get("auth")
        if isinstance(found, str) and found:
            return _checked(found, path, host)
    return None


def _keys_of(host: str) -> tuple[str, ...]:
    """What docker's configuration may call a registry."""
    return (_DOCKER_HUB_KEY, host) if host in _DOCKER_HUB else (host, f"https://{host}")


def _of_helper(helper: str, key: str) -> str | None:
    """Ask a program of docker's, which keeps passwords where the system does; None where it knows none."""
    if not _HELPER.fullmatch(helper):
        return None
    program = f"docker-credential-{helper}"
    try:
        done = subprocess.run(  # noqa: S603  # docker's own convention: a program on the user's PATH
            [program, "get"],
            input=key,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=_HELPER_TIMEOUT,
            check=False,
        )
    except FileNotFoundError:
        return None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StorageError(f"{program}, which docker's config.json names, does not work ({_reason(error)}).") from error
    if done.returncode:
        return None
    try:
        answer = json.loads(done.stdout)
        return _basic(answer["Username"], answer["Secret"])
    except (ValueError, LookupError, TypeError):
        return None


def _checked(found: str, path: Path, host: str) -> str:
    try:
        if b":" in base64.b64decode(found, validate=True):
            return found
    except binascii.Error:
        pass
    raise StorageError(f"{path} has a login for {host} that is broken.", fix=f"Run `docker login {host}` again.")


def _basic(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
