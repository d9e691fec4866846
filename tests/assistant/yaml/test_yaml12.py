"""The YAML 1.2 reader: meaning, lines, refusals."""

import json
import math
from pathlib import Path

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rebake.assistant.yaml import yaml12
from rebake.assistant.yaml.values import plain, resolve
from rebake.assistant.yaml.yaml12 import parse_yaml, read_yaml
from rebake.errors import DataError, RebakeError, StorageError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("No", "No"),
        ("12:30", "12:30"),
        ("2020-01-01", "2020-01-01"),
        ("010", 10),
        ("0o17", 15),
        ("0x1f", 31),
        ("+3", 3),
        ("-1.5e3", -1500.0),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("~", None),
        ("null", None),
        ("", None),
        ("True", True),
        ("FALSE", False),
        ("-.inf", -math.inf),
        ("9" * 5000, "9" * 5000),
        (f"0x{'f' * 5000}", f"0x{'f' * 5000}"),
        (f"0o{'7' * 5000}", f"0o{'7' * 5000}"),
        ("²", "²"),
    ],
)
def test_plain_scalars_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    found = resolve(text)
    assert found == value
    assert type(found) is type(value)


def test_quoted_scalars_stay_text() -> None:
    assert parse_yaml("a: '12'\nb: \"true\"\nc: !!str 5\nd: ! null", "f").value == {
        "a": "12",
        "b": "true",
        "c": "5",
        "d": "null",
    }


def test_keys_items_and_block_lines_know_their_line() -> None:
    document = parse_yaml("# top\na: 1\nb:\n  - x\n\n  - y\nc: |\n  first\n\n  third\nd: 'folded\n  on'\n", "f.yml")
    value = document.value
    assert [value.line_of(key) for key in "abcd"] == [2, 3, 7, 11]
    assert list(value["b"].numbered()) == [(4, "x"), (6, "y")]
    assert value["c"].split("\n")[2] == "third"
    assert value.text_line("c", 2) == 10
    assert value.text_line("d", 1) == 11
    assert str(document.at(value.line_of("c"))) == "f.yml:7"


def test_anchors_and_merge_keys_work() -> None:
    value = parse_yaml("base: &b {x: 1, y: 2}\nuse: {<<: *b, y: 3}\nlist: [*b]\n'<<': 4", "f").value
    assert plain(value) == {"base": {"x": 1, "y": 2}, "use": {"x": 1, "y": 3}, "list": [{"x": 1, "y": 2}], "<<": 4}
    assert value["use"].line_of("x") == 1


def _laughs() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 20)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: 2\na: 3", 3, "'a' appears twice in one mapping, first on line 1"),
        ("a:\n  - b\n c: [", 3, "not valid YAML"),
        ("a: 1\n\tb: 2", 2, "spaces instead of tabs"),
        ("a: *b", 1, "no anchor"),
        ("a: &x [*x]", 1, "inside the value that it refers to"),
        ("a: 1\n--- \nb: 2", 2, "second YAML document"),
        ("? [a]\n: b", 1, "used as a key"),
        ("x: !!python/object/apply:os.system [ls]", 1, "tag"),
        ("x: !!int abc", 1, "tagged as int"),
        ("a: 1\nb: \x01", 2, "character that YAML does not allow"),
        ("[" * 3000, 1, "nested deeper"),
        ("a: {<<: 5}", 1, "'<<' needs a mapping"),
        (_laughs(), 7, "too large"),
        ("\n".join(["a0: &a0 [1]", *(f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 300))]), 100, "too deep"),
    ],
)
def test_a_broken_file_gives_one_error_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(DataError) as caught:
        parse_yaml(text, "dir/f.yml")
    assert str(caught.value.location) == f"dir/f.yml:{line}"
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_variables_stay_as_written_with_a_notice_that_hides_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "secret")
    document = parse_yaml("a: 1\nb: x ${TOKEN} y\nc: '${TOKEN}'", "f.yml")
    assert document.value == {"a": 1, "b": "x ${TOKEN} y", "c": "${TOKEN}"}
    (notice,) = document.notices
    assert str(notice.location) == "f.yml:2"
    assert "TOKEN" in notice.message
    assert "secret" not in notice.message


