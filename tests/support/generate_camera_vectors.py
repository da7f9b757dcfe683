"""Writes tests/golden/camera/*.json from the scalar reference: PYTHONPATH=src:tests python -m support.generate_camera_vectors."""

import json

from support.camera_cases import cases
from support.paths import GOLDEN
from support.scalar_camera import expectation

FOLDER = GOLDEN / "camera"


def vector_text(case):
    """One golden vector as it is stored."""
    return json.dumps({**case, "expect": expectation(case)}, indent=1) + "\n"


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    everything = list(cases())
    names = {case["name"] for case in everything}
    if len(names) != len(everything):
        raise SystemExit("two cases have the same name")
    for old in FOLDER.glob("*.json"):
        if old.stem not in names:
            old.unlink()
    for case in everything:
        (FOLDER / f"{case['name']}.json").write_text(vector_text(case), encoding="utf-8")


if __name__ == "__main__":
    main()
