"""An evaluation as tables for people."""

from __future__ import annotations

from collections.abc import Iterator

from fer_edge.console.table import table
from fer_edge.predict.evaluation.figures import Emotion, Evaluation, Seconds, Share


def report(found: Evaluation, width: int | None = None) -> str:
    """Two tables: of all faces, and of each class.

    Args:
        found: the figures.
        width: of the terminal in columns.
    """
    parts = [
        table(
            ["of all faces", "count", "share", "95 % interval"],
            list(_rows(found)),
            right=["count", "share"],
            width=width,
        )
    ]
    if found.recognition.per_class:
        headers = ["emotion", "there", "found", "right", "accuracy", "95 % interval", "most taken for"]
        rows = [_class_row(one) for one in found.recognition.per_class]
        right = ["there", "found", "right", "accuracy"]
        parts.append(table(headers, rows, right=right, optional=("95 % interval",), width=width))
    return "\n\n".join(parts)


def _rows(found: Evaluation) -> Iterator[list[str]]:
    detection, recognition = found.detection, found.recognition
    yield ["found, of those there", *_share(detection.found)]
    yield ["missed", str(detection.missed), "", ""]
    yield ["false, of the boxes", *_share(detection.false)]
    if detection.ignored:
        yield ["boxes on ignored faces", str(detection.ignored), "", ""]
    if recognition.end_to_end.of:
        yield ["named rightly, of those found", *_share(recognition.accuracy)]
        yield ["first or second guess right", *_share(recognition.second_guess)]
        yield ["found and named rightly, of all", *_share(recognition.end_to_end)]
    yield ["time a picture, median", "", *_times(found.seconds)]


def _share(share: Share) -> list[str]:
    return [f"{share.count}/{share.of}", _percent(share.share), _interval(share)]


def _interval(share: Share) -> str:
    return (
        "-" if share.interval is None else f"{100 * share.interval[0]:.1f} to {100 * share.interval[1]:.1f} %"
    )


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _times(seconds: Seconds) -> list[str]:
    if seconds.median is None:
        return ["-", "-"]
    interval = (
        "-"
        if seconds.interval is None
        else " to ".join(f"{1000 * end:.1f}" for end in seconds.interval) + " ms"
    )
    return [f"{1000 * seconds.median:.1f} ms", interval]


def _class_row(one: Emotion) -> list[str]:
    others = [f"{label} {count}" for label, count in one.taken_for.items() if label != one.label]
    accuracy = one.accuracy
    return [
        *(one.label, str(one.there), str(accuracy.of), str(accuracy.count)),
        *(_percent(accuracy.share), _interval(accuracy), ", ".join(others[:2]) or "-"),
    ]