def test_allowed_variables_are_expanded_before_the_value_is_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPOCHS", "7")
    document = parse_yaml("epochs: ${EPOCHS}", "f.yml", env=frozenset({"EPOCHS"}))
    assert document.value == {"epochs": 7}
    assert document.notices == ()
    monkeypatch.delenv("EPOCHS")
    with pytest.raises(DataError, match=r"f\.yml:1: The environment variable 'EPOCHS' is not set"):
        parse_yaml("epochs: ${EPOCHS}", "f.yml", env=frozenset({"EPOCHS"}))


def test_escapes_of_ascii_files_become_characters_as_in_rasa() -> None:
    assert parse_yaml("a: '\\u00e9 \\ud83d\\ude00'", "f").value == {"a": "é 😀"}
    assert parse_yaml("a: 'ü \\u00e9'", "f").value == {"a": "ü \\u00e9"}
    assert parse_yaml("a: 'C:\\users'", "f").value == {"a": "C:\\users"}


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"nowhere\.yml' does not exist"):
        read_yaml(tmp_path / "nowhere.yml")
    with pytest.raises(StorageError, match="is a directory"):
        read_yaml(tmp_path)
    loop = tmp_path / "loop.yml"
    loop.symlink_to(loop)
    with pytest.raises(StorageError, match="cannot be read"):
        read_yaml(loop)
    latin = tmp_path / "latin.yml"
    latin.write_bytes("a: 1\nb: é".encode("latin-1"))
    with pytest.raises(DataError, match=r"latin\.yml:2: The file is not UTF-8"):
        read_yaml(latin)


def test_a_byte_order_mark_and_an_empty_file_are_fine(tmp_path: Path) -> None:
    marked = tmp_path / "bom.yml"
    marked.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_yaml(marked).value == {"a": 1}
    empty = tmp_path / "empty.yml"
    empty.write_text("# nothing\n")
    assert read_yaml(empty).value is None


def test_the_pure_python_parser_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: [on, 1, {b: |\n   x\n   y\n  }]\n".replace("{b: |\n   x\n   y\n  }", "2.5") + "c: |\n  x\n  y\n"
    fast = parse_yaml(text, "f").value
    monkeypatch.setattr(yaml12, "_LoaderClass", yaml.SafeLoader)
    slow = parse_yaml(text, "f").value
    assert fast == slow
    assert fast.text_line("c", 1) == slow.text_line("c", 1) == 4
    with pytest.raises(DataError, match="f:2: This is not valid YAML"):
        parse_yaml("a: 1\n b: 2: 3", "f")


_keys = st.text(max_size=100)  # YAML takes no key of more than 1,024 characters on a line, escapes included
_scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_keys, inner, max_size=4), max_leaves=20
)


@settings(deadline=None)
@given(_values)
def test_what_json_writes_is_read_back(value: object) -> None:
    # the raw ü keeps Rasa's rule for ASCII files out; YAML has no pairs of escapes for one character
    text = '{"ü": ' + json.dumps(value) + "}"
    assume("\\ud" not in text)
    assert plain(parse_yaml(text, "f").value) == {"ü": value}


def error_of(text: str) -> RebakeError | None:
    try:
        parse_yaml(text, "f")
    except RebakeError as error:
        return error
    return None


@settings(deadline=None)
@given(st.text())
def test_arbitrary_text_never_gives_another_exception(text: str) -> None:
    error = error_of(text)
    assert error is None or error.location is not None


@settings(deadline=None)
@given(st.text(alphabet="ab:-[]{}&*!|>'\"%#, \n\t<~?0.\\u", max_size=60))
def test_text_made_of_yaml_signs_never_gives_another_exception(text: str) -> None:
    error = error_of(text)
    assert error is None or error.location is not None
