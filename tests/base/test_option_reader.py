"""Options as typed values, and errors that name the option, what it is and where it is from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rebake.base.option_reader import OptionReader
from rebake.errors import ModelError


def reader(**options: Any) -> OptionReader:
    return OptionReader(options, "ted_policy.meta.json")


def test_values_come_with_their_types() -> None:
    read = reader(
        epochs=3, drop_rate=0, scale_loss=1, loss_type="margin", sizes=[4, 2], batch_size=[64, 256], directory=""
    )
    assert read.whole("epochs", least=3) == 3
    assert isinstance(read.number("drop_rate"), float)
    assert read.flag("scale_loss") is True
    assert read.one_of("loss_type", ("cross_entropy", "margin")) == "margin"
    assert read.sizes("sizes") == (4, 2)
    assert read.size_or_sizes("batch_size") == (64, 256)
    assert read.size_or_sizes("epochs") == 3
    assert read.text_or_none("directory") is None


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("7", lambda r: r.whole("option")),
        (True, lambda r: r.whole("option")),
        (0, lambda r: r.whole("option", least=1)),
        (True, lambda r: r.number("option")),
        (None, lambda r: r.number("option")),
        ("yes", lambda r: r.flag("option")),
        (None, lambda r: r.flag("option")),
        ("hinge", lambda r: r.one_of("option", ("cross_entropy", "margin"))),
        (4, lambda r: r.sizes("option")),
        ([4, "2"], lambda r: r.sizes("option")),
        ([1, 2, 3], lambda r: r.size_or_sizes("option")),
        (3, lambda r: r.text_or_none("option")),
        ([], lambda r: r.of("option")),
    ],
)
def test_a_value_of_another_kind_is_refused_by_name(value: Any, read: Callable[[OptionReader], Any]) -> None:
    with pytest.raises(ModelError, match=r"option in ted_policy\.meta\.json is") as caught:
        read(reader(option=value))
    assert caught.value.fix


def test_what_is_missing_is_named_with_what_it_is_in() -> None:
    with pytest.raises(ModelError, match=r"text is missing in dense_dimension in ted_policy\.meta\.json"):
        reader(dense_dimension={}).of("dense_dimension").whole("text")
