"""A project of Rasa 2 turns into one of Rasa 3: the same meaning, the same comments, and nothing else changes."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.migrate.domains import DOMAINS
from parity.migrate.random_domain import Maker
from parity.migrate.turn_back import turn_back
from rebake.assistant.domain.serialization import domain_as_dict
from rebake.assistant.importer import load_assistant
from rebake.assistant.yaml.values import plain
from rebake.assistant.yaml.writer import dump_yaml
from rebake.assistant.yaml.yaml12 import parse_yaml, read_yaml
from rebake.errors import DataError, StorageError
from rebake.migration import project
from rebake.migration.domain_text import migrated_text
from rebake.migration.project import MigratedFile, migrate_project, write_files
from rebake.migration.rasa2 import migrate_domain
from rebake.migration.source import Source
from support.paths import ROOT
from support.shared import need

BEFORE = """\
version: '2.0' # of Rasa 2

slots:
  # where to
  city:
    type: "text"
    auto_fill: false   # only the form asks

  size: {type: float, max_value: 9} # in metres
  name:
    type: text
forms:
  book_form:
    required_slots:
      # first of all
      city:   # asked first
        # by name
        - type: from_entity   # the nearest
          entity: place
          role: "to"
      size:
        - {type: from_text} # any number
  ask_form:
    ignored_intents: [chitchat]
    city:
      # as in the other form
      - entity: place
        type: from_entity
        role: to
entities: [place, name] # two
"""

AFTER = """\
version: '3.1' # of Rasa 2

slots:
  # where to
  city:
    type: "text"
    # only the form asks
    mappings:
      # by name
      - type: from_entity   # the nearest
        entity: place
        role: "to"
        conditions:
          - active_loop: book_form
          # as in the other form
          - active_loop: ask_form

  size: # in metres
    type: float
    max_value: 9
    mappings:
      - type: from_text  # any number
        conditions:
          - active_loop: book_form
            requested_slot: size
  name:
    type: text
    mappings:
      - type: from_entity
        entity: name
forms:
  book_form:
    required_slots:
      # first of all
      - city # asked first
      - size
  ask_form:
    required_slots:
      - city
    ignored_intents: [chitchat]
