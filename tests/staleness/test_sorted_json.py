"""A sorted list as JSON: after any exchange of elements it is hashed as the list itself would be."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebake.staleness.meaning import digest
from rebake.staleness.sorted_json import SortedJson

TEXTS = st.text(st.sampled_from('ab"\\,[]{}\n\u00e9\U0001f600\ud800'), max_size=3)
PAIRS = st.lists(TEXTS, min_size=2, max_size=2)


@pytest.mark.parametrize("kind", [TEXTS, PAIRS], ids=["texts", "pairs"])
@given(data=st.data())
def test_an_exchange_is_hashed_as_the_list_itself(kind: st.SearchStrategy[object], data: st.DataObject) -> None:
    kept, removed, added = (data.draw(st.lists(kind, max_size=6)) for _ in range(3))
    listed = SortedJson.of([*kept, *removed])
    again = SortedJson.from_bytes(memoryview(b"".join(listed.to_pieces())), len(listed))
    for each in (listed, again):
        assert each.changed(removed, added).digest() == digest(sorted([*kept, *added]))
        assert all(each.count(value) == [*kept, *removed].count(value) for value in (*kept, *removed, *added))


def test_what_is_not_in_the_list_cannot_be_removed() -> None:
    listed = SortedJson.of(["a", "c"])
    for removed in (["b"], ["a", "a"], ["d"]):
        with pytest.raises(LookupError):
            listed.changed(removed, ()).digest()


def test_a_list_that_is_cut_short_is_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        SortedJson.from_bytes(memoryview(array("Q", [0]).tobytes()), 2)
