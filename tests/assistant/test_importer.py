"""A project on disk: which files are read, as what, in which order; config.yml."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebake.assistant.domain.reader import DOMAIN_KEYS
from rebake.assistant.importer import ProjectImporter, load_assistant
from rebake.assistant.keys import DATA_KEYS
from rebake.assistant.stories.reader import STEP_KEYS
from rebake.errors import DataError, RebakeError, StorageError, UnsupportedError
from support.assistant_files import load, write

STORY = "stories:\n- story: {name}\n  steps:\n  - intent: a\n"
CONFIG = "recipe: default.v1\nassistant_id: x\nlanguage: en\n"


def names(directory: Path, *paths: str) -> list[str]:
    stories = load_assistant(None, None, [directory / path for path in paths]).stories
    return [story.name for story in stories]


def test_files_are_read_recursively_sorted_and_once(tmp_path: Path) -> None:
    files = {
        f"data/{name}": STORY.format(name=name)
        for name in ("b.yml", "a.yaml", "sub/c.yml", "a.b/d.yml", ".hidden/e.yml")
    }
    write(tmp_path, {**files, "data/readme.md": "# nothing", "data/x.txt": "nothing"})
    expected = [".hidden/e.yml", "a.b/d.yml", "a.yaml", "b.yml", "sub/c.yml"]
    assert names(tmp_path, "data") == expected
    assert names(tmp_path, "data", "data/sub", "data") == expected


def test_one_file_may_hold_everything(tmp_path: Path) -> None:
    text = (
        "version: '3.1'\nintents: [a]\nactions: [act]\nnlu:\n- intent: a\n  examples: |\n    - hi\n"
        "stories:\n- story: s\n  steps:\n  - intent: a\n  - action: act\n"
        "rules:\n- rule: r\n  steps:\n  - intent: a\n  - action: act\nresponses:\n  utter_x:\n  - text: x\n"
    )
    write(tmp_path, {"all.yml": text})
    assistant = load_assistant(None, tmp_path / "all.yml", tmp_path / "all.yml")
    assert [story.name for story in assistant.stories] == ["s", "r"]
    assert len(assistant.nlu.examples) == 1
    assert [response.name for response in assistant.domain.responses] == ["utter_x"]
    assert assistant.notices == ()
    assert assistant.files == (str(tmp_path / "all.yml"),)


def test_what_is_not_read_is_reported(tmp_path: Path) -> None:
    files = {
        "data/domain.yml": "intents: [a]\n",
        "data/empty.yml": "# nothing\n",
        "data/list.yml": "- a\n",
        "data/other.yml": "storis: []\n",
        "data/x.json": "{}",
        "data/mixed.yml": "nlu: []\nslots: {}\nfoo: 1\n",
    }
    assistant = load(write(tmp_path, files))
    reported = {str(notice).removeprefix(f"{tmp_path}/data/") for notice in assistant.notices}
    assert reported == {
        "domain.yml:1: Skipped: the file contains no training data, only 'intents'. It looks like a domain file.",
        "empty.yml:1: The file is empty.",
        "list.yml:1: Skipped: the file contains a list, no training data.",
        "other.yml:1: Skipped: the file contains no training data, only 'storis'. Did you mean 'stories'?",
        "x.json:1: Skipped: the file contains no training data.",
        "mixed.yml:2: 'slots' is read from domain files alone; this is a data file.",
        "mixed.yml:3: Unknown key 'foo'.",
    }


def test_a_file_that_is_no_yaml_is_skipped_unless_it_looks_like_training_data(tmp_path: Path) -> None:
    write(tmp_path, {"data/a.yml": STORY.format(name="a"), "data/movies.yml": "Alien\nAliens: the return: 1986\n"})
    assistant = load(tmp_path)
    assert [story.name for story in assistant.stories] == ["a"]
    [notice] = assistant.notices
    assert str(notice).startswith(f"{tmp_path}/data/movies.yml:2: Skipped: no line begins with a key of training data")
    assert "This is not valid YAML: mapping values are not allowed" in notice.message
    for text in ("nlu:\n- intent: a: b\n", "version: 1: 2\n  'stories' : []\n", '{"rules": [\n', "x: {\nresponses:\n"):
        (tmp_path / "data" / "movies.yml").write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match="This is not valid YAML"):
            load(tmp_path)
    (tmp_path / "data" / "movies.yml").write_bytes(b"Am\xe9lie: a: b\n")
    with pytest.raises(DataError, match="UTF-8"):
        load(tmp_path)


def test_in_a_directory_of_domain_files_what_is_no_yaml_is_skipped_unless_it_looks_like_a_domain(
    tmp_path: Path,
) -> None:
    write(tmp_path, {"domain/a.yml": "intents: [a]\n", "domain/notes.yml": "to do: a: b\n"})
    assistant = load_assistant(None, tmp_path / "domain", None)
    assert "a" in {intent.name for intent in assistant.domain.intents}
    assert any("no line begins with a key of a domain" in notice.message for notice in assistant.notices)
    (tmp_path / "domain" / "notes.yml").write_text("intents: a: b\n", encoding="utf-8")
    (tmp_path / "domain" / "a.yml").write_text("slots: [\n", encoding="utf-8")
    importer = ProjectImporter(None, tmp_path / "domain", None)
    with pytest.raises(DataError, match="This is not valid YAML") as refused:
        importer.load()
    assert len(refused.value.others) == 1, "both files are named"
    assert list(importer.notices) == [], "that there is no domain would be a wrong cause"


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    write(tmp_path, {"data/a.yml": STORY.format(name="a"), "elsewhere/b.yml": STORY.format(name="b")})
    (tmp_path / "data" / "loop").symlink_to(tmp_path / "data")
    (tmp_path / "data" / "more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data" / "broken.yml").symlink_to(tmp_path / "nowhere")
    assistant = load(tmp_path)
    assert [story.name for story in assistant.stories] == ["a", "b"]
    reported = " ".join(str(notice) for notice in assistant.notices)
    assert "leads back to a directory above it" in reported
    assert "broken.yml" in reported


def test_places_are_as_the_user_gave_the_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"data/a.yml": STORY.format(name="a"), "config.yml": CONFIG})
    monkeypatch.chdir(tmp_path)
    assistant = load_assistant("config.yml", None, "./data")
    assert [str(story.location) for story in assistant.stories] == ["data/a.yml:2"]
    assert str(assistant.config.location) == "config.yml:1"


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_missing_path_is_one_error_that_names_it(tmp_path: Path, place: int) -> None:
    with pytest.raises(StorageError, match=r"nowhere\.yml"):
        load_assistant(*[tmp_path / "nowhere.yml" if index == place else None for index in range(3)])


def test_a_directory_as_config_and_a_markdown_file_as_data_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="is a directory"):
        load_assistant(tmp_path, None, None)
    write(tmp_path, {"stories.md": "## happy\n"})
    with pytest.raises(DataError, match=r"is Markdown\. Training data is written as YAML"):
        load_assistant(None, None, tmp_path / "stories.md")


def test_a_markdown_file_of_blank_lines_takes_no_time(tmp_path: Path) -> None:
    write(tmp_path, {"data/a.md": "* a" + "\n" * 40_000 + "b", "data/b.md": "* greet\n\n  - utter_greet\n"})
    began = time.monotonic()
    notices = load_assistant(None, None, tmp_path / "data").notices
    assert time.monotonic() - began < 2
    assert [Path(n.location.file).name for n in notices if n.location and "Markdown" in n.message] == ["b.md"]


def test_the_importer_reads_only_what_is_asked_for(tmp_path: Path) -> None:
    write(tmp_path, {"config.yml": "recipe: graph.v1", "data/a.yml": STORY.format(name="a")})
    importer = ProjectImporter(tmp_path / "config.yml", None, [str(tmp_path / "data")])
    assert [story.name for story in importer.get_stories()] == ["a"]
    assert not importer.get_nlu_data()
    assert importer.get_domain().is_empty
    with pytest.raises(DataError, match=r"config\.yml:1"):
        importer.get_config()


def config(tmp_path: Path, text: str) -> list[tuple[str, dict[str, object], int]]:
    assistant = load(write(tmp_path, {"config.yml": text}))
    return [(c.name, dict(c.options), c.location.line) for c in assistant.config.pipeline]


def test_components_know_options_and_line(tmp_path: Path) -> None:
    text = (
        CONFIG
        + "pipeline:\n- name: WhitespaceTokenizer\n- name: DIETClassifier\n  epochs: 5\n  on: off\npolicies: []\n"
    )
    assert config(tmp_path, text) == [
        ("WhitespaceTokenizer", {}, 5),
        ("DIETClassifier", {"epochs": 5, "on": "off"}, 6),
    ]
    read = load(tmp_path).config
    assert (read.policies, read.policies_is_default, read.pipeline_is_default) == ((), False, False)


@pytest.mark.parametrize("text", [CONFIG, CONFIG + "pipeline:\npolicies: null\n"])
def test_missing_components_mean_rasas_defaults(tmp_path: Path, text: str) -> None:
    assert [name for name, _, _ in config(tmp_path, text)] == [
        "WhitespaceTokenizer",
        "RegexFeaturizer",
        "LexicalSyntacticFeaturizer",
        "CountVectorsFeaturizer",
        "CountVectorsFeaturizer",
        "DIETClassifier",
        "EntitySynonymMapper",
        "ResponseSelector",
        "FallbackClassifier",
    ]
    read = load(tmp_path).config
    assert read.pipeline_is_default
    assert read.policies_is_default
    assert [spec.name for spec in read.policies] == [
        "MemoizationPolicy",
        "RulePolicy",
        "UnexpecTEDIntentPolicy",
        "TEDPolicy",
    ]
    assert read.policies[3].options == {"max_history": 5, "epochs": 100, "constrain_similarities": True}


@pytest.mark.parametrize(
    ("text", "error", "line", "words"),
    [
        ("- a", DataError, 1, "must be a mapping"),
        ("language: en\nrecipe: graph.v1", UnsupportedError, 2, "default.v1"),
        ("importers:\n- name: my.Importer", UnsupportedError, 1, "runs no code"),
        ("importers: 5", UnsupportedError, 1, "The importer a number .5. cannot be run"),
        ("language: 5", DataError, 1, "'language' must be text"),
        ("pipeline: supervised_embeddings", DataError, 1, "must be a list"),
        ("pipeline:\n- name: A\n- epochs: 5", DataError, 3, "A component has no 'name'"),
        ("policies:\n- 5", DataError, 2, "A policy must be a mapping"),
    ],
)
def test_a_mistake_in_the_configuration_is_one_error(
    tmp_path: Path, text: str, error: type[DataError], line: int, words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        config(tmp_path, text)
    assert caught.value.location is not None
    assert caught.value.location.line == line


def test_unknown_keys_and_a_missing_assistant_id_are_reported(tmp_path: Path) -> None:
    write(tmp_path, {"config.yml": "language: en\npolicy: []\nassistant_id: placeholder_default\n"})
    reported = [str(notice).removeprefix(f"{tmp_path}/") for notice in load(tmp_path).notices]
    assert reported == [
        "config.yml:2: Unknown key 'policy' in the configuration. Did you mean 'policies'?",
        "config.yml:3: The configuration has no 'assistant_id'. Set one that is unique.",
    ]


_keys = st.sampled_from([*DATA_KEYS, *DOMAIN_KEYS, "version", "config", "recipe", "pipeline", "policies"]) | (
    st.sampled_from([*STEP_KEYS, "examples", "story", "rule", "steps", "text", "name", "type", "mappings", "condition"])
)
_leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["3.1", "- a\n- [b](c)"])
_content = st.recursive(
    _leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=5), max_leaves=30
)


@settings(deadline=None)
@given(st.dictionaries(_keys, _content))
def test_no_content_of_a_file_gives_another_exception(content: dict[str, object]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "all.yml")
        path.write_text(json.dumps(content))
        for arguments in ((path, None, None), (None, path, None), (None, None, path)):
            error = error_of(*arguments)
            assert error is None or (error.location is not None and error.location.line >= 1)


def error_of(config: Path | None, domain: Path | None, data: Path | None) -> RebakeError | None:
    try:
        load_assistant(config, domain, data)
    except RebakeError as error:
        return error
    return None


def test_reading_needs_neither_numpy_nor_tensorflow() -> None:
    code = """
import sys
import rebake.assistant.importer, rebake.validation.assistant
print({"numpy", "tensorflow"} & set(sys.modules))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