entities: [place, name] # two
"""


def migrated(text: str) -> str:
    """The text of a domain that is one file, migrated."""
    migration = migrate_domain([parse_yaml(text, "domain.yml")])
    return migrated_text("domain.yml", {"domain.yml": Source.of(text)}, migration, new_version="version" in text)


def test_mappings_move_to_the_slots_with_their_comments_and_nothing_else_changes() -> None:
    assert migrated(BEFORE) == AFTER


def test_the_example_of_the_docs_is_what_becomes_of_it() -> None:
    text = (ROOT / "docs" / "how-to" / "migrate.md").read_text(encoding="utf-8")
    before, after = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert migrated(before) == after


@pytest.mark.parametrize(
    ("kind", "condition"),
    [
        ("from_entity\n        entity: e", {"active_loop": "f"}),
        ("from_trigger_intent\n        value: 1", {"active_loop": "f"}),
        ("from_intent\n        value: 1", {"active_loop": "f", "requested_slot": "a"}),
        ("from_text", {"active_loop": "f", "requested_slot": "a"}),
    ],
)
def test_a_mapping_counts_while_the_form_asks_for_the_slot_unless_it_fills_the_slot_at_any_time(
    kind: str, condition: dict[str, str]
) -> None:
    text = f"slots:\n  a:\n    type: text\nforms:\n  f:\n    required_slots:\n      a:\n      - type: {kind}\n"
    slots = parse_yaml(migrated(text), "domain.yml").value["slots"]
    assert [mapping["conditions"] for mapping in slots["a"]["mappings"]] == [[condition]]


def test_a_slot_that_fills_itself_gets_the_mapping_of_its_entity_and_others_a_custom_one() -> None:
    text = (
        "entities: [a, b, c: {roles: [r]}]\nslots:\n"
        "  a: {type: text}\n  b: {type: text, auto_fill: false}\n  c: {type: text}\n  d: {type: text}\n"
    )
    migration = migrate_domain([parse_yaml(text, "domain.yml")])
    assert migration is not None
    found = {name: [mapping.migrated for mapping in mappings] for name, mappings in migration.mappings.items()}
    custom = [{"type": "custom"}]
    assert found == {"a": [{"type": "from_entity", "entity": "a"}], "b": custom, "c": custom, "d": custom}
    assert [str(notice.location) for notice in migration.notices] == ["domain.yml:4", "domain.yml:5", "domain.yml:6"]
    assert "The entity" not in migration.notices[0].message
    assert "an entity with settings" in migration.notices[1].message


def test_what_a_form_has_beside_its_slots_is_left_out_with_a_warning_at_its_line() -> None:
    text = DOMAINS["unread keys of forms"].files["domain.yml"]
    migration = migrate_domain([parse_yaml(text, "domain.yml")])
    assert migration is not None
    assert migration.required_slots == {"f": ["a"], "g": ["a"]}
    assert [str(notice.location) for notice in migration.notices] == ["domain.yml:11", "domain.yml:13", "domain.yml:16"]
    assert "The form 'f' has the key 'b' beside 'required_slots', where Rasa 2 does not read it." in str(
        migration.notices[0].message
    )


@pytest.mark.parametrize("text", [AFTER, "slots: {}\n", "version: '2.0'\nslots: {a: {type: text, mappings: []}}\n"])
def test_what_rasa_3_reads_already_is_not_migrated(text: str) -> None:
    assert migrate_domain([parse_yaml(text, "domain.yml")]) is None


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("forms:\n- f\n", 1, "list of names"),
        ("forms:\n  f: x\n", 2, "The form 'f' is text ('x')"),
        ("slots:\n  a:\nforms:\n  f: {a: []}\n", 2, "The slot 'a' has no settings"),
        ("forms:\n  f:\n    required_slots:\n      a: []\n", 4, "not under 'slots'"),
        ("slots: {a: {type: text}}\nforms:\n  f:\n    a:\n    - entity: x\n", 5, "without a type"),
        ("slots: {a: {type: text}}\nforms:\n  f:\n    a: from_text\n", 4, "must be a list"),
        ("version: '3.1'\nslots: {a: {type: text}}\n", 1, "has Rasa 2's at domain.yml:2"),
    ],
)
def test_what_cannot_be_migrated_is_refused_at_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(DataError, match=re.escape(message)) as refused:
        migrate_domain([parse_yaml(text, "domain.yml")])
    assert refused.value.location is not None
    assert refused.value.location.line == line


def test_a_name_in_two_files_of_the_domain_is_refused() -> None:
    files = [parse_yaml("slots: {a: {type: text}}\n", name) for name in ("one.yml", "two.yml")]
    with pytest.raises(DataError, match=r"in two files, first at one\.yml:1") as refused:
        migrate_domain(files)
    assert str(refused.value.location) == "two.yml:1"


def lost(notices: project.ProjectMigration) -> list[str]:
    return [notice.message for notice in notices.notices if "is lost" in notice.message]


def write(directory: Path, files: dict[str, str]) -> Path:
    directory.mkdir(exist_ok=True)
    for name, text in files.items():
        (directory / name).write_bytes(text.encode())
    return directory if len(files) > 1 else directory / "domain.yml"


@pytest.mark.parametrize("name", [name for name, domain in DOMAINS.items() if not domain.refused])
def test_every_way_to_write_a_domain_is_migrated_once(name: str, tmp_path: Path) -> None:
    """What it means is compared with Rasa's result by `python -m parity migrate`."""
    domain = write(tmp_path / "domain", DOMAINS[name].files)
    migration = migrate_project(None, domain, None)
    write_files(migration.files)
    assert migration.files
    assert lost(migration) == []
    assert migrate_project(None, domain, None).files == ()
    load_assistant(None, domain, None)


@given(st.integers(0, 2**32))
def test_of_random_domains_every_comment_is_kept_and_the_result_is_read(seed: int) -> None:
    before = Maker(seed).make().removeprefix("\ufeff").replace("\r\n", "\n")
    after = migrated(before)
    remarks = [sorted(re.findall(r"# comment \d+", text)) for text in (before, after)]
    assert remarks[0] == remarks[1]
    assert migrate_domain([parse_yaml(after, "domain.yml")]) is None


def all_back(assistant: Path, tmp_path: Path) -> tuple[dict[str, object], dict[str, object]]:
    """An assistant's domain, and what becomes of it on its way to Rasa 2 and back; mappings without their order."""
    original = read_yaml(assistant / "domain.yml").value
    domain = tmp_path / "domain.yml"
    domain.write_text(dump_yaml(turn_back(original)), encoding="utf-8")
    write_files(migrate_project(None, domain, None).files)
    both = [domain_as_dict(load_assistant(None, path, None).domain) for path in (assistant / "domain.yml", domain)]
    for one in both:
        for slot in one.get("slots", {}).values():
            slot["mappings"].sort(key=str)
    return both[0], both[1]


def test_a_domain_turned_back_to_rasa_2_is_migrated_to_itself(tmp_path: Path) -> None:
    original, result = all_back(ROOT / "examples" / "cafe", tmp_path)
    assert result == original


@pytest.mark.shared
@pytest.mark.parametrize("name", ["formbot", "travelbot", "concertbot", "moodbot", "breakoutbot", "e2ebot"])
def test_a_shared_domain_turned_back_to_rasa_2_is_migrated_to_itself(name: str, tmp_path: Path) -> None:
    """All but helpdesk, whose conditions name a requested slot where migration writes none."""
    original, result = all_back(need(f"assistants/{name}"), tmp_path)
    assert plain(result) == plain(original)


