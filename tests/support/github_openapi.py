"""GitHub's own description of its API, cut down to what rebake uses: the double is held to it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from openapi_schema_validator import OAS30Validator

PACKAGE = "@octokit/openapi@23.0.2"
MEMBER = "package/generated/api.github.com.json"
REPOSITORY = "/repos/{owner}/{repo}"
PATHS = (
    f"{REPOSITORY}/releases",
    f"{REPOSITORY}/releases/tags/{{tag}}",
    f"{REPOSITORY}/releases/{{release_id}}",
    f"{REPOSITORY}/releases/{{release_id}}/assets",
    f"{REPOSITORY}/releases/assets/{{asset_id}}",
    f"{REPOSITORY}/issues/{{issue_number}}/comments",
    f"{REPOSITORY}/issues/comments/{{comment_id}}",
    f"{REPOSITORY}/statuses/{{sha}}",
    f"{REPOSITORY}/pulls",
    f"{REPOSITORY}/actions/runs/{{run_id}}",
    f"{REPOSITORY}/actions/runs/{{run_id}}/artifacts",
    f"{REPOSITORY}/actions/artifacts/{{artifact_id}}/{{archive_format}}",
    "/user",
)
# Named after what was cut out, so that an older one is not taken for it.
_CUT = hashlib.sha256("\n".join(PATHS).encode()).hexdigest()[:8]
CACHE = Path(__file__).resolve().parents[2] / ".cache" / f"github-openapi-23.0.2-{_CUT}.json"
ANY_TIME = {401, 403, 404, 422, 429, 500, 502, 503, 504}  # replies that GitHub may give to anything


def load_description() -> Description:
    """Checks against the cut-down description; skips the test where it is not available (.ci/run requires it)."""
    if not CACHE.exists():
        try:
            _fetch()
        except (OSError, subprocess.SubprocessError, KeyError) as error:
            message = f"GitHub's API description ({PACKAGE} from npm) is not available: {error}"
            if os.environ.get("REBAKE_REQUIRE_TEST_DATA") == "true":
                pytest.fail(message)
            pytest.skip(message)
    return _read()


@cache
def _read() -> Description:
    return Description(json.loads(CACHE.read_text(encoding="utf-8")))


def _fetch() -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("npm is not installed")
    with tempfile.TemporaryDirectory() as place:
        subprocess.run(
            [npm, "pack", "--silent", PACKAGE], cwd=place, check=True, capture_output=True, timeout=300, text=True
        )
        with tarfile.open(next(Path(place).glob("*.tgz"))) as archive:
            member = archive.extractfile(MEMBER)
            if member is None:
                raise KeyError(MEMBER)
            full = json.load(member)
    CACHE.parent.mkdir(parents=True, exist_ok=True)
    temporary = CACHE.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps(_cut(full)), encoding="utf-8")
    temporary.replace(CACHE)


def _cut(full: dict[str, Any]) -> dict[str, Any]:
    """The used paths, and of the components what they refer to, without examples."""
    paths = _without_examples({path: full["paths"][path] for path in PATHS})
    components: dict[str, dict[str, Any]] = {}
    waiting = _references(paths)
    while waiting:
        _, _, kind, name = waiting.pop().split("/")
        if name not in components.setdefault(kind, {}):
            components[kind][name] = _without_examples(full["components"][kind][name])
            waiting |= _references(components[kind][name])
    return {"paths": paths, "components": components}


def _references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(_references(inner) for inner in value.values()))
    return set().union(*(_references(inner) for inner in value)) if isinstance(value, list) else set()


def _without_examples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_examples(inner) for key, inner in value.items() if key != "examples"}
    return [_without_examples(inner) for inner in value] if isinstance(value, list) else value


class Description:
    """Checks single requests and replies; finds what is wrong, raises nothing."""

    def __init__(self, description: dict[str, Any]) -> None:
        self._paths = description["paths"]
        self._components = description["components"]
        self._validators: dict[str, OAS30Validator] = {}
        self._patterns = [
            (re.compile("/".join("[^/]+" if part.startswith("{") else part for part in path.split("/"))), path)
            for path in sorted(self._paths, key=lambda path: path.count("{"))
        ]

    def wrong_request(self, method: str, path: str, query: dict[str, str], body: Any) -> list[str]:
        """What is wrong with a request; ``body`` is None where it is no JSON."""
        operation = self._operation(method, path)
        if operation is None:
            return [f"{method} {path} is not described"]
        problems = []
        known = {self._resolved(parameter)["name"] for parameter in operation.get("parameters", [])}
        problems += [f"{method} {path}: unknown query {name}" for name in query if name not in known]
        content = self._resolved(operation.get("requestBody", {})).get("content", {}).get("application/json")
        if content is not None and body is not None:
            problems += self._wrong(f"{method} {path} request", content["schema"], body, closed=True)
        return problems

    def smallest(self, method: str, path: str, status: int) -> Any:
        """The smallest body that the description allows for a reply, or for an entry of one that is a list."""
        operation = self._operation(method, path)
        assert operation is not None, f"{method} {path} is not described"
        schema = self._resolved(operation["responses"][str(status)])["content"]["application/json"]["schema"]
        return self._smallest(schema.get("items", schema))

    def _smallest(self, schema: dict[str, Any]) -> Any:
        schema = self._resolved(schema)
        if schema.get("nullable"):
            return None
        if "enum" in schema:
            return schema["enum"][0]
        for choice in ("oneOf", "anyOf", "allOf"):
            if choice in schema:
                return self._smallest(schema[choice][0])
        if schema.get("type") == "object" or "properties" in schema:
            return {name: self._smallest(schema["properties"][name]) for name in schema.get("required", ())}
        texts = {"uri": "https://github.example/x", "date-time": "2026-01-01T00:00:00Z"}
        simple = {"array": [], "integer": 1, "number": 1, "boolean": False}
        return simple.get(schema.get("type", "string"), texts.get(schema.get("format", ""), "x"))

    def wrong_reply(self, method: str, path: str, status: int, body: Any) -> list[str]:
        """What is wrong with a reply; ``body`` is None where it is empty or no JSON."""
        operation = self._operation(method, path)
        if operation is None:
            return []
        reply = operation["responses"].get(str(status))
        if reply is None:
            return [] if status in ANY_TIME else [f"{method} {path}: status {status} is not described"]
        content = self._resolved(reply).get("content", {}).get("application/json")
        if content is None or body is None:
            return []
        return self._wrong(f"{method} {path} {status}", content["schema"], body)

    def _operation(self, method: str, path: str) -> dict[str, Any] | None:
        for pattern, name in self._patterns:
            if pattern.fullmatch(path):
                operation: dict[str, Any] | None = self._paths[name].get(method.lower())
                return operation
        return None

    def _resolved(self, value: dict[str, Any]) -> dict[str, Any]:
        reference = value.get("$ref")
        if reference is None:
            return value
        _, _, kind, name = reference.split("/")
        found: dict[str, Any] = self._components[kind][name]
        return found

    def _wrong(self, what: str, schema: dict[str, Any], body: Any, *, closed: bool = False) -> list[str]:
        if what not in self._validators:
            self._validators[what] = OAS30Validator({"components": self._components, "allOf": [schema]})
        problems = [
            f"{what}: {'.'.join(map(str, error.absolute_path))}: {error.message[:300]}"
            for error in self._validators[what].iter_errors(body)
        ]
        if closed and isinstance(body, dict):
            problems += [f"{what}: unknown key {key}" for key in body if key not in schema.get("properties", {})]
        return problems
