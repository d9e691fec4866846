"""The order in which Rasa's libraries see equally frequent n-grams, where only the most frequent ones are kept.

scikit-learn ranks them with numpy's argsort, whose default is no stable sort: which of many equally frequent n-grams
stay is decided by the moves of an introsort (Musser 1997, https://doi.org/10.1002/(SICI)1097-024X(199708)27:8<983>).
Newer versions of numpy sort otherwise, on some processors; this is the order of numpy 1.23, the one of Rasa 3.6.
"""

from __future__ import annotations

from collections.abc import Sequence

_SMALL = 15  # ranges of one more are sorted by insertion


def most_frequent(counts: Sequence[int]) -> list[int]:
    """The indices of the counts, greatest first; ties as numpy 1.23's ``(-counts).argsort()`` leaves them."""
    keys = [-count for count in counts]
    order = list(range(len(keys)))
    ranges = [(0, len(keys) - 1, 2 * max(len(keys).bit_length() - 1, 0))]
    while ranges:
        low, high, depth = ranges.pop()
        while high - low > _SMALL and depth >= 0:
            middle = _partition(order, keys, low, high)
            depth -= 1
            if middle - low < high - middle:
                ranges.append((middle + 1, high, depth))
                high = middle - 1
            else:
                ranges.append((low, middle - 1, depth))
                low = middle + 1
        # too many uneven splits in a row end in a heap sort there; a stable sort here (ties alone could differ)
        order[low : high + 1] = sorted(order[low : high + 1], key=keys.__getitem__)
    return order


def _partition(order: list[int], keys: Sequence[int], low: int, high: int) -> int:
    """Split around the median of the first, middle and last; returns where it ends up."""
    middle = low + (high - low) // 2
    _swap_if_less(order, keys, middle, low)
    _swap_if_less(order, keys, high, middle)
    _swap_if_less(order, keys, middle, low)
    pivot = keys[order[middle]]
    left, right = low, high - 1
    order[middle], order[right] = order[right], order[middle]
    while True:
        left += 1
        while keys[order[left]] < pivot:
            left += 1
        right -= 1
        while pivot < keys[order[right]]:
            right -= 1
        if left >= right:
            break
        order[left], order[right] = order[right], order[left]
    order[left], order[high - 1] = order[high - 1], order[left]
    return left


def _swap_if_less(order: list[int], keys: Sequence[int], one: int, other: int) -> None:
    if keys[order[one]] < keys[order[other]]:
        order[one], order[other] = order[other], order[one]
