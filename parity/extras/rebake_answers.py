"""rebake's half of scripts/conformance_extras, run by the Python of `scripts/extras_env rebake`.

PYTHON rebake_side.py train JOB.json ANSWER.json     trains every variant into its archive `ours`
PYTHON rebake_side.py parse JOB.json ANSWER.json     parses the texts with `ours` and `theirs`
"""

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
    told: dict[str, dict[str, object]] = {}
    for variant in job["variants"]:
        for side in ("theirs", "ours"):
            with load_model(variant[side]) as model:
                told.setdefault(variant["name"], {})[side] = model.parse_all(job["texts"])
    out.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
