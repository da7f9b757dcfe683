"""The score: of the faults that matter, how many were caught, by format and precision; survivors by kind."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

PLANTED = 600
GOALS = {"planted": PLANTED, "fp32": 0.99, "reduced": 0.97, "layer": 0.9}
PRECISIONS = ("fp32", "fp16", "w8", "dynamic", "int8")


def read_rows(cache: Path) -> list[dict[str, Any]]:
    """Every judged fault in the cache."""
    return [
        {"network": path.parents[1].name, **json.loads(path.read_text(encoding="utf-8"))}
        for path in sorted(cache.glob("*/mutants/*.json"))
    ]


def score(rows: list[dict[str, Any]], seed: int) -> dict[str, Any]:
    """The study's document."""
    planted = [row for row in rows if "caught" in row]
    return {
        "goals": GOALS,
        "seed": seed,
        "planted": len(planted),
        "enough": {"planted": len(planted), "goal": PLANTED, "met": len(planted) >= PLANTED},
        "networks": dict(sorted(Counter(row["network"] for row in planted).items())),
        "not_converted": sum("refused" in row for row in rows),
        "not_opened": sum(row["caught"] and "matters" not in row for row in planted),
        # A bound of an activation, say, at which the integers end anyway: what answers every picture as before is no fault.
        "without_effect": sum(row.get("apart") == 0 for row in planted),
        "precisions": [_line(planted, "precision", name) for name in PRECISIONS],
        "formats": [
            _line(planted, "format", name) for name in dict.fromkeys(_format(row) for row in planted)
        ],
        "kinds": _kinds(planted),
        "layer": _named(planted),
        "survivors": [
            _survivor(row)
            for row in planted
            if (row.get("matters") or row.get("visible")) and not row["caught"]
        ],
    }


def _format(row: dict[str, Any]) -> str:
    return str(row["variant"]).split("-")[0]


def _precision(row: dict[str, Any]) -> str:
    return str(row["variant"]).split("-")[1]


def _line(planted: list[dict[str, Any]], key: str, name: str) -> dict[str, Any]:
    of = _precision if key == "precision" else _format
    mine = [row for row in planted if of(row) == name]
    found: dict[str, Any] = {key: name, "planted": len(mine)}
    for word, member in (("", "matters"), ("strictly_", "matters_strictly"), ("visible_", "visible")):
        count = [row for row in mine if row.get(member)]
        caught = sum(row["caught"] for row in count)
        found |= {
            f"{word}matter": len(count),
            f"{word}caught": caught,
            f"{word}score": round(caught / len(count), 4) if count else None,
        }
    if key == "precision" and found["score"] is not None:
        found["met"] = found["score"] >= GOALS["fp32" if name == "fp32" else "reduced"]
    return found


def _kinds(planted: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    matter = [row for row in planted if row.get("matters")]
    found = {kind: {"matter": 0, "caught": 0} for kind in sorted({row["kind"] for row in planted})}
    for row in matter:
        found[row["kind"]]["matter"] += 1
        found[row["kind"]]["caught"] += row["caught"]
    return found


def _named(planted: list[dict[str, Any]]) -> dict[str, Any]:
    """Of the faults that layers answered for and that have one place: how often its module is named."""
    asked = [row for row in planted if row.get("matters") and "faithful" in row["by"] and row["module"]]
    right = sum(names_module(row["reason"], row["module"], _beside(row)) for row in asked)
    if not asked:
        return {"asked": 0}
    share = right / len(asked)
    return {"asked": len(asked), "named": right, "share": round(share, 4), "met": share >= GOALS["layer"]}


def _beside(row: dict[str, Any]) -> list[str]:
    """Other names that are right: parts of the same operator; of a join, which is no module, the block whose forward joins."""
    near = list(row.get("near") or ())
    if row["kind"] == "branches_swapped":
        parts = row["module"].split(".")
        near += [".".join(parts[:count]) for count in range(2, len(parts))]
    return near


def names_module(text: str, module: str, near: Iterable[str] = ()) -> bool:
    """Whether a sentence names a PyTorch module, or one whose operator it shares or touches (normalization, activation)."""
    return any(
        re.search(rf"(?<![\w.]){re.escape(name)}(?!\w|\.\d)|module\.{re.escape(name)}(?!\w)", text)
        for name in (module, *near)
        if name
    )


KEPT = ("network", "variant", "origin", "kind", "place", "module", "moved", "apart", "matters", "open")
WHY: dict[str, str] = {
    "bn_eps": "the weights are right, and another epsilon moves no probability by a tenth of what fp32 may",
}
"""Kind -> why the checks let such a fault through, where more can be said than that it is within their bounds."""


def _survivor(row: dict[str, Any]) -> dict[str, Any]:
    closed = "nothing compares the numbers of such a file" if "faithful" in row.get("open", ()) else ""
    why = closed or WHY.get(str(row["kind"]), "within what the checks allow")
    return {**{key: row.get(key) for key in KEPT}, "why": why}


def describe(document: dict[str, Any]) -> Iterable[str]:
    """Lines for people."""
    yield f"{document['planted']} planted, {document['not_opened']} that no engine opens"
    for line in (*document["precisions"], *document["formats"]):
        name = line.get("precision", line.get("format"))
        yield f"  {name:12} {line['caught']:4} of {line['matter']:4} {line['score']}   strictly {line['strictly_caught']} of {line['strictly_matter']}   visible {line['visible_caught']} of {line['visible_matter']}"
    yield f"layer: {document['layer']}"
    counts = Counter((row["variant"], row["kind"]) for row in document["survivors"])
    for (variant, kind), count in sorted(counts.items()):
        yield f"  survives: {variant:18} {kind} {count}"
