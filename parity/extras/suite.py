"""Components with libraries of their own (Jieba, spaCy, language models) and Duckling: Rasa 3.6.21 and rebake agree.

    python -m parity extras                         every variant of parity/extras/variants.py
    python -m parity extras --only spaCy bert       those whose name contains one of the words
    python -m parity extras --keep DIRECTORY        leaves models, archives and answers there, and uses its models again

Each variant is trained by Rasa and by rebake, and each of the two archives is asked by both sides: rankings and
confidences within 1e-4, everything else equal, and an extractor that finds nothing fails, since nothing was compared.
Language models are made here, small and with random weights; the Duckling server is a stand-in on this machine.

This suite is not part of .ci/run: PyTorch and a second spaCy are much to install, and all of it takes a quarter of an
hour. Run it after changes to these components, or when their libraries have a new version. The tests of these
components, tests/nlu/test_extras.py and those of the tokenizer and the extractor, skip what is not installed. To run
all of them, use `$(python -m parity extras-environment rebake)/bin/python -m pytest`.
"""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from parity.compare import compare_parses
from parity.extras.duckling import duckling
from parity.extras.environments import SIDES, environment
from parity.extras.variants import CHINESE, CHINESE_TEXTS, DATA, ENGLISH, EXTRACTORS
from parity.pipelines.variants import DATA as ENGLISH_DATA
from parity.pipelines.variants import Pipeline, extractors
from parity.rasa import ask, run_module
from parity.report import report
from parity.variants import add_choice, chosen, working_directory

ENGLISH_TEXTS = [
    "", "hello there", "I want to fly from big apple to sf", "book flights from Berlin to Rome", "see you in Oslo",
    "flights from St. Gallen to Zürich, then Rome, Oslo and Berlin", "a small pizza, a large soup; two tiny salads",
    "10'000.00 € for LH123 or ba0042", "don't   stop tomorrow", "İstanbul Straße ﬁ ΑΣ", "😀 hi 日本語 x", "zxqv",
    "/greet", "and " * 700 + "Rome",
]  # fmt: skip
SHOWN = 8
Parse = Mapping[str, Any]


def add_options(parser: ArgumentParser) -> None:
    add_choice(parser)


def run(given: Namespace) -> int:
    pythons = {side: environment(side) / "bin" / "python" for side in SIDES}
    wrong = 0
    with working_directory(given.keep, "extras") as work, duckling() as url:
        fills = {"models": str(work), "duckling": url, "data": str(DATA)}
        for language, pipelines, texts, data in (
            ("en", ENGLISH, ENGLISH_TEXTS, ENGLISH_DATA / "nlu.yml"),
            ("zh", CHINESE, CHINESE_TEXTS, DATA / "chinese.yml"),
        ):
            wanted = chosen(pipelines, given.only)
            if wanted:
                make_models(wanted, pythons, work)
                variants = written(language, data, wanted, fills, work)
                job = {"texts": texts, "domain": str(ENGLISH_DATA / "domain.yml"), "variants": variants, "classes": []}
                expected = {name: extractors(pipe, EXTRACTORS) for name, pipe in wanted.items()}
                wrong += check(job, expected, pythons, work)
    return wrong


def make_models(wanted: Mapping[str, Pipeline], pythons: Mapping[str, Path], work: Path) -> None:
    """Make what the pipelines load, unless it is kept from an earlier run."""
    used = json.dumps(wanted)
    if '"SpacyNLP"' in used and not (work / "spacy").exists():
        run_module(pythons["rasa"], "parity.rasa_side.spacy_model", work / "spacy", log=work / "spacy.log")
    if '"LanguageModelFeaturizer"' in used and not (work / "bert").exists():
        arguments = (work, ENGLISH_DATA / "nlu.yml")
        run_module(pythons["rebake"], "parity.extras.language_models", *arguments, log=work / "language-models.log")


def written(
    language: str, nlu: Path, pipelines: dict[str, Pipeline], fills: dict[str, str], work: Path
) -> list[dict[str, str]]:
    """Write the configurations; JSON is YAML."""
    variants = []
    for number, (name, pipeline) in enumerate(pipelines.items()):
        config = work / f"{language}{number}.yml"
        content = {"recipe": "default.v1", "assistant_id": "extras", "language": language, "pipeline": pipeline}
        text = json.dumps(content)
        for word, filled in fills.items():
            text = text.replace(f"{{{word}}}", filled)
        config.write_text(text, encoding="utf-8")
        archives = {side: str(work / f"{side}-{language}{number}.tar.gz") for side in ("ours", "theirs")}
        variants.append({"name": name, "config": str(config), "nlu": str(nlu), **archives})
    return variants


def check(job: Mapping[str, Any], expected: Mapping[str, set[str]], pythons: Mapping[str, Path], work: Path) -> int:
    """Train and ask on both sides; return the number of differences."""
    rebakes_half(job, "train", pythons["rebake"], work)
    began = time.monotonic()
    rasa = ask("pipelines", job, work, pythons["rasa"])["parses"]
    print(f"Rasa answered in {time.monotonic() - began:.0f} s", flush=True)
    ours = rebakes_half(job, "parse", pythons["rebake"], work)
    wrong = 0
    for name, parses in rasa.items():
        for side, trainer in (("theirs", "Rasa"), ("ours", "rebake")):
            found = differences(job["texts"], parses[side], ours[name][side], expected[name])
            wrong += report(f"{name}; trained by {trainer}", found, SHOWN)
    return wrong


def rebakes_half(job: Mapping[str, Any], mode: str, python: Path, work: Path) -> Any:
    """Run rebake's half; return its answer if it parses."""
    question, out = work / "rebake-job.json", work / "rebake-answer.json"
    question.write_text(json.dumps(job), encoding="utf-8")
    began = time.monotonic()
    variables = {"HF_HUB_OFFLINE": "1"}
    log = work / f"rebake-{mode}.log"
    run_module(python, "parity.extras.rebake_answers", mode, question, out, log=log, variables=variables)
    print(f"rebake {mode}: {time.monotonic() - began:.0f} s", flush=True)
    return json.loads(out.read_text(encoding="utf-8")) if mode == "parse" else None


def differences(texts: Sequence[str], rasa: Sequence[Parse], rebake: Sequence[Parse], expected: set[str]) -> list[str]:
    """Compare the answers of both sides; an extractor that finds nothing is a difference, since nothing was compared.

    Texts that Rasa fails on (DIET, of a text that has no dense features, as "" has none) are printed and left out.
    """
    for text, parse in zip(texts, rasa, strict=True):
        if "failed" in parse:
            print(f"  Rasa fails on {text[:20]!r}: {parse['failed'][:60]}")
    kept = [place for place, parse in enumerate(rasa) if "failed" not in parse]
    texts, theirs, ours = [texts[at] for at in kept], [rasa[at] for at in kept], [rebake[at] for at in kept]
    counts = Counter(entity["extractor"] for parse in theirs for entity in parse["entities"])
    silent = [f"{name} found nothing, so nothing was compared" for name in sorted(expected - set(counts))]
    numbers = ", ".join(f"{number} of {name}" for name, number in sorted(counts.items()))
    print(f"  {len(texts)} texts, entities: {numbers or 'none'}")
    return compare_parses(texts, theirs, ours) + silent
