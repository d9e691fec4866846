"""What logs show of long work."""

import io

import pytest

from rebake.cli.console import LineProgress


@pytest.mark.parametrize(("total", "told"), [(1, "1 epoch"), (2, "2 epochs")])
def test_logs_tell_how_long_work_is_and_how_it_ended(total: int, told: str) -> None:
    stream = io.StringIO()
    with LineProgress(stream).task("DIETClassifier3", total) as task:
        for _ in range(total):
            task.advance(loss=1.5)
    assert stream.getvalue() == f"DIETClassifier3: {told}\nDIETClassifier3: done, loss 1.5, 0 s\n"