@pytest.fixture
def rasa2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of Rasa 2, with other line ends, a byte order mark, and a file without a final line feed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "domain.yml").write_bytes(b"\xef\xbb\xbf" + BEFORE.replace("\n", "\r\n").encode())
    (tmp_path / "data" / "nlu.yml").write_text('version: "2.0" # old\nnlu: []', encoding="utf-8")
    (tmp_path / "data" / "rules.yml").write_text("version: 2.0\nrules: []\n", encoding="utf-8")
    (tmp_path / "data" / "stories.yml").write_text('version: "3.0"\nstories: []\n', encoding="utf-8")
    (tmp_path / "data" / "other.yml").write_text('version: "2.0"\nservices: []\n', encoding="utf-8")
    (tmp_path / "config.yml").write_text("version: '2.0'\nlanguage: en\n", encoding="utf-8")
    return tmp_path


def contents(directory: Path) -> dict[str, bytes]:
    return {str(file.relative_to(directory)): file.read_bytes() for file in directory.rglob("*") if file.is_file()}


def test_versions_of_all_files_change_and_their_bytes_stay(rasa2: Path) -> None:
    before = contents(rasa2)
    migration = migrate_project("config.yml", "domain.yml", "data")
    assert contents(rasa2) == before
    write_files(migration.files)
    expected = before | {
        "domain.yml": b"\xef\xbb\xbf" + AFTER.replace("\n", "\r\n").encode(),
        "data/nlu.yml": b'version: "3.1" # old\nnlu: []',
        "data/rules.yml": b'version: "3.1"\nrules: []\n',
        "config.yml": b"version: '3.1'\nlanguage: en\n",
    }
    assert contents(rasa2) == expected


def test_git_applies_the_diff(rasa2: Path) -> None:
    migration = migrate_project("config.yml", "domain.yml", "data")
    diff = "".join(file.diff() for file in migration.files).encode()
    subprocess.run(["git", "apply", "-"], input=diff, cwd=rasa2, check=True)
    assert {file.path: file.new for file in migration.files}.items() <= contents(rasa2).items()


def test_the_name_of_a_file_adds_no_line_to_the_diff() -> None:
    diff = MigratedFile('a\n"b".yml', b"x\n", b"y\n").diff()
    assert diff == '--- "a/a\\n\\"b\\".yml"\n+++ "b/a\\n\\"b\\".yml"\n@@ -1 +1 @@\n-x\n+y\n'


def test_a_custom_importer_does_not_keep_files_from_being_migrated(rasa2: Path) -> None:
    (rasa2 / "config.yml").write_text("importers:\n- name: my.Importer\n", encoding="utf-8")
    migration = migrate_project("config.yml", "domain.yml", None)
    assert [file.path for file in migration.files] == ["domain.yml"]
    assert any("'my.Importer'" in str(notice) for notice in migration.notices)


def test_where_a_file_cannot_be_written_none_is(rasa2: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(rasa2)
    migration = migrate_project("config.yml", "domain.yml", "data")
    replace = Path.replace

    def fail_at_rules(self: Path, target: Path) -> Path:
        if target.name == "rules.yml":
            raise PermissionError(13, "Permission denied", str(target))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fail_at_rules)
    with pytest.raises(StorageError, match=r"rules.yml' cannot be written: Permission denied. No file is changed"):
        write_files(migration.files)
    assert contents(rasa2) == before


def test_a_file_that_changed_meanwhile_is_not_overwritten(rasa2: Path) -> None:
    migration = migrate_project("config.yml", "domain.yml", "data")
    (rasa2 / "domain.yml").write_text("intents: []\n", encoding="utf-8")
    before = contents(rasa2)
    with pytest.raises(StorageError, match="has changed"):
        write_files(migration.files)
    assert contents(rasa2) == before


def test_permissions_stay_and_a_link_stays_a_link(rasa2: Path) -> None:
    (rasa2 / "domain.yml").rename(rasa2 / "real.yml")
    (rasa2 / "real.yml").chmod(0o640)
    (rasa2 / "domain.yml").symlink_to("real.yml")
    write_files(migrate_project(None, "domain.yml", None).files)
    assert (rasa2 / "domain.yml").is_symlink()
    assert (rasa2 / "real.yml").stat().st_mode & 0o777 == 0o640
    assert migrate_project(None, "domain.yml", None).files == ()


