"""Fine-tuned models: what they go on from, what is recorded, and that they take the place of no other model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rebake import load_model
from rebake.archive.manifest import Manifest, read_manifest
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import Assistant
from rebake.build.build import BuildResult
from rebake.build.request import Finetune
from rebake.errors import FinetuningError
from rebake.staleness.verdict import PartVerdict
from support.assistants import STORY, append, edit, write_tiny
from support.building import build, verdict_on

NLU = frozenset({"nlu"})
NEW_EXAMPLE = ("      - hey\n", "      - hey\n      - ahoy, sailor\n")


def read(project: Path) -> Assistant:
    return load_assistant(project / "config.yml", [project / "domain.yml"], [project / "data"])


def manifest_of(model: Path) -> Manifest:
    found = read_manifest(model)
    assert found is not None
    return found


def learned(model: Path) -> dict[str, str]:
    """Digests of what is in the directories of components."""
    files = manifest_of(model).files or {}
    return {name: file.sha256 for name, file in files.items() if name.startswith("components/train_")}


@dataclass(frozen=True)
class Trained:
    """A project whose NLU data has one example more than its model."""

    project: Path
    model: Path

    def finetuned(self, out: str, *models: Path, **request: Any) -> BuildResult:
        finetune = Finetune(models or (self.model,), 0.5)
        return build(read(self.project), parts=NLU, output=self.project / out, finetune=finetune, **request)

    def verdict(self, model: Path, **request: Any) -> PartVerdict:
        found = verdict_on(read(self.project), old=model, parts=NLU, **request).verdict("nlu")
        assert found is not None
        return found


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    project = write_tiny(tmp_path_factory.mktemp("finetuning"))
    edit(project / "config.yml", "number_of_transformer_layers: 1", "number_of_transformer_layers: 0")
    model = build(read(project), parts=NLU, output=project / "models").model
    edit(project / "data" / "nlu.yml", *NEW_EXAMPLE)
    return Trained(project, model)


@contextmanager
def edited(file: Path, old: str, new: str) -> Iterator[None]:
    """An edit for the duration of a block."""
    text = file.read_text(encoding="utf-8")
    edit(file, old, new)
    try:
        yield
    finally:
        file.write_text(text, encoding="utf-8")


@pytest.mark.long
@pytest.mark.slow
def test_a_second_and_a_third_fine_tuning_go_on_and_are_counted(trained: Trained) -> None:
    first = trained.finetuned("first")
    record = first.manifest.parts["nlu"].finetuned
    assert record is not None
    assert (record.model, record.times, record.epoch_fraction) == (trained.model.name, 1, 0.5)
    assert first.trained == ("nlu",)
    again = trained.finetuned("again")
    assert learned(again.model) == learned(first.model)  # the same weights: one seed
    with edited(trained.project / "data" / "nlu.yml", "      - bye\n", "      - bye\n      - cheerio\n"):
        second = trained.finetuned("second", first.model)
        third = trained.finetuned("third", second.model, force=True)
    times = [result.manifest.parts["nlu"].finetuned for result in (second, third)]
    assert [found.times for found in times if found is not None] == [2, 3]
    assert "3 times" in str(times[1])
    with load_model(third.model) as model:
        names = {ranked["name"] for ranked in model.parse("cheerio")["intent_ranking"]}
    assert names == {"greet", "order", "goodbye", "nlu_fallback"}


@pytest.mark.slow
@pytest.mark.long
def test_without_further_epochs_old_texts_would_mean_the_same(trained: Trained) -> None:
    """New words start without a say, so that fine-tuning starts where the earlier training ended."""
    with edited(trained.project / "config.yml", "    epochs: 4\n", "    epochs: 1\n    learning_rate: 0.0000001\n"):
        first = build(read(trained.project), parts=NLU, output=trained.project / "slowly")
        with edited(trained.project / "data" / "nlu.yml", "      - bye\n", "      - bye\n      - cheerio\n"):
            later = trained.finetuned("later", first.model)
    with load_model(first.model) as before, load_model(later.model) as after:
        for text in ("hello", "a tea please", "bye"):
            then, now = before.parse(text)["intent"], after.parse(text)["intent"]
            assert now["name"] == then["name"]
            assert now["confidence"] == pytest.approx(then["confidence"], abs=1e-4)


@pytest.mark.slow
@pytest.mark.long
def test_a_fine_tuned_part_is_fresh_only_where_it_may_be_and_never_replaces_one_that_was_not(trained: Trained) -> None:
    finetuned = trained.finetuned("fresh")
    assert trained.verdict(finetuned.model).state == "fresh"
    refused = trained.verdict(finetuned.model, accept_finetuned=False)
    assert refused.state == "stale"
    assert "fine-tuned from" in refused.reasons[0]
    record = finetuned.manifest.parts["nlu"]
    assert record.key != record.fingerprint == trained.verdict(finetuned.model).fingerprint

    # From scratch: neither the part nor one of its components is taken from the fine-tuned model.
    request: dict[str, Any] = {"parts": NLU, "output": trained.project / "scratch", "accept_finetuned": False}
    scratch = build(read(trained.project), old=finetuned.model, sources=[trained.model], **request)
    assert (scratch.trained, dict(scratch.reused)) == (("nlu",), {})
    assert scratch.manifest.parts["nlu"].finetuned is None
    anew = build(read(trained.project), parts=NLU, output=trained.project / "anew")
    assert learned(anew.model) == learned(scratch.model)

    # Where both are at hand, the one from scratch is taken; alone, the fine-tuned one is, and stays marked.
    request = {"parts": NLU, "output": trained.project / "both"}
    both = build(read(trained.project), sources=[finetuned.model, scratch.model], **request)
    assert both.reused == {"nlu": scratch.model.name}
    alone = build(read(trained.project), sources=[finetuned.model], **request)
    assert alone.reused == {"nlu": finetuned.model.name}
    assert alone.manifest.parts["nlu"].finetuned == record.finetuned


@pytest.mark.slow
def test_new_labels_are_refused_or_trained_from_scratch_where_that_is_wanted(trained: Trained) -> None:
    with edited(trained.project / "data" / "nlu.yml", "  - intent: goodbye\n", "  - intent: farewell\n"):
        with pytest.raises(FinetuningError, match=r"new: farewell; gone: goodbye"):
            trained.finetuned("labels")
        assert not (trained.project / "labels").exists()
        finetune = Finetune((trained.model,), 0.5, only_where_possible=True)
        result = build(read(trained.project), parts=NLU, output=trained.project / "anyway", finetune=finetune)
    assert result.trained == ("nlu",)
    assert result.manifest.parts["nlu"].finetuned is None
    assert any("from scratch" in notice.message for notice in result.notices)


@pytest.mark.slow
def test_core_goes_on_and_memory_is_learned_anew(tmp_path: Path) -> None:
    project = write_tiny(tmp_path, ted=True)
    core = frozenset({"core", "nlg"})
    model = build(read(project), parts=core, output=tmp_path / "models").model
    append(project / "data" / "stories.yml", STORY)
    finetune = Finetune((model,), 0.5)
    result = build(read(project), parts=core, output=tmp_path / "more", finetune=finetune)
    assert result.manifest.parts["core"].finetuned is not None
    assert (
        result.metrics["MemoizationPolicy0.memorized_turns"]
        > manifest_of(model).parts["core"].metrics["MemoizationPolicy0.memorized_turns"]
    )
    append(project / "domain.yml", "actions:\n  - action_new\n")
    with pytest.raises(FinetuningError, match="action_new"):
        build(read(project), parts=core, output=tmp_path / "not", finetune=finetune)


def test_a_part_without_networks_is_simply_trained(tmp_path: Path) -> None:
    project = write_tiny(tmp_path)
    core = frozenset({"core", "nlg"})
    model = build(read(project), parts=core, output=tmp_path / "models").model
    append(project / "data" / "stories.yml", STORY)
    result = build(read(project), parts=core, output=tmp_path / "more", finetune=Finetune((model,)))
    assert result.trained == ("core",)
    assert result.manifest.parts["core"].finetuned is None
