"""How a terminal shows warnings."""

import io
from contextlib import redirect_stderr

from hypothesis import given
from hypothesis import strategies as st

from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.cli.console import print_notices


def printed(*notices: Notice, has_report: bool = False) -> list[str]:
    with redirect_stderr(io.StringIO()) as stream:
        print_notices(notices, has_report=has_report)
    return stream.getvalue().splitlines()


def test_many_warnings_of_a_kind_are_one_line_with_the_way_to_all_of_them() -> None:
    duplicates = [Notice("Left out.", Location("nlu.yml", n), NoticeKind.DUPLICATE_EXAMPLE) for n in range(1, 15)]
    summed_up = "warning: 14 duplicate examples are left out, first at nlu.yml:1: Left out."
    for has_report, how in ((True, "-v or --report FILE"), (False, "-v")):
        assert printed(*duplicates, has_report=has_report) == [summed_up, f"14 warnings. {how} lists every one."]
    assert printed(duplicates[0]) == ["warning: nlu.yml:1: Left out."]


@given(st.text() | st.sampled_from(["\n::error::x", "##[error]x", "\x1b[2J", "\u2028::warning::"]))
def test_a_warning_is_one_printable_line_and_no_workflow_command(message: str) -> None:
    [line] = printed(Notice(message))
    assert line.startswith("warning: ")
    assert line.isprintable()
    assert "##[" not in line
