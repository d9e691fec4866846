"""What Rasa 3.6.21 reads of NLU data (run by the Python of scripts/rasa_env; see scripts/parity_nlu_data).

    "$(scripts/rasa_env)"/bin/python scripts/rasa_nlu_data.py JOBS.json ANSWERS.json

Each job has `directory` (where to run), `config` (or null), `domain` (or null) and `data` (paths). Its answer: `error`,
or `examples` (text, full intent, entities, metadata), `synonyms`, `regexes`, `lookups`.
"""

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

from rasa.nlu.utils.pattern_utils import read_lookup_table_file
from rasa.shared.importers.rasa import RasaFileImporter

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


def main() -> None:
    warnings.simplefilter("ignore")
    answers = []
    for job in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
        os.chdir(job["directory"])
        try:
            answers.append(read(job))
        except Exception as error:  # any: what Rasa refuses is what is asked for
            answers.append({"error": f"{type(error).__name__}: {error}"[:300]})
    Path(sys.argv[2]).write_text(json.dumps(answers), encoding="utf-8")


if __name__ == "__main__":
    main()
