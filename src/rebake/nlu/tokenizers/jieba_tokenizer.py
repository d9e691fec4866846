"""JiebaTokenizer: Chinese words, by the library jieba and the user dictionaries that a model brings along."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any, Self

from rebake.base.confinement import require_inside
from rebake.base.names import named
from rebake.base.training_context import TrainingContext
from rebake.errors import RETRAIN, DataError, ModelError
from rebake.nlu.component import TrainingData
from rebake.nlu.message import Message, Token
from rebake.nlu.tokenizers.tokenizer import Tokenizer

_FORMAT = "Each line is: word, frequency (optional), word class (optional), with spaces between, in UTF-8."


class JiebaTokenizer(Tokenizer):
    """White space and punctuation are tokens as well, so an empty text alone has none.

    Training reads the files of the directory ``dictionary_path`` (not those below it) and puts them into the model.
    """

    def __init__(self, options: Mapping[str, Any], node: str) -> None:
        super().__init__(options, node)
        self._dictionary_path: str | None = options["dictionary_path"]
        self._dictionaries: dict[str, bytes] = {}  # file name -> content

    def train(self, training: TrainingData, context: TrainingContext) -> dict[str, float]:
        """Read the user dictionaries. Raises DataError where they are missing or no dictionaries."""
        if self._dictionary_path is not None:
            place = Path(self._dictionary_path)
            for path in (place, *place.glob("*")):
                require_inside(path)
            self._dictionaries = _read(place)
            if not self._dictionaries:
                raise DataError(
                    f"dictionary_path: the directory {self._dictionary_path!r} does not exist or contains no file.",
                    fix="Name the directory of your dictionaries, relative to where rebake is started, or remove it.",
                )
            try:
                _ = self._segmenter  # a broken dictionary is reported before anything is trained
            except ValueError as error:
                raise DataError(f"dictionary_path: {error}.", fix=_FORMAT) from error
        return {}

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        found = self._segmenter.tokenize(message.attributes[attribute])
        return [Token(word, start, end, word) for word, start, end in found]

    @cached_property
    def _segmenter(self) -> Any:
        """A ``jieba.Tokenizer`` of our own: jieba's shared one would keep the words of every model loaded before.

        It is filled here, because jieba itself would read and write a cache in the directory of temporary files, where
        anyone may have put it.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # jieba of 2020: invalid escapes, pkg_resources
            import jieba
        segmenter = jieba.Tokenizer()
        segmenter.FREQ, segmenter.total = segmenter.gen_pfdict(segmenter.get_dict_file())
        segmenter.initialized = True
        for name, content in self._dictionaries.items():
            try:
                segmenter.load_userdict(BytesIO(content))
            except ValueError as error:
                raise ValueError(f"{name} is not a dictionary of jieba") from error
        return segmenter

    def save(self, directory: Path) -> None:
        for name, content in self._dictionaries.items():
            (directory / name).write_bytes(content)

    @classmethod
    def load(cls, options: Mapping[str, Any], node: str, directory: Path | None) -> Self:
        component = cls(options, node)
        if component._dictionary_path is not None and directory is not None:
            component._dictionaries = _read(directory)
            try:
                _ = component._segmenter
            except ValueError as error:
                raise ModelError(f"{named(node)}: {error}.", fix=RETRAIN) from error
        return component


def _read(directory: Path) -> dict[str, bytes]:
    """The files in a directory, by name; the order counts for words without a frequency. Hidden ones do not count."""
    if not directory.is_dir():
        return {}
    files = sorted(path for path in directory.iterdir() if path.is_file() and not path.name.startswith("."))
    return {file.name: file.read_bytes() for file in files}
