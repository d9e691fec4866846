"""Credentials for a registry: what ``docker login`` left, or the token of a job on GitHub."""

from __future__ import annotations

import base64
import binascii
import json
import os
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
_ASKED = 2  # names of a registry that a program for all registries is asked for; each takes its time
_IDENTITY_USER = "<token>"  # docker's user name for a login that is an identity token
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
    except (ValueError, RecursionError) as error:
        raise StorageError(f"{path} is not JSON.", fix=f"Run `docker login {host}` again.") from error
    keys = _keys_of(host)
    helpers = _mapping(_mapping(config).get("credHelpers"))
    default = _mapping(config).get("credsStore")
    for number, key in enumerate(keys):
        helper = helpers.get(key) or (default if number < _ASKED else None)
        if isinstance(helper, str) and helper and (found := _of_helper(helper, key, host)) is not None:
            return found
    auths = _mapping(_mapping(config).get("auths"))
    for key in keys:
        login = _mapping(auths.get(key))
        if login.get("identitytoken"):
            raise _identity_token(host, str(path))
        found = login.get("auth")
        if isinstance(found, str) and found:
            return _checked(found, path, host)
    return None


def _keys_of(host: str) -> tuple[str, ...]:
    """What docker's configuration may call a registry."""
    if host in _DOCKER_HUB:
        return (_DOCKER_HUB_KEY, host)
    addresses = (host, f"https://{host}")
    return (*addresses, *(f"{address}{path}" for path in ("/", "/v1/", "/v2/") for address in addresses))


def _of_helper(helper: str, key: str, host: str) -> str | None:
    """Ask a program of docker's, which keeps passwords where the system does; None where it knows none."""
    if not _HELPER.fullmatch(helper):
        return None
    program = f"docker-credential-{helper}"
    try:
        done = subprocess.run(  # noqa: S603  # docker's own convention: a program on the user's PATH
            [program, "get"],
            input=key.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if not _is_of_job(name)},
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
        user, password = answer["Username"], answer["Secret"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise StorageError(
            f"{program}, which docker's config.json names, does not answer as docker expects.",
            fix=f"Mend docker's configuration, or run `docker login {host}` without this program.",
        ) from error
    if user == _IDENTITY_USER:
        raise _identity_token(host, program)
    return _basic(user, password)


def _is_of_job(name: str) -> bool:
    """Whether an environment variable has the token of a job, which is not for docker's programs."""
    return name in _TOKENS or name.startswith("INPUT_")


def _identity_token(host: str, source: str) -> StorageError:
    return StorageError(
        f"The login for {host} in {source} is an identity token, which rebake cannot use.",
        fix=f"Run `docker login {host}` with a user name and a password, or with an access token as the password.",
    )


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
