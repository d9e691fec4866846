"""The workflow that runs the action for the assistants of a repository."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from rebake.assistant.discovery import FoundAssistant
from rebake.errors import DataError

CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"
ACTION, DEFAULT_REF = "rebake/rebake", "v0"
DEFAULTS = {"config": "config.yml", "domain": "domain.yml", "data": "data", "test-stories": "tests"}  # of action.yml
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*[A-Za-z0-9]|[A-Za-z]")
_NOT_TEXT = re.compile(r"(?i)true|false|yes|no|on|off|null|[0-9._-]+(e[0-9]+)?|0x[0-9a-f]+")
_COMMIT = re.compile(r"[0-9a-f]{40}")

_HEAD = """\
name: model
on:
  pull_request:
  push: {{ branches: [{branch}], tags: ["*"] }}
  merge_group:
concurrency:
  group: ${{{{ github.workflow }}}}-${{{{ github.ref }}}}
  cancel-in-progress: ${{{{ github.event_name == 'pull_request' }}}}
permissions:
  contents: write # the store's prerelease, the model on a tag's release
  pull-requests: write # the comment
  statuses: write # the commit status rebake/model
jobs:
  model:
    runs-on: ubuntu-latest
"""


def workflow_text(assistants: Sequence[FoundAssistant], branch: str, ref: str = DEFAULT_REF) -> str:
    """Write the workflow; several assistants are a matrix.

    Args:
        assistants: one or more.
        branch: the default branch.
        ref: commit, tag or branch of the action.

    Raises:
        DataError: a path has an expression of GitHub's in it, which the workflow would run.
    """
    inputs = [_inputs(assistant) for assistant in assistants]
    keys = [key for key in ("working-directory", *DEFAULTS) if any(key in one for one in inputs)]
    lines = []
    if len(inputs) > 1:
        lines += ["    strategy:", "      fail-fast: false", "      matrix:", "        include:"]
        for one in inputs:
            values = ", ".join(f"{key}: {_scalar(one.get(key, DEFAULTS.get(key, '.')))}" for key in keys)
            lines.append(f"          - {{ {values} }}")
    lines += ["    steps:", f"      - uses: {CHECKOUT}", "        with: { persist-credentials: false }"]
    pin = "" if _COMMIT.fullmatch(ref) else " # zizmor: ignore[unpinned-uses] a moving tag, as of every action's major"
    lines.append(f"      - uses: {ACTION}@{ref}{pin}")
    if keys:
        lines.append("        with:")
        for key in keys:
            value = f"${{{{ matrix.{key} }}}}" if len(inputs) > 1 else _scalar(inputs[0][key])
            lines.append(f"          {key}: {value}")
    return _HEAD.format(branch=_scalar(branch)) + "\n".join(lines) + "\n"


def _inputs(assistant: FoundAssistant) -> dict[str, str]:
    """The inputs that differ from the action's defaults."""
    given = {
        "config": assistant.config,
        "domain": assistant.domain or DEFAULTS["domain"],
        "data": "\n".join(assistant.data),
        "test-stories": "\n".join(assistant.tests) or DEFAULTS["test-stories"],
    }
    inputs = {} if str(assistant.directory) == "." else {"working-directory": str(assistant.directory)}
    inputs |= {key: value for key, value in given.items() if value != DEFAULTS[key]}
    for value in inputs.values():
        if "${{" in value:
            raise DataError(f"GitHub would run the expression in the path '{value}'.", fix="Rename it.")
    return inputs


def _scalar(text: str) -> str:
    """The text as YAML: plain where that is safe."""
    return text if _PLAIN.fullmatch(text) and not _NOT_TEXT.fullmatch(text) else json.dumps(text, ensure_ascii=False)
