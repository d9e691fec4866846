"""How training Core without networks grows with the stories: time and memory of graph, trackers, memory and rules.

    python -m benchmarks core_scale ASSISTANT RESULT.json [FACTOR ...]

Each factor multiplies the assistant's stories, and its rules that answer an intent: copy k of a story starts with five
turns that spell k, copy k of a rule answers an intent of its own, so that no two are alike. Every factor is measured in
a separate process. The result holds seconds per step, examples, and the most memory; ``growth`` says by which power
of the number of stories each grew between the two largest factors (1 = linear).
"""

from __future__ import annotations

import json
import logging
import math
import resource
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

from rebake.assistant.importer import load_assistant
from rebake.assistant.model import ActionStep, Assistant, Intent, Story, UserStep
from rebake.base.training_context import TrainingContext
from rebake.core.featurizers import FeatureStates, TrackerFeaturizer
from rebake.core.stories.generator import training_trackers
from rebake.core.ted.data import StateEncoder, build_windows
from rebake.registry.lookup import POLICIES

FACTORS = (1, 10, 100, 400)
TURNS = 5
DIGITS = ("affirm", "deny", "inform", "stop")


def multiplied(assistant: Assistant, factor: int) -> Assistant:
    """The assistant with ``factor`` times its stories and rules."""
    stories = [copied(story, copy) for copy in range(factor) for story in assistant.stories]
    used = {step.intent for story in stories for step in story.steps if isinstance(step, UserStep) and step.intent}
    known = {intent.name for intent in assistant.domain.intents}
    intents = (*assistant.domain.intents, *map(Intent, sorted(used - known)))
    kept = {(story.is_rule, story.steps, story.condition): story for story in stories}
    return replace(assistant, domain=replace(assistant.domain, intents=intents), stories=tuple(kept.values()))


def copied(story: Story, copy: int) -> Story:
    name = f"{story.name} {copy}"
    if story.is_rule:
        own = [replace(s, intent=f"{s.intent}_{copy}") if isinstance(s, UserStep) else s for s in story.steps]
        return replace(story, name=name, steps=tuple(own) if copy else story.steps)
    steps: list[Any] = []
    rest = copy
    for _ in range(TURNS):
        rest, digit = divmod(rest, len(DIGITS))
        steps += [UserStep(DIGITS[digit]), ActionStep("utter_noworries")]
    return replace(story, name=name, steps=(*steps, *story.steps))


def measured(folder: Path, factor: int) -> dict[str, Any]:
    """Seconds of processor time per step, in this process."""
    assistant = load_assistant(folder / "config.yml", folder / "domain.yml", folder / "data")
    assistant = multiplied(assistant, factor)
    seconds: dict[str, float] = {}
    began = time.process_time()
    trackers = training_trackers(assistant.stories, assistant.domain)
    seconds["trackers"] = time.process_time() - began
    for name in ("MemoizationPolicy", "AugmentedMemoizationPolicy", "RulePolicy"):
        began = time.process_time()
        entry = POLICIES[name]
        policy = entry.load_class()(entry.merged({}), f"{name}0")
        policy.train(trackers, assistant.domain, TrainingContext())
        with tempfile.TemporaryDirectory() as directory:
            policy.save(Path(directory))
        seconds[name] = time.process_time() - began
    began = time.process_time()
    tables = FeatureStates.of(assistant.domain)
    examples = TrackerFeaturizer(None, True, tables).examples(
        [tracker for tracker in trackers if not tracker.is_rule], ignore_unlikely_intent=True
    )
    build_windows(examples.states, StateEncoder(tables, None))
    seconds["featurization"] = time.process_time() - began
    return {
        "stories": len(assistant.stories),
        "trackers": len(trackers),
        "examples": len(examples.labels),
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "total_seconds": round(sum(seconds.values()), 3),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def growth(small: dict[str, Any], large: dict[str, Any]) -> dict[str, float]:
    """The power of the number of stories by which each figure grew; steps too short to measure are left out."""
    times = math.log(large["stories"] / small["stories"])
    pairs = {name: (small["seconds"][name], value) for name, value in large["seconds"].items()}
    pairs |= {name: (small[name], large[name]) for name in ("total_seconds", "peak_mb")}
    return {name: round(math.log(b / a) / times, 2) for name, (a, b) in pairs.items() if min(a, b) > 0.02}


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("assistant", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("factors", type=int, nargs="*", default=list(FACTORS), metavar="FACTOR")
    parser.add_argument("--measure", action="store_true", help="one factor, in this process, into the result")


def run(given: Namespace) -> int:
    logging.disable(logging.WARNING)
    if given.measure:
        figures = measured(given.assistant, given.factors[0])
        given.result.write_text(json.dumps(figures), encoding="utf-8")
        return 0
    rows: dict[int, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="rebake-core-scale-") as work:
        for factor in given.factors:
            one = Path(work) / f"{factor}.json"
            arguments = [str(given.assistant), str(one), str(factor), "--measure"]
            subprocess.run([sys.executable, "-m", "benchmarks", "core_scale", *arguments], check=True)
            rows[factor] = json.loads(one.read_text(encoding="utf-8"))
            print(factor, rows[factor], flush=True)
    *_, small, large = rows.values()
    result = {"assistant": given.assistant.name, "factors": rows, "growth": growth(small, large)}
    given.result.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(result["growth"])
    return 0
