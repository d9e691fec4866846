"""Comments that silence findings."""

from __future__ import annotations

import pytest

from rebake.assistant.yaml.ignore_comments import silenced_lines

BLOCK = """\
nlu:
- intent: greet
  examples: |  # rebake: ignore a-code
    - hello

    - hi  # rebake: ignore other-code
- intent: bye
"""


@pytest.mark.parametrize(
    ("text", "silenced"),
    [
        ("a: 1  # rebake: ignore a-code\nb: 2\n", {1: {"a-code"}}),
        ("a: 1  # rebake: ignore a-code, b-code\n", {1: {"a-code", "b-code"}}),
        ("# rebake: ignore a-code\n# why: because\n\na: 1\nb: 2\n", {1: {"a-code"}, 4: {"a-code"}}),
        (BLOCK, {line: {"a-code"} for line in (3, 4, 5, 6)}),
        ("# rebake: ignore a-code\na: >-\n  one\n\n  two\nb: 1\n", {line: {"a-code"} for line in (1, 2, 3, 4, 5)}),
        ("a: 1  # rebake: ignore a-code - because\n", {1: {"a-code"}}),
        ("a: 1  # rebake: ignore a-code because\n", {1: {"a-code"}}),
        ("a: 1  # rebake: ignore\n", {1: {""}}),
        ("a: '# rebake: ignoring'\n", {}),
        ("a: 1# rebake: ignore a-code\n", {}),
        ("a: 1  #rebake:ignore a-code\r\nb: 1\r\n", {1: {"a-code"}}),
    ],
)
def test_a_comment_silences_its_line_the_one_below_or_a_block(text: str, silenced: dict[int, set[str]]) -> None:
    assert silenced_lines(text) == silenced
