"""rebake's half of the suite `extras`, run by the Python of its environment.

PYTHON -m parity.extras.rebake_answers train JOB.json ANSWER.json     trains every variant into its archive `ours`
PYTHON -m parity.extras.rebake_answers parse JOB.json ANSWER.json     parses the texts with `ours` and `theirs`
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from rebake import load_model
from rebake.model_training import train_nlu


def main() -> None:
    mode, question, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    job = json.loads(question.read_text(encoding="utf-8"))
    if mode == "train":
        for variant in job["variants"]:
            place = Path(variant["ours"])
            train_nlu(
                variant["config"], variant["nlu"], str(place.parent), fixed_model_name=place.name, domain=job["domain"]
            )
        return
    parses: dict[str, dict[str, object]] = {}
    for variant in job["variants"]:
        for side in ("theirs", "ours"):
            with load_model(variant[side]) as model:
                parses.setdefault(variant["name"], {})[side] = model.parse_all(job["texts"])
    out.write_text(json.dumps(parses, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
