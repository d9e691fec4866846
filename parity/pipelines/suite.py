#!/usr/bin/env python3
"""Every way of configuring an NLU pipeline: trained by Rasa 3.6.21 and by rebake, read by both, to the same parses.

    scripts/conformance_variants                        all of conformance_variants_data/variants.py
    scripts/conformance_variants --only margin CRF      those whose name holds one of the words
    scripts/conformance_variants --keep DIRECTORY       leaves archives and answers there

Each variant is trained twice on the little assistant in conformance_variants_data, by rebake and by Rasa, and each of
the two archives is asked by both sides for every second training text and for odd ones: rankings and confidences within
1e-4, entities with offsets, values, roles, groups, extractors and confidences, response selections. An extractor that
finds nothing fails, since nothing was compared. Rasa is also asked for the defaults of every option of every component
and policy. Run it with the Python that has rebake; scripts/rasa_env makes Rasa's environment. Exit code 1 if anything
differs.
"""

import argparse
import json
import logging
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "scripts" / "conformance_variants_data"
sys.path[:0] = [str(ROOT / "scripts"), str(DATA)]

from conformance_compare import compare  # noqa: E402
from rasa_answers import rasa_answers  # noqa: E402
from variants import ODD_TEXTS, OTHER_DATA, VARIANTS, Pipeline  # noqa: E402

from rebake import load_model  # noqa: E402
from rebake.assistant.importer import load_assistant  # noqa: E402
from rebake.errors import RebakeError  # noqa: E402
from rebake.model_training import train_nlu  # noqa: E402
from rebake.registry.lookup import COMPONENTS  # noqa: E402
from rebake.registry.lookup import POLICIES  # noqa: E402

SHOWN = 8
EXTRACTS = ("DIETClassifier", "CRFEntityExtractor", "RegexEntityExtractor")
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


def extractors(pipeline: Pipeline) -> set[str]:
    return {one["name"] for one in pipeline if one["name"] in EXTRACTS and one.get("entity_recognition", True)}


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


def differences(variant: Variant, texts: list[str], told: dict[str, Any], pipeline: Pipeline) -> list[str]:
    """Both archives, each parsed by both sides; the figures tell how much there was to compare."""
    found = []
    for side, trainer in (("theirs", "Rasa"), ("ours", "rebake")):
        with load_model(variant[side]) as model:
            parsed = model.parse_all(texts)
        answers = [{"texts": texts, "parses": parses, "points": [], "decisions": []} for parses in (told[side], parsed)]
        entities = sum(len(parse["entities"]) for parse in parsed)
        wrong = compare(*answers)
        print(f"  trained by {trainer}: {len(texts)} texts, {entities} entities, {len(wrong) or 'no'} differences")
        found += [f"trained by {trainer}: {difference}" for difference in wrong]
        silent = extractors(pipeline) - {entity.get("extractor") for parse in parsed for entity in parse["entities"]}
        found += [f"trained by {trainer}: {name} found nothing, so nothing was compared" for name in sorted(silent)]
    return found


def report(name: str, found: list[str]) -> int:
    """Tell the first of the differences, and how many there are."""
    print(f"{name}: {len(found) or 'no'} differences", flush=True)
    for difference in found[:SHOWN]:
        print(f"  ! {difference}")
    if len(found) > SHOWN:
        print(f"  ! and {len(found) - SHOWN} more")
    return len(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=[""], metavar="WORD")
    parser.add_argument("--keep", type=Path, metavar="DIRECTORY")
    parser.add_argument("--processes", type=int, default=2, help="Rasa processes at a time (default: 2)")
    given = parser.parse_args()
    logging.getLogger("rebake").setLevel(logging.ERROR)  # what the data lacks for a pipeline is no news here
    wanted = {name: pipe for name, pipe in VARIANTS.items() if any(word in name for word in given.only)}
    texts = list(dict.fromkeys([*training_texts(), *ODD_TEXTS]))
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="rebake-variants-") as scratch:
        work = (given.keep or Path(scratch)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        variants = []
        for number, (name, pipeline) in enumerate(wanted.items()):
            try:
                variants.append(prepared(number, name, pipeline, work))
            except RebakeError as error:
                wrong += report(name, [f"rebake does not train it: {error}"])
        shares = [share for place in range(given.processes) if (share := variants[place :: given.processes])]
        answers = rasa_answers("conformance_variants_rasa.py", [job(share, texts) for share in shares], work)
        told = {name: parses for answer in answers for name, parses in answer["parses"].items()}
        wrong += report("defaults of all options", default_differences(answers[0]["defaults"]) if answers else [])
        for variant in variants:
            name = variant["name"]
            wrong += report(name, differences(variant, texts, told[name], wanted[name]))
    if wrong:
        sys.exit(f"{wrong} differences between Rasa 3.6.21 and rebake")
    print("Rasa 3.6.21 and rebake agree on every variant.")


if __name__ == "__main__":
    main()
