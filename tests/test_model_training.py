"""The public API: the names, parameters, defaults and behaviours of Rasa 2.8's module of training."""

from __future__ import annotations

import asyncio
import inspect
import logging
import tarfile
from pathlib import Path
from typing import Any

import pytest

from rebake import load_model
from rebake import model_training as api
from rebake.errors import DataError, StorageError, UsageError
from support.assistants import append, edit, write_tiny

FORM = "forms: {drink_form: {required_slots: [drink]}}\nresponses:\n  utter_ask_drink: [{text: Which one?}]\n"
FINETUNING = ["model_to_finetune", "finetuning_epoch_fraction"]


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(write_tiny(tmp_path))
    return tmp_path


def names(function: object) -> list[str]:
    return list(inspect.signature(function).parameters)  # type: ignore[arg-type]


def defaults(function: object) -> dict[str, object]:
    parameters = inspect.signature(function).parameters.values()  # type: ignore[arg-type]
    return {p.name: p.default for p in parameters if p.default is not inspect.Parameter.empty}


def test_parameters_and_defaults_are_those_of_rasa_2_8() -> None:
    nlu_options = ["fixed_model_name", "persist_nlu_training_data"]
    additional = ["core_additional_arguments", "nlu_additional_arguments"]
    train = ["domain", "config", "training_files", "output", "dry_run", "force_training"]
    train += [*nlu_options, *additional, *FINETUNING]
    core = ["domain", "config", "stories", "output", "train_path", "fixed_model_name", "additional_arguments"]
    core += FINETUNING
    nlu = ["config", "nlu_data", "output", "train_path", *nlu_options, "additional_arguments", "domain", *FINETUNING]
    for function, coroutine, parameters in (
        (api.train, api.train_async, train),
        (api.train_core, api.train_core_async, core),
        (api.train_nlu, api.train_nlu_async, nlu),
    ):
        assert names(function) == names(coroutine) == parameters
        assert defaults(function) == defaults(coroutine)
        assert inspect.iscoroutinefunction(coroutine)
    assert defaults(api.train) == {
        "output": "models", "dry_run": False, "force_training": False, "fixed_model_name": None,
        "persist_nlu_training_data": False, "core_additional_arguments": None, "nlu_additional_arguments": None,
        "model_to_finetune": None, "finetuning_epoch_fraction": 1.0,
    }  # fmt: skip
    assert names(api.handle_domain_if_not_exists) == ["file_importer", "output_path", "fixed_model_name"]
    assert inspect.iscoroutinefunction(api.handle_domain_if_not_exists)
    assert api.TrainingResult() == (None, 0)


def test_dry_run_result_gives_the_codes_and_texts_of_rasa_2_8() -> None:
    compared = api.FingerprintComparisonResult
    assert api.dry_run_result(compared()) == (
        7,
        [
            "Core model should be retrained.",
            "NLU model should be retrained.",
            "Responses in the domain should be updated.",
        ],
    )
    assert api.dry_run_result(compared(nlu=False, core=True, nlg=False)) == (1, ["Core model should be retrained."])
    assert api.dry_run_result(compared(nlu=False, core=False, nlg=False)) == (0, ["No training required."])
    assert api.dry_run_result(compared(force_training=True)) == (8, ["The training was forced."])
    result = compared(nlu=False, core=False, nlg=True)
    assert result.is_training_required()
    assert not result.should_retrain_core()
    assert not result.should_retrain_nlu()
    assert result.should_retrain_nlg()
    assert compared(nlu=False, core=True, nlg=False).should_retrain_nlg()


@pytest.mark.slow
def test_training_gives_a_model_that_parses_and_predicts_and_then_nothing_is_stale(tiny: Path) -> None:
    assert api.train("domain.yml", "config.yml", ["data"], dry_run=True) == (None, 7)
    result = api.train("domain.yml", "config.yml", ["data"], fixed_model_name="mine")
    assert result.model == str(Path("models", "mine.tar.gz"))
    with load_model(result.model) as model:
        assert set(model.parse("hello")["intent"]) == {"name", "confidence"}
        events: list[dict[str, Any]] = [
            {"event": "action", "name": "action_listen"},
            {"event": "user", "intent": "goodbye", "entities": []},
        ]
        assert model.predict_next(events)["action"] == "utter_goodbye"
    assert api.train("domain.yml", "config.yml", ["data"], dry_run=True) == (None, 0)
    assert api.train("domain.yml", "config.yml", ["data"]).model == result.model
    assert [path.name for path in Path("models").iterdir()] == ["mine.tar.gz"]