def test_a_link_that_leads_out_of_the_project_is_not_followed_to_change_a_file(rasa2: Path) -> None:
    outside = rasa2.parent / f"{rasa2.name}-outside"
    outside.mkdir()
    (outside / "nlu.yml").write_text('version: "2.0"\nnlu: []\n', encoding="utf-8")
    (rasa2 / "data" / "link.yml").symlink_to(outside / "nlu.yml")
    with pytest.raises(DataError, match="outside of the repository") as refused:
        migrate_project("config.yml", "domain.yml", "data")
    assert str(refused.value.location) == "data/link.yml:1"
    assert migrate_project("config.yml", "domain.yml", ["data", outside]).files, "unless it is named"


def test_what_rasa_3_still_refuses_is_named(tmp_path: Path) -> None:
    domain = write(tmp_path, {"domain.yml": 'version: "2.0"\nslots:\n  a:\n    type: unfeaturized\n'})
    notices = migrate_project(None, domain, None).notices
    assert any("does not accept the migrated file yet" in notice.message for notice in notices)


def test_aliases_to_what_moves_are_written_out(tmp_path: Path) -> None:
    text = (
        "slots:\n  a: &text\n    type: text # a text\n  b: *text\n  c:\n    <<: *text # also\nforms:\n"
        "  f:\n    required_slots:\n      a: &m # free\n      - type: from_text\n"
        "  g:\n    required_slots:\n      c: *m\n"
    )
    [file] = (migration := migrate_project(None, write(tmp_path, {"domain.yml": text}), None)).files
    slots = parse_yaml(file.new.decode(), "domain.yml").value["slots"]
    loops = {name: slot["mappings"][0].get("conditions", [{}])[0].get("active_loop") for name, slot in slots.items()}
    assert loops == {"a": "f", "b": None, "c": "g"}
    assert lost(migration) == []


def test_a_section_that_cannot_be_edited_is_written_anew_and_the_comments_that_it_loses_are_named(
    tmp_path: Path,
) -> None:
    text = "slots:\n  ? a # a text\n  : type: text\n"
    text += "forms:\n  f:\n    required_slots:\n      # asked\n      a:\n      - type: from_text\n"
    [file] = (migration := migrate_project(None, write(tmp_path, {"domain.yml": text}), None)).files
    assert b"slots:\n  a:\n    type: text\n    mappings:\n" in file.new
    assert b"# asked" in file.new, "the other section is edited"
    assert lost(migration) == ["The comment '# a text' is lost."]


def test_a_file_in_which_an_anchor_would_be_lost_is_refused_as_it_is(tmp_path: Path) -> None:
    text = (
        "slots: {a: {type: text}}\nforms:\n  f:\n    required_slots:\n      a: &m\n      - type: from_text\nother: *m\n"
    )
    with pytest.raises(DataError, match="Write out what the aliases"):
        migrate_project(None, write(tmp_path, {"domain.yml": text}), None)


def test_a_comment_that_has_no_place_any_more_is_named_with_its_line(tmp_path: Path) -> None:
    text = "slots: {a: {type: text,\n  # why it is text\n  auto_fill: false}}\n"
    notices = migrate_project(None, write(tmp_path, {"domain.yml": text}), None).notices
    assert [str(notice) for notice in notices if "is lost" in notice.message] == [
        f"{tmp_path / 'domain.yml'}:2: The comment '# why it is text' is lost."
    ]


def test_what_is_no_yaml_and_no_training_data_keeps_nothing_from_being_migrated(tmp_path: Path) -> None:
    files = {
        "domain.yml": BEFORE,
        "data/movies.yml": "Aliens: the return: 1986\n",
        "data/nlu.yml": "version: '2.0'\nnlu: []\n",
    }
    (tmp_path / "data").mkdir()
    write(tmp_path, files)
    migration = migrate_project(None, tmp_path / "domain.yml", tmp_path / "data")
    assert [Path(file.path).name for file in migration.files] == ["domain.yml", "nlu.yml"]
    assert any("Skipped: no line begins with a key" in notice.message for notice in migration.notices)
    (tmp_path / "data" / "movies.yml").write_text("nlu: the return: 1986\n", encoding="utf-8")
    with pytest.raises(DataError, match="not valid YAML"):
        migrate_project(None, tmp_path / "domain.yml", tmp_path / "data")


def test_in_a_directory_of_domain_files_what_is_no_yaml_is_left_alone_unless_it_looks_like_a_domain(
    tmp_path: Path,
) -> None:
    notes = write(tmp_path, {"domain.yml": BEFORE, "notes.yml": "to do: a: b\n"}) / "notes.yml"
    migration = migrate_project(None, tmp_path, None)
    assert [Path(file.path).name for file in migration.files] == ["domain.yml"]
    assert any("no line begins with a key of a domain" in notice.message for notice in migration.notices)
    with pytest.raises(DataError, match="not valid YAML"):
        migrate_project(None, notes, None)
    notes.write_text("slots: a: b\n", encoding="utf-8")
    with pytest.raises(DataError, match="not valid YAML"):
        migrate_project(None, tmp_path, None)
