"""``fer-verify --layers``: one artifact's layers as a table, as JSON and as a picture of signal to noise along the depth."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from fer_edge.console.table import table
from fer_edge.export.faithful.layers.rows import MOST_DB, LayerRow
from fer_edge.export.formats import find_format
from fer_edge.export.verify.report import ArtifactReport
from fer_edge.runtime.atomic import write_bytes
from fer_edge.runtime.errors import ExportError
from fer_edge.runtime.extras import require

ENDINGS = (".png", ".svg")
MOST_NAMED = 40
"""Layers whose names fit below a picture."""
_NOTHING = (
    "its engine hands out no values from inside a program; operators, weights, scales and ranges are judged "
    "one by one all the same (faithful)"
)


def describe(one: ArtifactReport) -> dict[str, Any]:
    """The JSON document about the layers of one artifact."""
    return {
        "variant": one.artifact.variant,
        "verdict": one.verdict,
        "layers": [asdict(row) for row in one.layers],
        "unaligned": list(one.unaligned),
        "faults": one.faults,
        "reason": one.reason,
    }


def lay_out(one: ArtifactReport, width: int | None) -> str:
    """The same as a table, and what is to be said about it below."""
    if not one.layers:
        why = one.reason or (one.faithful.reason if one.faithful else None) or "; ".join(one.faults[:1])
        recorded = find_format(one.artifact.format).recorders
        return f"{one.artifact.variant}: its layers were not compared: {why or ('they could not be read out' if recorded else _NOTHING)}"
    headers = ("layer", "operator", "SNR", "explained", "floor", "own error", "verdict", "kind")
    rows = [_cells(row) for row in one.layers]
    numbers = ("SNR", "explained", "floor", "own error")
    lines = [table(headers, rows, right=numbers, optional=("operator", "floor"), width=width), ""]
    lines += [f"{row.place}: {row.kind}: {row.evidence}" for row in one.layers if row.kind]
    count = f"{len(one.layers)} layers compared, {len(one.unaligned)} of the file without a counterpart"
    names = f" ({', '.join(one.unaligned[:5])})" if one.unaligned else ""
    lines.append(f"{one.artifact.variant}: {count}{names}. SNR in decibels, own error in steps of rounding;")
    lines.append("of layers in float32 in shares of the largest value.")
    return "\n".join(lines)


def _cells(row: LayerRow) -> list[str]:
    decibels = [_decibels(value) for value in (row.snr_db, row.explained_db, row.floor_db)]
    return [row.place, row.operator, *decibels, f"{row.worst:.2g}", row.verdict, row.kind or ""]


def _decibels(value: float) -> str:
    return "exact" if value >= MOST_DB else f"{value:.1f}"


def draw(one: ArtifactReport, path: Path) -> None:
    """Write the picture.

    Raises:
        ExportError: nothing was compared, or the ending is none of ``ENDINGS``.
        MissingExtra: matplotlib is not installed.
    """
    if path.suffix not in ENDINGS:
        raise ExportError(f"--layers-out {path.name}: allowed endings are {', '.join(ENDINGS)}")
    if not one.layers:
        raise ExportError(f"{one.artifact.variant}: no layer was compared, so there is nothing to draw")
    write_bytes(path, _picture(one, path.suffix[1:]))


def _picture(one: ArtifactReport, form: str) -> bytes:
    import io

    require("matplotlib", "bench")
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = one.layers
    figure = Figure(figsize=(max(9.0, 0.24 * min(len(rows), 100)), 5.0), layout="constrained", dpi=110)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.grid(axis="y", color="#e2e8f0", linewidth=0.8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    _plot(axes, rows)
    axes.set_title(f"{one.artifact.variant}: signal to noise of each layer's answer", fontsize=11, loc="left")
    target = io.BytesIO()
    # Without dates, versions and random ids the same layers give the same bytes.
    with matplotlib.rc_context({"svg.hashsalt": "layers"}):
        figure.savefig(target, format=form, metadata={"Date": None} if form == "svg" else {"Software": None})
    return target.getvalue()


def _plot(axes: Any, rows: tuple[LayerRow, ...]) -> None:
    places = range(len(rows))
    axes.plot(
        places,
        [row.explained_db for row in rows],
        color="#94a3b8",
        linewidth=4,
        label="explained by rounding",
    )
    axes.plot(
        places,
        [row.floor_db for row in rows],
        color="#f59e0b",
        linewidth=1,
        linestyle="--",
        label="least allowed",
    )
    axes.plot(
        places,
        [row.snr_db for row in rows],
        "o-",
        color="#0369a1",
        linewidth=1.2,
        markersize=4,
        label="measured",
    )
    wrong = [place for place in places if rows[place].kind]
    if wrong:
        at = [rows[place].snr_db for place in wrong]
        axes.plot(wrong, at, "X", color="#dc2626", markersize=10, label="fault")
    for place in wrong[:8]:
        axes.annotate(
            f"{rows[place].place[-30:]}: {rows[place].kind}",
            (place, rows[place].snr_db),
            textcoords="offset points",
            xytext=(8, 8),
            fontsize=8,
            color="#dc2626",
        )
    step = max(1, -(-len(rows) // MOST_NAMED))
    axes.set_xticks(
        list(places)[::step], [row.place[-24:] for row in rows[::step]], rotation=60, ha="right", fontsize=7
    )
    axes.set_ylabel("decibels")
    axes.legend(fontsize=8, frameon=False)
