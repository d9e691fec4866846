"""What logs show of long work."""

from __future__ import annotations

import pytest

from rebake.base.progress import LineProgress, format_figures


@pytest.mark.parametrize(("total", "length"), [(1, "1 epoch"), (2, "2 epochs")])
def test_logs_say_how_long_work_is_and_how_it_ended(total: int, length: str) -> None:
    lines: list[str] = []
    with LineProgress(lines.append).task("DIETClassifier3", total) as task:
        for _ in range(total):
            task.advance(loss=1.5)
    assert lines == [f"DIETClassifier3: {length}", "DIETClassifier3: done, loss 1.5, 0 s"]


def test_progress_is_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rebake.base.progress.LINE_INTERVAL", 0.0)
    lines: list[str] = []
    with LineProgress(lines.append).task("DIETClassifier5", 4) as task:
        task.advance(loss=1.23456)
        task.advance(2)
        monkeypatch.setattr("rebake.base.progress.LINE_INTERVAL", 100.0)
        task.advance(1)
    assert lines[1:3] == ["DIETClassifier5: epoch 1/4, loss 1.23, 0 s", "DIETClassifier5: epoch 3/4, loss 1.23, 0 s"]
    assert len(lines) == 4


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ({"loss": 1.2, "intent_accuracy": 0.9712, "entity_f1": 0.934, "mask_loss": 0.1}, "intents 0.97, entities 0.93"),
        ({"intent_accuracy": 1.0, "val_intent_accuracy": 0.8, "val_loss": 2.0}, "held out: intents 0.80"),
        ({"loss": 0.87754, "accuracy": 0.5}, "actions 0.50"),
        ({"loss": 0.87754}, "loss 0.878"),
        ({"memorized_turns": 1234.0, "share": 0.12345}, "memorized turns 1,234, share 0.123"),
        ({}, ""),
    ],
)
def test_figures_say_in_words_how_much_is_right(figures: dict[str, float], words: str) -> None:
    assert format_figures(figures) == words
