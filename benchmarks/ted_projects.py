"""An assistant whose TEDPolicy has another seed: what both sides train to compare TED asked alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

# Rasa's default policies, as `rasa train` writes them into a config.yml that has none; UnexpecTEDIntentPolicy is
# left out: it has no part in what TEDPolicy predicts.
DEFAULT_POLICIES: list[dict[str, Any]] = [
    {"name": "MemoizationPolicy"},
    {"name": "RulePolicy"},
    {"name": "TEDPolicy", "max_history": 5, "epochs": 100, "constrain_similarities": True},
]


def project_with_seed(assistant: Path, out: Path, seed: int) -> Path:
    """A copy of the assistant in OUT with its own policies (or the default ones) and TEDPolicy's random_seed set."""
    if out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True)
    shutil.copytree(assistant / "data", out / "data")
    shutil.copyfile(assistant / "domain.yml", out / "domain.yml")
    config = yaml.safe_load((assistant / "config.yml").read_text(encoding="utf-8"))
    config["policies"] = [dict(policy) for policy in config.get("policies") or DEFAULT_POLICIES]
    for policy in config["policies"]:
        if policy["name"] == "TEDPolicy":
            policy["random_seed"] = seed
    (out / "config.yml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return out
