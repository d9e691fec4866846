"""What logs show of long work."""

import io
from contextlib import redirect_stderr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.cli.console import LineProgress, print_notices


@pytest.mark.parametrize(("total", "length"), [(1, "1 epoch"), (2, "2 epochs")])
def test_logs_say_how_long_work_is_and_how_it_ended(total: int, length: str) -> None:
    stream = io.StringIO()
    with LineProgress(stream).task("DIETClassifier3", total) as task:
        for _ in range(total):
            task.advance(loss=1.5)
    assert stream.getvalue() == f"DIETClassifier3: {length}\nDIETClassifier3: done, loss 1.5, 0 s\n"


def printed(*notices: Notice) -> list[str]:
    with redirect_stderr(io.StringIO()) as stream:
        print_notices(notices)
    return stream.getvalue().splitlines()


def test_many_warnings_of_a_kind_are_one_line_with_the_way_to_all_of_them() -> None:
    duplicates = [Notice("Left out.", Location("nlu.yml", n), NoticeKind.DUPLICATE_EXAMPLE) for n in range(1, 15)]
    assert printed(*duplicates) == [
        "warning: 14 duplicate examples are left out, first at nlu.yml:1: Left out.",
        "Use --report FILE to get every warning with its line.",
    ]
    assert printed(duplicates[0]) == ["warning: nlu.yml:1: Left out."]


@given(st.text() | st.sampled_from(["\n::error::x", "##[error]x", "\x1b[2J", "\u2028::warning::"]))
def test_a_warning_is_one_printable_line_and_no_workflow_command(message: str) -> None:
    [line] = printed(Notice(message))
    assert line.startswith("warning: ")
    assert line.isprintable()
    assert "##[" not in line
