"""Writes tests/golden/smoothing/*.json: PYTHONPATH=src:tests python -m support.generate_smoothing_vectors.

The expected values come from exact fractions and 60 decimal digits, with one rounding a step; nothing of the code under test.
"""

import json
import random
from decimal import Decimal, getcontext
from fractions import Fraction

import numpy as np

from support.paths import GOLDEN

FOLDER = GOLDEN / "smoothing"
FRAME_30 = 33_333_333
SECOND = 1_000_000_000
getcontext().prec = 60


def vector_text(case):
    """One vector as it is stored: a line a step."""
    steps = ",\n  ".join(json.dumps(step) for step in expected(case))
    head = json.dumps({name: value for name, value in case.items() if name != "steps"})[:-1]
    return f'{head}, "steps": [\n  {steps}\n]}}\n'


def expected(case):
    """The steps, each answer with the average after it."""
    average, last = None, None
    for step in case["steps"]:
        if step.get("reset"):
            average = None
            yield step
            continue
        kept = weight(case, average, last, step["time_nanos"])
        new = [Fraction(value) for value in step["probabilities"]]
        average = [
            rounded(kept * old + (1 - kept) * now) for old, now in zip(average or new, new, strict=True)
        ]
        last = step["time_nanos"]
        yield {**step, "expect": [float(value) for value in average]}


def weight(case, average, last, now):
    """The exact share that the average keeps."""
    if average is None:
        return Fraction(0)
    gap = Fraction(now - last, SECOND)
    # As the decimals mean it, not as their binary neighbors do.
    if gap < 0 or gap > Fraction(str(case["reset_seconds"])):
        return Fraction(0)
    half_lives = gap / Fraction(str(case["half_life_seconds"]))
    if half_lives >= 64:
        return Fraction(0)
    exponent = Decimal(half_lives.numerator) / Decimal(half_lives.denominator)
    return Fraction(Decimal("0.5") ** exponent)


def rounded(value):
    """The nearest float32, and so clearly nearest that float64 arithmetic in between cannot matter."""
    near = np.float32(float(value))
    candidates = [near, np.nextafter(near, np.float32(-9)), np.nextafter(near, np.float32(9))]
    exact = sorted((abs(Fraction(float(each)) - value), float(each)) for each in candidates)
    if exact[1][0] - exact[0][0] < Fraction(1, 2**20) * abs(exact[1][0]) and value not in (0, 1):
        raise SystemExit(f"{float(value)} lies between two float32 values; take another seed")
    return Fraction(exact[0][1])


def case(name, steps, *, labels, half_life=0.25, reset=1.0):
    """One case without its expected values."""
    return {
        "name": name,
        "labels": labels,
        "half_life_seconds": half_life,
        "reset_seconds": reset,
        "steps": steps,
    }


def answers(labels, times, seed):
    """Random distributions, as a softmax in float32 gives them."""
    drawn = random.Random(seed)
    for time in times:
        weights = [drawn.random() ** 3 + 1e-4 for _ in range(labels)]
        values = [float(np.float32(weight / sum(weights))) for weight in weights]
        yield {"time_nanos": time, "probabilities": values}


def after_gaps(gaps, start=0):
    """Times that lie these gaps apart."""
    times = [start]
    for gap in gaps:
        times.append(times[-1] + gap)
    return times


def cases():
    """Every case."""
    yield case("by-hand", [
        {"time_nanos": 5 * SECOND, "probabilities": [1.0, 0.0]},
        {"time_nanos": 5_500_000_000, "probabilities": [0.0, 1.0]},
        {"time_nanos": 8 * SECOND, "probabilities": [0.0, 1.0]},
        {"time_nanos": 7 * SECOND, "probabilities": [1.0, 0.0]},
        {"reset": True},
        {"time_nanos": 7_000_000_001, "probabilities": [0.0, 1.0]},
    ], labels=2, half_life=0.5, reset=2.0)  # fmt: skip
    yield case("thirty-frames-a-second", list(answers(8, after_gaps([FRAME_30] * 59), 1)), labels=8)
    gaps = [
        random.Random(2).choice((1, 5, 16, 33, 40, 120, 480, 900)) * 1_000_000 + 7 * turn
        for turn in range(40)
    ]
    yield case("uneven-frames", list(answers(7, after_gaps(gaps), 3)), labels=7)
    uptime = 400_000 * SECOND + 123_456_789
    yield case("camera-clock-of-days", list(answers(8, after_gaps([FRAME_30 + 1] * 20, uptime), 4)), labels=8)
    yield case("pause-of-exactly-the-reset", list(answers(3, after_gaps([300_000_000, 300_000_001] * 4), 5)),
               labels=3, reset=0.3)  # fmt: skip
    yield case("same-time-twice", list(answers(4, after_gaps([0, FRAME_30, 0]), 6)), labels=4)
    yield case(
        "clock-set-back", list(answers(4, [SECOND, 2 * SECOND - 1, SECOND, SECOND + FRAME_30], 7)), labels=4
    )
    yield case("short-half-life", list(answers(5, after_gaps([1_000_000, 10_000_000, 63_000_000, 80_000_000, 500_000_000]), 8)),
               labels=5, half_life=0.0011)  # fmt: skip
    yield case(
        "long-half-life",
        list(answers(5, after_gaps([FRAME_30] * 12), 9)),
        labels=5,
        half_life=30.0,
        reset=5.0,
    )
    yield case("one-label", list(answers(1, after_gaps([FRAME_30] * 3), 10)), labels=1)
    certain = [
        {"time_nanos": turn * FRAME_30, "probabilities": [float(turn % 7 == 0), float(turn % 7 != 0)]}
        for turn in range(30)
    ]
    yield case("zeros-and-ones", certain, labels=2)
    steps = list(answers(6, after_gaps([FRAME_30] * 5), 11))
    yield case("another-face", [*steps[:3], {"reset": True}, *steps[3:]], labels=6)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for each in cases():
        (FOLDER / f"{each['name']}.json").write_text(vector_text(each), encoding="utf-8")


if __name__ == "__main__":
    main()
