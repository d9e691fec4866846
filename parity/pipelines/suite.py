"""Every way of configuring an NLU pipeline: trained by Rasa 3.6.21 and by rebake, read by both, to the same parses.

    python -m parity pipelines                        every variant of parity/pipelines/variants.py
    python -m parity pipelines --only margin CRF      those whose name contains one of the words
    python -m parity pipelines --keep DIRECTORY       leaves archives and answers there

Each variant is trained twice on the small assistant in parity/pipelines/data, by rebake and by Rasa, and each of the
two archives is asked by both sides for every second training text and for odd ones: rankings and confidences within
1e-4, entities with offsets, values, roles, groups, extractors and confidences, response selections. An extractor that
finds nothing fails, since nothing was compared. Rasa is also asked for the defaults of every option of every component
and policy.
"""

from __future__ import annotations

import json
import logging
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from parity.compare import compare_parses
from parity.pipelines.variants import DATA, ODD_TEXTS, OTHER_DATA, VARIANTS, Pipeline, extractors
from parity.rasa import ask_at_once
from parity.report import report
from parity.variants import add_choice, add_processes, chosen, shares, working_directory
from rebake import load_model
from rebake.assistant.importer import load_assistant
from rebake.errors import RebakeError
from rebake.model_training import train_nlu
from rebake.registry.lookup import COMPONENTS, POLICIES

SHOWN = 8
Variant = dict[str, str]


def prepared(number: int, name: str, pipeline: Pipeline, work: Path) -> Variant:
    """Write the configuration, and have rebake train it."""
    config = work / f"config{number}.yml"
    content = {"recipe": "default.v1", "assistant_id": "variants", "language": "en", "pipeline": pipeline}
    config.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    data = DATA / OTHER_DATA.get(name, "nlu.yml")
    began = time.monotonic()
    ours = train_nlu(
        str(config), str(data), str(work), fixed_model_name=f"ours{number}", domain=str(DATA / "domain.yml")
    )
    if ours is None:
        raise SystemExit(f"rebake trained nothing for {name}")
    print(f"{name}: trained by rebake in {time.monotonic() - began:.1f} s", flush=True)
    theirs = str(work / f"theirs{number}.tar.gz")
    return {"name": name, "config": str(config), "nlu": str(data), "ours": ours, "theirs": theirs}


def training_texts() -> list[str]:
    found = load_assistant(None, [DATA / "domain.yml"], [DATA / "nlu.yml"])
    return list(dict.fromkeys(example.text for example in found.nlu.examples))[::2]  # Rasa takes a while for each


def job(variants: list[Variant], texts: list[str]) -> dict[str, Any]:
    """Of one Rasa process."""
    classes = [entry.rasa_class for entry in (*COMPONENTS.values(), *POLICIES.values())]
    return {"texts": texts, "domain": str(DATA / "domain.yml"), "variants": variants, "classes": classes}


def default_differences(rasa: dict[str, Any]) -> list[str]:
    """The registries' defaults against Rasa's; what must be given has none in Rasa and null here."""
    found = []
    for entry in (*COMPONENTS.values(), *POLICIES.values()):
        ours, theirs = dict(entry.defaults), rasa[entry.rasa_class]
        pairs = {option: (theirs.get(option), ours.get(option)) for option in sorted({*ours, *theirs})}
        found += [
            f"{entry.name}: the default of {option} is {one} in Rasa, {other} in rebake"
            for option, (one, other) in pairs.items()
            if json.dumps(one, sort_keys=True) != json.dumps(other, sort_keys=True)
        ]
    return found


def differences(variant: Variant, texts: list[str], parsed_by_rasa: Mapping[str, Any], pipeline: Pipeline) -> list[str]:
    """Compare the parses of both archives by both sides, and print how much there was to compare."""
    found = []
    for side, trainer in (("theirs", "Rasa"), ("ours", "rebake")):
        with load_model(variant[side]) as model:
            parsed = model.parse_all(texts)
        entities = sum(len(parse["entities"]) for parse in parsed)
        wrong = compare_parses(texts, parsed_by_rasa[side], parsed)
        print(f"  trained by {trainer}: {len(texts)} texts, {entities} entities, {len(wrong) or 'no'} differences")
        found += [f"trained by {trainer}: {difference}" for difference in wrong]
        silent = extractors(pipeline) - {entity.get("extractor") for parse in parsed for entity in parse["entities"]}
        found += [f"trained by {trainer}: {name} found nothing, so nothing was compared" for name in sorted(silent)]
    return found


def add_options(parser: ArgumentParser) -> None:
    add_choice(parser)
    add_processes(parser)


def run(given: Namespace) -> int:
    logging.getLogger("rebake").setLevel(logging.ERROR)  # what the data lacks for a pipeline is no news here
    wanted = chosen(VARIANTS, given.only)
    texts = list(dict.fromkeys([*training_texts(), *ODD_TEXTS]))
    wrong = 0
    with working_directory(given.keep, "pipelines") as work:
        variants = []
        for number, (name, pipeline) in enumerate(wanted.items()):
            try:
                variants.append(prepared(number, name, pipeline, work))
            except RebakeError as error:
                wrong += report(name, [f"rebake does not train it: {error}"])
        answers = ask_at_once("pipelines", [job(share, texts) for share in shares(variants, given.processes)], work)
        parses = {name: parses for answer in answers for name, parses in answer["parses"].items()}
        if answers:
            wrong += report("defaults of all options", default_differences(answers[0]["defaults"]))
        for variant in variants:
            name = variant["name"]
            wrong += report(name, differences(variant, texts, parses[name], wanted[name]), SHOWN)
    return wrong
