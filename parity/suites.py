"""The suites that ``python -m parity`` knows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Suite:
    """One entry of the list."""

    module: str
    summary: str
    needs_shared: bool = False  # the assistants and references in ../shared
    compares: bool = True  # False: a command that prepares a comparison
    sides: tuple[str, str] = ("Rasa 3.6.21", "rebake")


SUITES: dict[str, Suite] = {
    "example": Suite(
        "example", "a model of examples/cafe that Rasa trained, with its recorded answers (no Rasa needed)"
    ),
    "features": Suite("features.suite", "tokens, sparse features and learned files", needs_shared=True),
    "learners": Suite("learners", "classifiers and entity extractor on dense features, each trained by both"),
    "nlu_data": Suite("nlu_data.suite", "training data in all its formats, read by both", needs_shared=True),
    "migrate": Suite("migrate.suite", "domains of Rasa 2, migrated by both"),
    "imports": Suite("imports.suite", "projects that import others, read by both"),
    "schemas": Suite("schemas.suite", "values of every kind at every key, accepted and refused by both"),
    "validate": Suite("validate.suite", "what rasa data validate finds is found by rebake validate"),
    "dialogues": Suite(
        "dialogues.suite", "training trackers, rules and memory on random assistants", needs_shared=True
    ),
    "archives": Suite("archives", "archives trained by rebake, loaded and asked by both", needs_shared=True),
    "remote_storage": Suite(
        "remote_storage", "a model in a bucket, fetched and loaded by rasa run's persistor for AWS"
    ),
    "pipelines": Suite("pipelines.suite", "NLU options, trained by both, each archive asked by both"),
    "policies": Suite("policies.suite", "policy options, trained by both, each archive asked by both"),
    "own_classes": Suite("own_classes.suite", "custom classes and MITIE, trained by the user's own Rasa beside rebake"),
    "extras": Suite("extras.suite", "Jieba, spaCy, language models and Duckling (installs PyTorch)"),
    "finetuning": Suite("finetuning", "models of Rasa that rebake fine-tuned, asked by both", needs_shared=True),
    "cli_nlu": Suite("command_lines.nlu", "rasa test nlu, run and train nlu --finetune with a model of rebake"),
    "cli_core": Suite("command_lines.core", "rasa test core, run and shell with a model of rebake", needs_shared=True),
    "test_nlu": Suite("evaluation.nlu", "rasa test nlu, beside rebake test nlu with the same model", needs_shared=True),
    "test_core": Suite(
        "evaluation.core", "rasa test core, beside rebake test core with the same model", needs_shared=True
    ),
    "oracle": Suite(
        "oracle.suite",
        "verdicts on mutated assistants against what training them again is given (no Rasa needed)",
        sides=("training again", "the verdict"),
    ),
    "extras-environment": Suite(
        "extras.environments", "print the environment that `extras` uses on one side", compares=False
    ),
    "make-reference": Suite("make_reference", "let Rasa train the model that `example` compares with", compares=False),
}
