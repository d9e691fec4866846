"""Ask rebake about a model archive: the other side of scripts/rasa_side.py, with an answer of the same shape.

    python scripts/rebake_side.py ARCHIVE QUESTIONS.json ANSWER.json

The questions are Rasa's answer: `texts` are parsed again and `points` decided again.
"""

import json
import sys
from pathlib import Path
from typing import Any

import rebake


def answer(archive: str, texts: list[str], points: list[dict[str, Any]]) -> dict[str, Any]:
    model = rebake.load_model(archive)
    decisions = [dict(model.predict_next(point["events"])) for point in points]
    return {"texts": texts, "parses": [model.parse(text) for text in texts], "points": points, "decisions": decisions}


def main() -> None:
    archive, questions, out = sys.argv[1:4]
    asked = json.loads(Path(questions).read_text(encoding="utf-8"))
    told = answer(archive, asked["texts"], asked["points"])
    Path(out).write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
