#!/usr/bin/env python3
"""Components with libraries of their own (Jieba, spaCy, language models) and Duckling: Rasa 3.6.21 and rebake agree.

    scripts/conformance_extras                       all of conformance_extras_data/variants.py
    scripts/conformance_extras --only spaCy bert     those whose name holds one of the words
    scripts/conformance_extras --keep DIRECTORY      leaves models, archives and answers there; models are used again

Each variant is trained by Rasa and by rebake, and each of the two archives is asked by both sides: rankings and
confidences within 1e-4, everything else equal, and an extractor that finds nothing fails, since nothing was compared.
Language models are made here, small and with random weights; the Duckling server is a stand-in on this machine.

Run it with any Python: scripts/extras_env makes both environments, and says which variables name their places. It is
not part of .ci/run: PyTorch and a second spaCy are much to install, and all of it takes a quarter of an hour. Run it
after changes to these components, or when their libraries have a new version; the tests of them,
tests/nlu/test_extras.py and those of the tokenizer and the extractor, skip what is not installed, and run whole with
`$(scripts/extras_env rebake)/bin/python -m pytest`.
Exit code 1 if anything differs.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "scripts" / "conformance_extras_data"
ENGLISH_DATA = ROOT / "scripts" / "conformance_variants_data"
sys.path[:0] = [str(ROOT / "scripts"), str(DATA)]

from variants import CHINESE, CHINESE_TEXTS, ENGLISH, Pipeline  # noqa: E402

ENGLISH_TEXTS = [
    "", "hello there", "I want to fly from big apple to sf", "book flights from Berlin to Rome", "see you in Oslo",
    "flights from St. Gallen to Zürich, then Rome, Oslo and Berlin", "a small pizza, a large soup; two tiny salads",
    "10'000.00 € for LH123 or ba0042", "don't   stop tomorrow", "İstanbul Straße ﬁ ΑΣ", "😀 hi 日本語 x", "zxqv",
    "/greet", "and " * 700 + "Rome",
]  # fmt: skip
SHOWN = 8
EXTRACTS = ("DIETClassifier", "CRFEntityExtractor", "SpacyEntityExtractor", "DucklingEntityExtractor")
Parse = dict[str, Any]


class Duckling(BaseHTTPRequestHandler):
    """Finds digits, and tells the locale that it was asked with, so that a wrong question shows."""

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        text, locale = form.get("text", [""])[0], form.get("locale", [None])[0]
        found = [
            {"body": c, "start": i, "end": i + 1, "dim": "number", "value": {"value": int(c), "locale": locale}}
            for i, c in enumerate(text)
            if c.isascii() and c.isdigit()
        ]
        answer = [*found, {"body": text, "start": 0, "end": len(text), "dim": "all", "value": {"value": form["dims"]}}]
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Silence."""


@contextmanager
def duckling() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Duckling)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()


def environment(side: str) -> Path:
    made = subprocess.run([ROOT / "scripts" / "extras_env", side], stdout=subprocess.PIPE, text=True, check=True)
    return Path(made.stdout.strip()) / "bin" / "python"


def run(python: Path, work: Path, *arguments: str | Path) -> None:
    """In `work`, where Rasa puts its cache, and for as long as it takes."""
    began = time.monotonic()
    done = subprocess.run(
        [python, *arguments], cwd=work,
        check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "RASA_TELEMETRY_ENABLED": "false", "HF_HUB_OFFLINE": "1"},
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{Path(arguments[0]).name} failed with exit code {done.returncode}:\n{done.stdout[-4000:]}")
    print(f"{Path(arguments[0]).name}: {time.monotonic() - began:.0f} s", flush=True)


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


def make_models(wanted: dict[str, Pipeline], pythons: dict[str, Path], work: Path) -> None:
    """What the pipelines load, where it is not kept from an earlier run."""
    used = json.dumps(wanted)
    if '"SpacyNLP"' in used and not (work / "spacy").exists():
        run(pythons["rasa"], work, DATA / "spacy_model.py", work / "spacy")
    if '"LanguageModelFeaturizer"' in used and not (work / "bert").exists():
        run(pythons["rebake"], work, DATA / "language_models.py", work, ENGLISH_DATA / "nlu.yml")


