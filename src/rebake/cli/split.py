"""``rebake split``: NLU data into files to train on and files to test on."""

from __future__ import annotations

import argparse
from pathlib import Path

from rebake.assistant.importer import load_assistant
from rebake.cli.console import print_notices, say
from rebake.cli.files import DEFAULT_DATA
from rebake.cli.outputs import note_new_directory
from rebake.differences.model import count_text
from rebake.errors import DataError
from rebake.evaluation.rasa_files import ResultFiles
from rebake.evaluation.split import data_text, responses_text, split_examples


def split(options: argparse.Namespace) -> int:
    """Write both parts, each with the responses that it needs."""
    paths = options.nlu or [DEFAULT_DATA]
    assistant = load_assistant(None, None, paths, env=frozenset(options.env))
    print_notices(assistant.notices)
    train, test = split_examples(assistant.nlu.examples, options.training_fraction, options.random_seed)
    if not test:
        raise DataError(f"{', '.join(paths)} has no NLU examples.", fix="Name files that have some with --nlu.")
    note_new_directory(options.out)
    files = ResultFiles(Path(options.out))
    for name, examples in (("training_data.yml", train), ("test_data.yml", test)):
        files.write_text(name, data_text(assistant.nlu, examples))
        files.write_text(f"nlg_{name}", responses_text(assistant.domain, examples))
    say(f"{options.out}: {count_text(len(train), 'example')} to train on, {len(test)} to test on.")
    return 0
