"""Numbers on the command line: each function is the ``type`` of an option and says what the option takes."""

from __future__ import annotations

import argparse
import math


def count(text: str) -> int:
    """Read a whole number of 0 or more."""
    return _whole(text, "a whole number of 0 or more", lowest=0)


def positive(text: str) -> int:
    """Read a whole number of 1 or more."""
    return _whole(text, "a whole number of 1 or more", lowest=1)


def several(text: str) -> int:
    """Read a whole number of 2 or more."""
    return _whole(text, "a whole number of 2 or more", lowest=2)


def percentage(text: str) -> int:
    """Read a whole number from 0 to 99."""
    wanted = "a whole number from 0 to 99"
    number = _whole(text, wanted, lowest=0)
    if number > 99:
        raise argparse.ArgumentTypeError(f"'{text}' is not {wanted}")
    return number


def fraction(text: str) -> float:
    """Read a number between 0 and 1."""
    number = _float(text)
    if number is None or not 0 < number < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number between 0 and 1")
    return number


def share(text: str) -> float:
    """Read a number above 0."""
    number = _float(text)
    if number is None or not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number above 0")
    return number


def part_of_one(text: str) -> float:
    """Read a number from 0 to 1."""
    number = _float(text)
    if number is None or not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 0 to 1")
    return number


def drop(text: str) -> float:
    """Read a number from 0 to below 1."""
    number = _float(text)
    if number is None or not 0 <= number < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 0 to below 1")
    return number


def _whole(text: str, wanted: str, *, lowest: int) -> int:
    if not text.isdecimal() or int(text) < lowest:
        raise argparse.ArgumentTypeError(f"'{text}' is not {wanted}")
    return int(text)


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