def extractors(pipeline: Pipeline) -> set[str]:
    return {one["name"] for one in pipeline if one["name"] in EXTRACTS and one.get("entity_recognition", True)}


def differences(texts: list[str], rasa: list[Parse], rebake: list[Parse], expected: set[str]) -> list[str]:
    """Between the answers of both sides; an extractor that finds nothing is one, since nothing of it was compared.

    Texts that Rasa fails on (DIET, of a text that has no dense features, as "" has none) are told and left out.
    """
    from conformance_compare import compare

    for text, parse in zip(texts, rasa, strict=True):
        if "failed" in parse:
            print(f"[Rasa fails on {text[:20]!r}: {parse['failed'][:60]}] ", end="")
    kept = [place for place, parse in enumerate(rasa) if "failed" not in parse]
    texts, rasa, rebake = ([rows[place] for place in kept] for rows in (texts, rasa, rebake))
    empty: dict[str, Any] = {"texts": texts, "points": [], "decisions": []}
    found = compare({**empty, "parses": rasa}, {**empty, "parses": rebake})
    counts = Counter(entity["extractor"] for parse in rasa for entity in parse["entities"])
    silent = [f"{name} found nothing, so nothing was compared" for name in sorted(expected - set(counts))]
    told = ", ".join(f"{number} of {name}" for name, number in sorted(counts.items()))
    print(f"{len(texts)} texts, entities: {told or 'none'}: {len(found + silent) or 'no'} differences", flush=True)
    return found + silent


def check(job: dict[str, Any], expected: dict[str, set[str]], pythons: dict[str, Path], work: Path) -> int:
    """Train and ask on both sides; the number of differences."""
    question = work / "job.json"
    question.write_text(json.dumps(job), encoding="utf-8")
    ours, rasa = work / "rebake.json", work / "rasa.json"
    run(pythons["rebake"], work, DATA / "rebake_side.py", "train", question, ours)
    run(pythons["rasa"], work, ROOT / "scripts" / "conformance_variants_rasa.py", question, rasa)
    run(pythons["rebake"], work, DATA / "rebake_side.py", "parse", question, ours)
    told = json.loads(rasa.read_text(encoding="utf-8"))["parses"]
    answered = json.loads(ours.read_text(encoding="utf-8"))
    wrong = 0
    for name, told_of in told.items():
        for side, trainer in (("theirs", "Rasa"), ("ours", "rebake")):
            print(f"{name}; trained by {trainer}: ", end="")
            found = differences(job["texts"], told_of[side], answered[name][side], expected[name])
            for difference in found[:SHOWN]:
                print(f"  ! {difference}")
            wrong += len(found)
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=[""], metavar="WORD")
    parser.add_argument("--keep", type=Path, metavar="DIRECTORY")
    given = parser.parse_args()
    pythons = {side: environment(side) for side in ("rebake", "rasa")}
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="rebake-extras-") as scratch, duckling() as url:
        work = (given.keep or Path(scratch)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        fills = {"models": str(work), "duckling": url, "data": str(DATA)}
        for language, pipelines, texts, data in (
            ("en", ENGLISH, ENGLISH_TEXTS, ENGLISH_DATA / "nlu.yml"),
            ("zh", CHINESE, CHINESE_TEXTS, DATA / "chinese.yml"),
        ):
            wanted = {name: pipe for name, pipe in pipelines.items() if any(word in name for word in given.only)}
            if wanted:
                make_models(wanted, pythons, work)
                variants = written(language, data, wanted, fills, work)
                job = {"texts": texts, "domain": str(ENGLISH_DATA / "domain.yml"), "variants": variants, "classes": []}
                wrong += check(job, {name: extractors(pipe) for name, pipe in wanted.items()}, pythons, work)
    if wrong:
        sys.exit(f"{wrong} differences between Rasa 3.6.21 and rebake")
    print("Rasa 3.6.21 and rebake agree on every variant.")


if __name__ == "__main__":
    main()
