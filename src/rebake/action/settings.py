"""What the workflow asks for: the action's inputs, read once into a frozen value."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Literal, get_args

from rebake.action.input_values import (
    CommentMode,
    read_above_zero,
    read_boolean,
    read_choice,
    read_comment_mode,
    read_decision,
    read_directory,
    read_integer,
    read_lines,
    read_share,
    read_token,
)
from rebake.action.tags import VERSION_LIKE, read_pattern
from rebake.action.trust import require_useful_keys
from rebake.archive.manifest import PARTS, Part
from rebake.base.visible import visible
from rebake.errors import UsageError
from rebake.report.model import Mode
from rebake.store.keys import PrivateKey, PublicKey, read_private_key, read_public_keys
from rebake.store.names import asset_slug

RunMode = Literal["train", "check", "plan"]

DEFAULTS = {
    "token": "",
    "mode": "train",
    "parts": "",
    "config": "config.yml",
    "domain": "domain.yml",
    "data": "data",
    "out": "models",
    "working-directory": ".",
    "name": "",
    "store": "",
    "store-tag": "rebake-models",
    "trust": "any",
    "signing-key": "",
    "verify-key": "",
    "retention-days": "",
    "remote-storage": "",
    "tag-pattern": VERSION_LIKE,
    "release-name": "",
    "release-notes": "",
    "prerelease": "auto",
    "make-latest": "auto",
    "draft": "false",
    "comment": "true",
    "comment-mode": "update",
    "status": "true",
    "test-nlu": "",
    "test-stories": "tests",
    "cross-validation": "",
    "fail-on": "stale",
    "max-drop": "0",
    "min-intent-f1": "",
    "min-entity-f1": "",
    "min-response-f1": "",
    "min-story-accuracy": "",
    "force": "false",
    "env": "",
    "finetune": "never",
    "epoch-fraction": "0.2",
    "augmentation-factor": "",
    "threads": "",
    "rasa": "",
}
ON_THE_HOST = ("rasa",)  # inputs of host/action.yml alone: in a container there is no such environment

_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
NEVER = "never"
REASONS = ("stale", "errors", "warnings", "stories", "worse", NEVER)  # of the input fail-on
MAX_NAME = 100  # characters; it is part of the names of assets and of the status
_SECRETS = ("token", "signing_key")


@dataclass(frozen=True)
class Settings:
    """The inputs of action.yml; each field is the input of that name, with ``-`` for ``_``.

    Attributes:
        token: for the API; the job's own by default.
        mode: "train", "check" (never trains), or "plan" (only finds what is to be trained).
        parts: the parts to train, and nothing else to do; empty for a whole run.
        config, domain, data: the assistant's files; ``domain`` and ``data`` are one path per line.
        out: the directory that the model is written to, relative to ``working_directory``.
        working_directory: of the assistant, relative to the workspace; names it where a repository contains several.
        name: what the assistant is called where a repository contains several; "" for the only one, at the root.
        store: address of the store of trained parts; "" for the releases of the repository.
        remote_storage: URL of the bucket that `rasa run --remote-storage` looks in for a tag's model; "" for none.
        store_tag: the tag of the prerelease that keeps the trained parts.
        trust: whose parts a run takes from the store: "any", or those that are "signed" alone.
        signing_key: signs what the run publishes; None where it signs nothing.
        verify_key: further keys whose signatures are trusted.
        retention_days: after how many days without use a part is removed from the store; None for never.
        tag_pattern: matches the tags that are releases of the assistant, as a whole.
        release_name: of a release that the action creates; "" for the tag.
        release_notes: of a release that the action creates; "generated" for GitHub's own.
        prerelease: whether a release that the action creates is one; None where the tag decides.
        make_latest: whether a release that the action publishes becomes the latest one; None where GitHub decides.
        draft: whether the release stays a draft.
        comment: whether to write the pull-request comment.
        comment_mode: "update" changes the comment of earlier runs, "recreate" writes it again below newer ones; "off"
            is ``comment`` False.
        status: whether to set the commit status.
        test_nlu: files and directories of NLU examples that a model is tested on; empty for none.
        test_stories: files and directories of test stories; those that only the default names may be missing.
        cross_validation: into how many folds the NLU data is dealt for a cross-validation; None for none.
        fail_on: what fails the job: "stale" (with mode check), "errors", "warnings", "stories", "worse"; nothing
            fails it where there is none.
        max_drop: by how much a metric may be worse than the base's, from 0 to below 1.
        min_intent_f1, min_entity_f1, min_response_f1, min_story_accuracy: the least figures that do not fail the job,
            from 0 to 1; None for any.
        force: train everything, whatever is known.
        env: the names of environment variables that the assistant's files may refer to as ``${NAME}``.
        finetune: "auto" fine-tunes a stale part where Rasa's rules allow it, "never" trains it from scratch and takes
            no part that was fine-tuned.
        epoch_fraction: how much of the configured epochs fine-tuning takes.
        augmentation_factor: of the stories; None leaves the default.
        threads: for the training of NLU; None leaves it to the machine.
        rasa: an environment with the user's own Rasa, which trains what rebake does not; "" for none.
    """

    token: str
    mode: RunMode
    parts: frozenset[Part]
    config: str
    domain: tuple[str, ...]
    data: tuple[str, ...]
    out: str
    working_directory: str
    name: str
    store: str
    remote_storage: str
    store_tag: str
    trust: Literal["any", "signed"]
    signing_key: PrivateKey | None
    verify_key: tuple[PublicKey, ...]
    retention_days: int | None
    tag_pattern: re.Pattern[str]
    release_name: str
    release_notes: str
    prerelease: bool | None
    make_latest: bool | None
    draft: bool
    comment: bool
    comment_mode: CommentMode
    status: bool
    test_nlu: tuple[str, ...]
    test_stories: tuple[str, ...]
    cross_validation: int | None
    fail_on: tuple[str, ...]
    max_drop: float
    min_intent_f1: float | None
    min_entity_f1: float | None
    min_response_f1: float | None
    min_story_accuracy: float | None
    force: bool
    env: frozenset[str]
    finetune: Literal["never", "auto"]
    epoch_fraction: float
    augmentation_factor: int | None
    threads: int | None
    rasa: str

    @classmethod
    def read(cls, get_input: Callable[[str], str]) -> Settings:
        """Read the inputs, empty ones as their defaults.

        Args:
            get_input: the value of an input by its name, "" where it is not set.

        Raises:
            UsageError: a value is none that the input takes; the message names the input.
        """
        given = {name: get_input(name).strip() or default for name, default in DEFAULTS.items()}
        if not _TAG.fullmatch(given["store-tag"]):
            raise UsageError(
                f"The input store-tag is {given['store-tag']!r}.", fix="Use letters, digits, '.', '_', '-'."
            )
        working_directory = read_directory("working-directory", given["working-directory"])
        comment_mode = read_comment_mode(given["comment-mode"])
        settings = cls(
            token=read_token(given["token"]),
            mode=_mode(given["mode"]),
            parts=_parts(given["parts"]),
            config=given["config"],
            domain=read_lines(given["domain"]),
            data=read_lines(given["data"]),
            out=read_directory("out", given["out"], working_directory),
            working_directory=working_directory,
            name=_name(given["name"], working_directory),
            store=given["store"],
            remote_storage=given["remote-storage"],
            store_tag=given["store-tag"],
            trust="signed" if read_choice("trust", given["trust"], ("any", "signed")) == "signed" else "any",
            signing_key=read_private_key(given["signing-key"], "input signing-key") if given["signing-key"] else None,
            verify_key=read_public_keys(given["verify-key"], "input verify-key") if given["verify-key"] else (),
            retention_days=read_integer("retention-days", given["retention-days"], least=0) or None,
            tag_pattern=read_pattern(given["tag-pattern"]),
            release_name=given["release-name"],
            release_notes=given["release-notes"],
            prerelease=read_decision("prerelease", given["prerelease"]),
            make_latest=read_decision("make-latest", given["make-latest"]),
            draft=read_boolean("draft", given["draft"]),
            comment=read_boolean("comment", given["comment"]) and comment_mode != "off",
            comment_mode=comment_mode,
            status=read_boolean("status", given["status"]),
            test_nlu=read_lines(given["test-nlu"]),
            test_stories=read_lines(given["test-stories"]),
            cross_validation=read_integer("cross-validation", given["cross-validation"], least=2),
            fail_on=_reasons(given["fail-on"]),
            max_drop=read_share("max-drop", given["max-drop"]) or 0.0,
            min_intent_f1=read_share("min-intent-f1", given["min-intent-f1"]),
            min_entity_f1=read_share("min-entity-f1", given["min-entity-f1"]),
            min_response_f1=read_share("min-response-f1", given["min-response-f1"]),
            min_story_accuracy=read_share("min-story-accuracy", given["min-story-accuracy"]),
            force=read_boolean("force", given["force"]),
            env=frozenset(given["env"].replace(",", " ").split()),
            finetune="auto" if read_choice("finetune", given["finetune"], ("never", "auto")) == "auto" else "never",
            epoch_fraction=read_above_zero("epoch-fraction", given["epoch-fraction"]),
            augmentation_factor=read_integer("augmentation-factor", given["augmentation-factor"], least=0),
            threads=read_integer("threads", given["threads"], least=1),
            rasa=given["rasa"],
        )
        settings._require_use()
        return settings

    @property
    def report_mode(self) -> Mode:
        """What a report says of the mode."""
        return "train" if self.mode == "train" else "check"

    def for_parts(self) -> Settings:
        """Those of a job that only trains parts: it tests, announces and fails nothing."""
        tests = replace(self, test_nlu=(), test_stories=(), cross_validation=None, fail_on=())
        least = replace(tests, min_intent_f1=None, min_entity_f1=None, min_response_f1=None, min_story_accuracy=None)
        return replace(least, comment=False, status=False)

    def _require_use(self) -> None:
        """Refuse keys that protect nothing, and conditions that nothing could ever decide. Raises UsageError."""
        if self.parts and self.mode != "train":
            raise UsageError("The input parts changes nothing here.", fix="Set mode: train, or leave parts out.")
        require_useful_keys(self.trust == "signed", self.signing_key, self.verify_key)
        if self.test_nlu and self.cross_validation is not None:
            raise UsageError(
                "The inputs test-nlu and cross-validation are both set, which are two tests of NLU.",
                fix="Set one of them.",
            )
        if not self.test_nlu and self.cross_validation is None:
            names = ("min-intent-f1", "min-entity-f1", "min-response-f1")
            unused = [name for name in names if getattr(self, name.replace("-", "_")) is not None]
            if unused:
                raise UsageError(
                    f"The input {unused[0]} needs a test of NLU.",
                    fix="Name test data in the input test-nlu, or set the input cross-validation.",
                )
        if self.max_drop and "worse" not in self.fail_on:
            raise UsageError("The input max-drop changes nothing here.", fix="Add 'worse' to the input fail-on.")

    @property
    def slug(self) -> str:
        """The name as part of file names: "", or "-bots-pizza" for "bots/pizza". No two names have the same."""
        return asset_slug(self.name)

    def __repr__(self) -> str:
        """Without the token and the key."""
        shown = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if f.name not in _SECRETS)
        return f"Settings({shown})"


def _mode(value: str) -> RunMode:
    chosen = read_choice("mode", value, get_args(RunMode))
    return "check" if chosen == "check" else "plan" if chosen == "plan" else "train"


def _parts(value: str) -> frozenset[Part]:
    names = value.replace(",", " ").split()
    for name in names:
        read_choice("parts", name, ("core", "nlu"))
    found: set[Part] = {part for part in PARTS if part in names}
    return frozenset(found)


def _name(given: str, working_directory: str) -> str:
    """What the assistant is called: as its directory, unless it has a name of its own."""
    if len(given) > MAX_NAME or given != visible(given) or given in (".", ".."):
        raise UsageError(
            f"The input name is {visible(given[:MAX_NAME])!r}.",
            fix=f"Use at most {MAX_NAME} printable characters, such as the assistant's name.",
        )
    return given or ("" if working_directory == "." else working_directory)


def _reasons(value: str) -> tuple[str, ...]:
    """The input fail-on: reasons, separated by commas or white space."""
    reasons = tuple(dict.fromkeys(value.replace(",", " ").split()))
    for reason in reasons:
        read_choice("fail-on", reason, REASONS)
    if NEVER in reasons and len(reasons) > 1:
        raise UsageError(
            f"The input fail-on has both {NEVER} and other reasons.", fix=f"Leave out {NEVER} or the other reasons."
        )
    return () if reasons == (NEVER,) else reasons
