"""``rebake parse``: one JSON object for each text."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from itertools import islice

from rebake.cli.files import model_path
from rebake.errors import UsageError
from rebake.model import load_model

PARSE_BATCH = 1024  # texts parsed at a time, enough for all threads; a longer input streams


def parse(options: argparse.Namespace) -> int:
    """Print one JSON object for each text."""
    if "-" in options.text and len(options.text) > 1:
        raise UsageError("`-` (texts from standard input) cannot be mixed with texts on the command line.")
    with load_model(model_path(options.model, "MODEL")) as model:
        for texts in _batches(_stdin_lines() if options.text == ["-"] else options.text):
            for result in model.parse_all(texts):
                print(json.dumps(result, ensure_ascii=False))
    return 0


def _stdin_lines() -> Iterator[str]:
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", errors="replace").rstrip("\r\n")


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(texts)
    while batch := list(islice(remaining, PARSE_BATCH)):
        yield batch
