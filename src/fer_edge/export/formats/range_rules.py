"""Which rule turns each calibration image's extremes into a range: the widest, the narrowest, or halfway between.

A wide range cuts nothing off and rounds coarsely, a narrow one the other way round, and which costs less differs by network.
Formats name their own widest rule (the extremes of all images) and narrowest one (some mean of each image's extremes); halfway
between them is theirs too. Of 19 trained networks it was the nearest of the three for 13, by up to 23 % of the mean difference. Ranges by
least squares bring a tenth more to two of them, corrected biases to none (``benchmarks/studies/int8_rules.py``).
"""

from __future__ import annotations

from collections.abc import Callable

HALFWAY = "halfway"
WORTH = 0.9
"""Where halfway is not this much nearer than the widest, the narrowest is not tried: it could gain no more again."""


def measure_rules(widest: str, narrowest: str, distance: Callable[[str], float]) -> dict[str, float]:
    """How far the file of each rule that was tried is from the original, in the order in which equals are decided.

    Args:
        widest: name of the rule that cuts nothing off.
        narrowest: name of the one that cuts most off.
        distance: builds the file of a rule and holds it against the original.
    """
    found = {rule: distance(rule) for rule in (widest, HALFWAY)}
    if found[HALFWAY] < WORTH * found[widest]:
        found[narrowest] = distance(narrowest)
    return found
