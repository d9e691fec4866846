"""A new component, or policy, is one entry and one file: everything else knows it from there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rebake.archive.graph import predict_graph, train_graph
from rebake.archive.manifest import PARTS
from rebake.archive.metadata import build_metadata, read_metadata, resolve, write_metadata
from rebake.assistant.model import Assistant
from rebake.base.training_context import TrainingContext
from rebake.core.agent import load_policies, train_policies
from rebake.errors import DataError
from rebake.nlu.pipeline import load_pipeline, train_pipeline
from rebake.registry.entry import Entry
from rebake.registry.lookup import COMPONENTS, POLICIES, registered, supported_names
from rebake.registry.node import pipeline_nodes, policy_nodes
from rebake.registry.options import Choice, Flag, WholeNumber
from rebake.staleness.fingerprints import fingerprint
from rebake.validation.assistant import check_assistant
from support.assistant_files import load, write
from support.docs import component_table
from support.paths import ROOT

ALL = frozenset(PARTS)
SHOUTER = '''
class Shouter:
    """Finds words in capitals, as often as its option says, if it has seen any in training."""

    def __init__(self, options, node):
        self.loudness, self.seen = options["loudness"], False

    def train(self, training, context):
        self.seen = any(message.text.isupper() for message in training.messages)
        return {"heard": float(self.seen)}

    def process(self, messages, *, training=False):
        for message in messages:
            if self.seen and message.text.isupper():
                message.entities.append({"entity": "shout", "value": message.text * self.loudness})

    def save(self, directory):
        (directory / "seen.json").write_text("true" if self.seen else "false")

    @classmethod
    def load(cls, options, node, directory):
        component = cls(options, node)
        component.seen = directory is not None and (directory / "seen.json").read_text() == "true"
        return component
'''
PARROT = '''
from rebake.core.policy import PolicyPrediction


class Parrot:
    """Always says the last action of the domain."""

    def __init__(self, options, node):
        self.options = options

    def train(self, trackers, domain, context, end_to_end=None):
        return {"turns": 1.0}

    def predict(self, tracker, domain, rule_only, end_to_end=None):
        from rebake.assistant.domain.names import action_names

        actions = action_names(domain)
        return PolicyPrediction([0.0] * (len(actions) - 1) + [1.0], "Parrot", self.options["priority"])

    def save(self, directory):
        (directory / "parrot.json").write_text("{}")

    @classmethod
    def load(cls, options, node, directory):
        return cls(options, node)
'''
SPLITTER = '''
from rebake.nlu.message import Token


class Splitter:
    """Splits single words, and has no options."""

    def __init__(self, options, node):
        pass

    def process(self, messages, *, training=False):
        for message in messages:
            message.tokens["text"] = [Token(message.text, 0, len(message.text), message.text)]
'''
FILES = {
    "config.yml": "assistant_id: x\nlanguage: en\npipeline:\n- name: WhitespaceTokenizer\n- name: Shouter\n"
    "  loudness: 2\n  colour: red\npolicies:\n- name: Parrot\n  priority: 7\n",
    "domain.yml": 'version: "3.1"\nintents: [greet]\nresponses:\n  utter_greet:\n  - text: hi\n',
    "data/all.yml": 'version: "3.1"\nnlu:\n- intent: greet\n  examples: |\n    - hello\n    - HI\n'
    "stories:\n- story: s\n  steps:\n  - intent: greet\n  - action: utter_greet\n",
}


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Entry, Entry]]:
    """Each by a separate file and an entry."""
    write(tmp_path / "code", {"made_up_shouter.py": SHOUTER, "made_up_parrot.py": PARROT})
    monkeypatch.syspath_prepend(str(tmp_path / "code"))
    shouter = Entry(
        name="Shouter",
        rasa_class="rasa.nlu.extractors.shouter.Shouter",
        kind="extractor",
        options={
            "loudness": WholeNumber(least=1, most=10, default=3),
            "mood": Choice(("calm", "angry"), default="calm"),
            "is_logged": Flag(default=False, changes_model=False),
        },
        implementation="made_up_shouter:Shouter",
        reads=frozenset({"intents"}),
        needs=frozenset({"tokens"}),
        provides=frozenset({"entities"}),
    )
    parrot = Entry(
        name="Parrot",
        rasa_class="rasa.core.policies.parrot.Parrot",
        kind="policy",
        options={"priority": WholeNumber(default=1)},
        implementation="made_up_parrot:Parrot",
    )
    with registered(shouter), registered(parrot):
        yield shouter, parrot
    assert not {"Shouter", "Parrot"} & {*COMPONENTS, *POLICIES}


def read(folder: Path, old: str = "", new: str = "") -> Assistant:
    return load(write(folder / "project", {**FILES, "config.yml": FILES["config.yml"].replace(old, new)}))


def prints(assistant: Assistant) -> dict[str, str]:
    found = fingerprint(assistant, parts=ALL)
    return {name: record.fingerprint for name, record in found.components.items()}


@pytest.mark.usefixtures("made_up")
def test_validation_knows_it(tmp_path: Path) -> None:
    notices = [str(notice) for notice in check_assistant(read(tmp_path), ALL, to_train=True)]
    assert any("config.yml:7: pipeline: Shouter has no option 'colour'" in notice for notice in notices)
    for old, new, place in (
        ("loudness: 2", "loudness: 11", r"config\.yml:6: The option loudness of Shouter .*\(11\).* from 1 to 10"),
        ("  colour: red", "  mood: sad", r"config\.yml:7: The option mood of Shouter .*'sad'.* calm or angry"),
        ("priority: 7", "priority: high", r"config\.yml:10: The option priority of Parrot .*'high'"),
        ("- name: WhitespaceTokenizer\n", "", r"config\.yml:4: pipeline: Shouter needs a tokenizer before it"),
        ("name: Shouter", "name: Shoutr", "Did you mean 'Shouter'"),
        ("name: Parrot", "name: Parot", "Did you mean 'Parrot'"),
    ):
        with pytest.raises(DataError, match=place):
            check_assistant(read(tmp_path, old, new), ALL, to_train=False)


def test_fingerprints_know_it(tmp_path: Path, made_up: tuple[Entry, Entry]) -> None:
    before = prints(read(tmp_path))
    assert {"Shouter1", "Parrot0"} <= before.keys()

    def changed(old: str, new: str) -> set[str]:
        after = prints(read(tmp_path, old, new))
        return {name for name in before if before[name] != after[name]}

    assert changed("loudness: 2", "loudness: 4") == {"Shouter1"}
    assert changed("loudness: 2", "loudness: 2\n  is_logged: true") == set()
    assert changed("priority: 7", "priority: 8") == {"Parrot0"}
    assert made_up[0].merged({})["loudness"] == 3


@pytest.mark.usefixtures("made_up")
def test_it_is_trained_written_and_read_back(tmp_path: Path) -> None:
    assistant = read(tmp_path)
    nlu, core = pipeline_nodes(assistant.config), policy_nodes(assistant.config)
    assert train_graph(nlu, core, language="en")["train_Shouter1"]["uses"] == "rasa.nlu.extractors.shouter.Shouter"
    assert predict_graph(nlu, core)["run_Parrot0"]["resource"] == {"name": "train_Parrot0"}
    components = tmp_path / "model" / "components"
    components.mkdir(parents=True)
    config = assistant.config
    heard = train_pipeline(config.pipeline, assistant, TrainingContext(), components, lambda _: None)
    assert heard.metrics == {"Shouter1.heard": 1.0}
    train_policies(config.policies, assistant, TrainingContext(), components)
    metadata = build_metadata(assistant, nlu=nlu, core=core, components=components)
    write_metadata(json.loads(json.dumps(metadata)), tmp_path / "model")
    stored = read_metadata(tmp_path / "model")
    loaded = resolve(stored.nlu, "pipeline")
    [result] = load_pipeline(loaded, components).parse_all(["HO"])
    assert result["entities"] == [{"entity": "shout", "value": "HOHO"}]
    model = load_policies(resolve(stored.core, "policies"), components, assistant.domain)
    assert [prediction.priority for prediction in model.decisions(model.tracker([])).values()] == [7]


def test_a_check_looks_for_entities_inside_of_its_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "code", {"made_up_splitter.py": SPLITTER})
    monkeypatch.syspath_prepend(str(tmp_path / "code"))
    splitter = Entry(
        name="Splitter",
        rasa_class="rasa.nlu.tokenizers.splitter.Splitter",
        kind="tokenizer",
        trained=False,
        implementation="made_up_splitter:Splitter",
        provides=frozenset({"tokens"}),
        splits_at_blanks=True,
    )
    data = FILES["data/all.yml"].replace("- HI", "- '[HI](noise)hi'")
    config = "assistant_id: x\nlanguage: en\npipeline:\n- name: Splitter\n- name: CRFEntityExtractor\n"
    with registered(splitter):
        assistant = load(write(tmp_path / "project", {**FILES, "config.yml": config, "data/all.yml": data}))
        notices = [str(notice) for notice in check_assistant(assistant, frozenset({"nlu"}), to_train=False)]
    assert any("The entity 'HI' does not begin and end where a token does" in notice for notice in notices)


def test_the_documentation_must_name_it(made_up: tuple[Entry, Entry]) -> None:
    table = component_table()
    assert "| [Shouter](#shouter) | supported | |\n" in table
    assert table not in (ROOT / "docs" / "reference" / "components.md").read_text(encoding="utf-8")
    assert all(entry.name in supported_names(entry.section) for entry in made_up)
