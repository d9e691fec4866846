"""Trains one part of an assistant; run by the Python of the user's own Rasa, so it imports nothing of rebake.

    python training_script.py JOB ANSWER

JOB is a JSON file:

    part        "nlu" or "core"
    config      path of config.yml; paths are relative to the working directory, which is the assistant's
    domain      path of the domain, or null
    data        paths of the training data
    output      an existing directory for the archive
    arguments   what a training takes besides, by Rasa's names: {"augmentation_factor": 50}

ANSWER is the JSON file that it writes: {"model": PATH}, or {"error": SENTENCES} where Rasa raised an exception, whose
traceback goes to stderr unless it is one of Rasa's own. Where there is no answer, Rasa ended the process, and what it
printed says why. It must run on Python 3.8, the oldest of Rasa 3.6.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
import warnings
from typing import Any, Dict, List, Optional  # noqa: UP035


def main(job_file: str, answer_file: str) -> int:
    with open(job_file, encoding="utf-8") as file:  # noqa: PTH123
        job = json.load(file)
    # As for `python -m rasa`: the assistant's modules are looked for in the working directory first, and not here.
    sys.path[0] = os.getcwd()  # noqa: PTH109
    try:
        answer = {"model": train(job)}
    except Exception as error:
        answer = {"error": describe(error)}
        if not is_expected(error):
            traceback.print_exc()
    with open(answer_file, "w", encoding="utf-8") as file:  # noqa: PTH123
        json.dump(answer, file)
    return 0 if "model" in answer else 1


def train(job: Dict[str, Any]) -> str:  # noqa: UP006
    """Train the part as `rasa train nlu` or `rasa train core` does; return the path of the archive."""
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("rasa").setLevel(logging.INFO)
    warnings.simplefilter("ignore", DeprecationWarning)  # of libraries that Rasa is pinned to

    from rasa.model_training import _train_graph
    from rasa.shared.data import TrainingType
    from rasa.shared.importers.importer import TrainingDataImporter
    from rasa.utils.log_utils import configure_structlog

    configure_structlog(logging.INFO)
    paths = job["config"], job["domain"], job["data"]
    if job["part"] == "nlu":
        importer = TrainingDataImporter.load_nlu_importer_from_config(*paths)
    else:
        importer = TrainingDataImporter.load_core_importer_from_config(*paths)
    # The public functions take one path of data each, and this is all that they do after their checks.
    result = _train_graph(
        importer,
        training_type=TrainingType.NLU if job["part"] == "nlu" else TrainingType.CORE,
        output_path=job["output"],
        fixed_model_name=job["part"],
        force_full_training=True,
        **job["arguments"],
    )
    return str(result.model)


def describe(error: BaseException) -> str:
    """One line: what Rasa says, then the exception that caused it."""
    causes = chain(error)
    said = [" ".join(str(cause).split()) for cause in causes]
    name = type(causes[-1]).__name__
    last = said[-1] if is_expected(causes[-1]) and said[-1] else f"{name}: {said[-1]}".rstrip(": ")
    first = said[0].rstrip(".")
    return last if len(causes) == 1 or not first or first in last else f"{first}. {last}"


def chain(error: BaseException) -> List[BaseException]:  # noqa: UP006
    """The exception, what it was raised from, and so on."""
    found: List[BaseException] = []  # noqa: UP006
    following: Optional[BaseException] = error  # noqa: UP045
    while following is not None and following not in found:
        found.append(following)
        following = following.__cause__
    return found


def is_expected(error: BaseException) -> bool:
    """Whether it is an exception of Rasa's with nothing behind it, whose message says everything."""
    return type(error).__module__.partition(".")[0] == "rasa" and error.__cause__ is None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
