"""What Rasa reads of NLU data.

The job is a list, each item of which has `directory` (where to run), `config` (or null), `domain` (or null) and `data`
(paths). The answer to it: `error`, or `examples` (text, full intent, entities, metadata), `synonyms`, `regexes`,
`lookups`.
"""

from __future__ import annotations

import os
import warnings
from typing import Any

from rasa.nlu.utils.pattern_utils import read_lookup_table_file
from rasa.shared.importers.rasa import RasaFileImporter

from parity.rasa_side.job import run

KEYS = ("start", "end", "entity", "value", "role", "group")


def entity(found: dict[str, Any]) -> list[Any]:
    return [found.get(key) for key in KEYS]


def read(job: dict[str, Any]) -> dict[str, Any]:
    data = RasaFileImporter(job["config"], job["domain"], job["data"]).get_nlu_data(job["language"])
    lookups = [
        [table["name"], table["elements"] if isinstance(table["elements"], list)
         else read_lookup_table_file(table["elements"])]
        for table in data.lookup_tables
    ]  # fmt: skip
    return {
        "examples": [
            [one.get("text"), one.get_full_intent(), list(map(entity, one.get("entities") or [])), one.get("metadata")]
            for one in data.training_examples
        ],
        "synonyms": list(data.entity_synonyms.items()),
        "regexes": [[one["name"], one["pattern"]] for one in data.regex_features],
        "lookups": lookups,
    }


def answer(jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    warnings.simplefilter("ignore")
    answers = []
    for job in jobs:
        os.chdir(job["directory"])
        try:
            answers.append(read(job))
        except Exception as error:  # any: what Rasa refuses is what is asked for
            answers.append({"error": f"{type(error).__name__}: {error}"[:300]})
    return answers


if __name__ == "__main__":
    run(answer)
