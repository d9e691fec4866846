"""Threads that take turns: one at a time in Python, any number outside of it, and nobody left behind by an error."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from rebake.base.interpreter_lock import interpreter_held, interpreter_released

PATIENCE = 30.0  # seconds until a thread that should have come is given up


def test_one_thread_at_a_time_has_its_turn() -> None:
    lock = threading.Lock()
    inside: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        with interpreter_held(lock):
            inside.append(number)
            time.sleep(0.002)  # lets go of the interpreter, so that others would come in if they could
            most.append(len(inside))
            inside.remove(number)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(12)))
    assert most == [1] * 12


def test_out_of_turn_threads_are_there_at_the_same_time_and_come_back_one_by_one() -> None:
    lock = threading.Lock()
    meeting = threading.Barrier(3)
    inside: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        with interpreter_held(lock):
            with interpreter_released():
                meeting.wait(PATIENCE)
            inside.append(number)
            time.sleep(0.002)
            most.append(len(inside))
            inside.remove(number)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))
    assert most == [1, 1, 1]


def test_a_thread_that_takes_no_turns_goes_on() -> None:
    with interpreter_released():
        pass
    lock = threading.Lock()
    with interpreter_held(lock):
        pass
    with interpreter_released():  # its interpreter_held is over
        assert not lock.locked()


def test_an_error_in_or_out_of_turn_ends_the_turn() -> None:
    class Failed(Exception):
        pass

    lock = threading.Lock()

    def fail(*, outside: bool) -> None:
        with interpreter_held(lock):
            if outside:
                with interpreter_released():
                    raise Failed
            raise Failed

    for outside in (False, True):
        with pytest.raises(Failed):
            fail(outside=outside)
        assert not lock.locked()


def test_who_is_out_of_turn_already_stays_out_and_takes_no_lock_from_another() -> None:
    lock = threading.Lock()
    with interpreter_held(lock):
        with interpreter_released():
            with lock, interpreter_released():  # the lock is another's now
                assert lock.locked()
            assert not lock.locked()
        assert lock.locked()
        with interpreter_released():  # its own interpreter_held goes on as before
            assert not lock.locked()


def test_a_turn_within_a_turn_leaves_the_outer_one_as_it_was() -> None:
    outer, inner = threading.Lock(), threading.Lock()
    with interpreter_held(outer):
        with interpreter_held(inner), interpreter_released():
            assert (outer.locked(), inner.locked()) == (True, False)
        with interpreter_released():
            assert not outer.locked()