@pytest.mark.slow
def test_one_part_alone_gives_an_archive_or_fills_the_train_path(tiny: Path) -> None:
    archive = api.train_nlu("config.yml", "data/nlu.yml", "models", persist_nlu_training_data=True)
    assert archive is not None
    assert Path(archive).name.startswith("nlu-")
    with tarfile.open(archive) as tar:
        assert "components/nlu_training_data_provider/training_data.yml" in tar.getnames()
    Path("work").mkdir()
    assert api.train_core("domain.yml", "config.yml", "data/stories.yml", "models", train_path="work") == "work"
    assert (Path("work") / "metadata.json").is_file()
    assert (Path("work") / "components/train_MemoizationPolicy0/memorized_turns.json").is_file()
    assert len(list(Path("models").iterdir())) == 1
    core = api.train_core("domain.yml", "config.yml", "data/stories.yml", "models")
    assert core is not None
    assert Path(core).name.startswith("core-")


@pytest.mark.slow
def test_an_empty_domain_trains_nlu_alone_with_a_warning(tiny: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tiny / "domain.yml").write_text("", encoding="utf-8")
    result = api.train("domain.yml", "config.yml", ["data/nlu.yml"])
    assert result.model is not None
    assert Path(result.model).name.startswith("nlu-")
    assert "Core training was skipped" in caplog.text


@pytest.mark.slow
def test_no_stories_trains_nlu_alone_and_no_nlu_data_trains_core_alone(tiny: Path) -> None:
    nlu = api.train("domain.yml", "config.yml", ["data/nlu.yml"]).model
    core = api.train("domain.yml", "config.yml", ["data/stories.yml"], output="core").model
    assert nlu is not None
    assert core is not None
    assert Path(nlu).name.startswith("nlu-")
    assert Path(core).name.startswith("core-")


def test_nothing_at_all_leaves_nothing_behind(tiny: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tiny / "empty").mkdir()
    assert api.train("domain.yml", "config.yml", ["empty"]) == (None, 0)
    assert api.train_nlu("config.yml", "data/stories.yml", "models") is None
    assert api.train_core("domain.yml", "config.yml", "data/nlu.yml", "models") is None
    assert "No training data given" in caplog.text
    assert not Path("models").exists()


def test_mere_information_is_no_warning(tiny: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="rebake")
    edit(tiny / "domain.yml", "responses:\n", FORM)
    api.train_core("domain.yml", "config.yml", "data/stories.yml", "models")
    (record,) = (record for record in caplog.records if "the form 'drink_form' asks with it" in record.message)
    assert record.levelno == logging.INFO


def test_core_alone_refuses_end_to_end_stories(tiny: Path, caplog: pytest.LogCaptureFixture) -> None:
    append(
        tiny / "data/stories.yml",
        "  - story: spoken\n    steps:\n      - user: |\n          hello you\n      - action: utter_greet\n",
    )
    assert api.train_core("domain.yml", "config.yml", "data/stories.yml", "models") is None
    assert "end to end" in caplog.text
    assert "data/stories.yml:" in caplog.text


def test_finetuning_needs_a_model_and_a_fraction_of_epochs(tiny: Path) -> None:
    with pytest.raises(StorageError, match=r"models to fine-tune"):
        api.train("domain.yml", "config.yml", ["data"], model_to_finetune="models")
    with pytest.raises(UsageError, match=r"finetuning_epoch_fraction"):
        api.train_nlu("config.yml", "data", "models", model_to_finetune="models", finetuning_epoch_fraction=0.0)


def test_the_synchronous_functions_refuse_a_running_loop(tiny: Path) -> None:
    async def inside() -> None:
        api.train("domain.yml", "config.yml", ["data"])

    with pytest.raises(UsageError, match="_async"):
        asyncio.run(inside())


@pytest.mark.slow
def test_an_error_in_training_leaves_no_temporary_file(tiny: Path) -> None:
    append(
        tiny / "data/rules.yml",
        "  - rule: leave otherwise\n    steps:\n      - intent: goodbye\n      - action: utter_greet\n",
    )
    with pytest.raises(DataError):
        api.train("domain.yml", "config.yml", ["data"])
    assert not Path("models").exists()
