"""The names that programs may rely on, and what they say to who uses them wrongly."""

from __future__ import annotations

import inspect
import pydoc
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import rebake
from rebake import Model, load_model, model_training
from rebake.assistant.files import Paths
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import Domain
from rebake.core.dialogue.events import events_from_json
from rebake.errors import UsageError
from support.assistants import write_tiny


def public(thing: object) -> set[str]:
    return {name for name in vars(thing) if not name.startswith("_")}


def test_the_public_names_are_these_and_no_others() -> None:
    assert set(rebake.__all__) == {"Model", "__version__", "load_model"}
    assert public(Model) == {"close", "core", "load", "parse", "parse_all", "predict_next"}
    assert set(model_training.__all__) == {
        "CODE_CORE_NEEDS_TO_BE_RETRAINED",
        "CODE_FORCED_TRAINING",
        "CODE_NLG_NEEDS_TO_BE_RETRAINED",
        "CODE_NLU_NEEDS_TO_BE_RETRAINED",
        "FingerprintComparisonResult",
        "ProjectImporter",
        "TrainingResult",
        "dry_run_result",
        "handle_domain_if_not_exists",
        "train",
        "train_async",
        "train_core",
        "train_core_async",
        "train_nlu",
        "train_nlu_async",
    }


def test_a_shell_completes_names_that_are_loaded_on_demand() -> None:
    code = "import rebake; print(*dir(rebake))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"Model", "load_model", "__version__"} <= set(printed)


@pytest.mark.parametrize("name", ["train", "train_core", "train_nlu"])
def test_help_explains_arguments_results_and_errors_with_an_example_that_can_be_typed(name: str) -> None:
    function = getattr(model_training, name)
    text = pydoc.plain(pydoc.render_doc(function))
    for section in ("Args:", "Returns:", "Raises:", "Example:"):
        assert section in text
    assert f">>> {'result = ' if name == 'train' else ''}{name}(" in text
    assert "await" not in text
    arguments = text.partition("Args:")[2].partition("Returns:")[0]
    assert all(f"{parameter}:" in arguments for parameter in inspect.signature(function).parameters)
    assert "await" in (getattr(model_training, f"{name}_async").__doc__ or "")


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(write_tiny(tmp_path))
    return tmp_path


def test_a_domain_may_be_a_path_several_paths_or_a_domain(tiny: Path, caplog: pytest.LogCaptureFixture) -> None:
    domain = load_assistant("config.yml", "domain.yml", "data").domain
    (tiny / "more.yml").write_text('version: "3.1"\n', encoding="utf-8")
    domains: tuple[Paths | Domain, ...] = (tiny / "domain.yml", "domain.yml", ["domain.yml", tiny / "more.yml"], domain)
    for given in domains:
        result = model_training.train(given, tiny / "config.yml", [tiny / "data"], tiny / "models", dry_run=True)
        assert result == (None, 7)
    assert "Duplicate" not in caplog.text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"core_additional_arguments": {"augmentation": 5}}, "core_additional_arguments has no key 'augmentation'."),
        ({"nlu_additional_arguments": {"num_thread": 5}}, "Did you mean 'num_threads'? Known are num_threads."),
    ],
)
def test_unknown_additional_arguments_are_refused(tiny: Path, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        model_training.train("domain.yml", "config.yml", "data", dry_run=True, **arguments)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("events", "error", "message"),
    [
        ([{"evnt": "user"}], UsageError, "The event {'evnt': 'user'} has no key 'event'. Write it as {'event': 'user'"),
        ([{"event": "usr"}], UsageError, "'usr' is not an event"),
        (["user"], TypeError, "An event is a mapping, such as"),
    ],
)
def test_a_wrong_event_is_named(events: list[Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        events_from_json(events)
    assert message in str(caught.value)


def test_what_is_no_text_or_list_is_a_type_error(monkeypatch: pytest.MonkeyPatch) -> None:
    model = object.__new__(Model)
    wrong: Any = None
    for call, message in (
        (lambda: model.parse(wrong), "A text to parse is a str, not NoneType."),
        (lambda: model.parse_all("hello"), "parse_all takes a list of texts, not str."),
        (lambda: model.predict_next(wrong), "predict_next takes a list of events, not NoneType."),
        (lambda: load_model(wrong), "NoneType"),
    ):
        with pytest.raises(TypeError, match=message):
            call()
