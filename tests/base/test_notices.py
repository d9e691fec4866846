"""How notices are collected and summed up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind, Severity
from rebake.base.notices import FEW, NoticeGroup, Notices, grouped, shown
from rebake.base.training_context import TrainingContext

NOTICES = st.builds(
    Notice,
    st.text(),
    st.none() | st.builds(Location, st.text(), st.integers(1, 99)),
    st.none() | st.sampled_from(NoticeKind),
)


def duplicates(count: int) -> list[Notice]:
    return [Notice("Left out.", Location("nlu.yml", 12 + n), NoticeKind.DUPLICATE_EXAMPLE) for n in range(count)]


def test_many_of_a_kind_are_one_with_their_number_and_the_place_of_the_first() -> None:
    odd = Notice("Odd.", Location("nlu.yml", 1))
    [group, other] = grouped([*duplicates(7), odd, *duplicates(14)[7:]])
    assert str(group) == "14 duplicate examples are left out, first at nlu.yml:12: Left out."
    assert group.location == Location("nlu.yml", 12)
    assert str(other) == str(odd) == "nlu.yml:1: Odd."


def test_a_few_of_a_kind_stay_single() -> None:
    assert grouped(duplicates(FEW)) == [NoticeGroup(notice) for notice in duplicates(FEW)]
    assert [group.count for group in grouped(duplicates(FEW + 1))] == [FEW + 1]


def test_a_kind_without_places_is_summed_up_by_an_example() -> None:
    links = [Notice(f"'{n}' is skipped.", kind=NoticeKind.SKIPPED_FILE) for n in range(5)]
    assert str(grouped(links)[0]) == "5 files are skipped, for example: '0' is skipped."


@given(st.lists(NOTICES, max_size=40))
def test_no_notice_is_lost_or_counted_twice(notices: list[Notice]) -> None:
    groups = grouped(notices)
    seen = shown(notices)
    assert {notice.severity for notice in seen} <= {Severity.ERROR, Severity.WARNING}
    assert sum(group.count for group in groups) == len(seen)
    for group in groups:
        alike = [notice for notice in notices if notice.kind == group.first.kind]
        assert group.count == 1 or (group.first, group.count) == (alike[0], len(alike))
    singles = [notice for notice in notices if notice.kind is None]
    assert [group.first for group in groups if group.first.kind is None] == singles


def test_equal_notices_are_collected_once_in_the_order_in_which_they_come() -> None:
    notices = Notices()
    for notice in (*duplicates(2), *duplicates(3)):
        notices.add(notice)
    assert list(notices) == duplicates(3)


def test_a_warning_stands_at_its_own_place_or_else_at_its_component() -> None:
    notices = Notices()
    context = TrainingContext(notices=notices)
    component = context.at(Location("config.yml", 5))
    component.warn("of the component")
    component.warn("of an example", Location("nlu.yml", 3))
    context.warn("of neither")
    assert [str(notice) for notice in notices] == [
        "config.yml:5: of the component",
        "nlu.yml:3: of an example",
        "of neither",
    ]
