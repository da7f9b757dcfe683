"""The bundle's README: which file to ship, one piece of code a language, then every other file and how it was checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_CEILING, Decimal
from typing import Any

from fer_edge.console.rendering import code, render
from fer_edge.export.bundle.advice import Choice, choices
from fer_edge.export.bundle.snippets import PYTHON, snippet, snippets_of
from fer_edge.export.formats import FORMATS
from fer_edge.export.parity.tolerances import BY_FORMAT, TOLERANCES, Tolerances
from fer_edge.export.reference_data.app_mistakes import DOCUMENT, titled
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.engines import is_evaluated
from fer_edge.runtime.manifest import Artifact, Manifest


def card(manifest: Manifest, contract: Contract) -> str:
    """The README's text.

    Args:
        manifest: of the bundle; hashes are not used.
        contract: of the reference.
    """
    norm, chosen, entries = contract.normalization, choices(manifest), manifest.artifacts
    return render(
        "fer_edge.export.bundle",
        "README.md.j2",
        manifest=manifest,
        contract=contract,
        normalization="none: v itself" if norm is None else f"{list(norm.mean)}, {list(norm.std)}",
        ship=[_shipped(choice) for choice in chosen],
        **{language: _snippet(chosen, language) for language in ("kotlin", "swift", "javascript", PYTHON)},
        files=_files(manifest),
        engines=list(dict.fromkeys(f"{e.parity.engine} ({e.format})" for e in entries if e.parity.engine)),
        evaluated=any(is_evaluated(entry.parity.engine) for entry in entries),
        reasons=list(dict.fromkeys(map(_reason, entries))),
        judged=list(dict.fromkeys(e.parity.inputs_source for e in entries if e.parity.inputs_source)),
        remarks=[form.remark for form in FORMATS if form.remark and form.name in {e.format for e in entries}],
        statistics=_statistics(manifest),
        notes=[(name, note) for name, notes in manifest.extra.get("notes", {}).items() for note in notes],
        mistakes=_mistakes(manifest),
        calibration=next((entry.calibration for entry in entries if entry.calibration), None),
    )


def _mistakes(manifest: Manifest) -> dict[str, Any] | None:
    """What mistakes of an app cost, as rows."""
    if "mistakes" not in manifest.extra:
        return None
    effects = DOCUMENT.read_members(manifest.extra["mistakes"])
    known = effects.accuracy is not None
    rows = [
        [title, f"{one.changed:.0%}", *([f"{one.accuracy:.1%}"] if one.accuracy is not None else [])]
        for title, one in titled(effects)
    ]
    headers = ["if the app does this", "labels that change", *(["accuracy"] if known else [])]
    return {"about": effects, "headers": headers, "rows": rows}


def _reason(artifact: Artifact) -> tuple[str, str]:
    """The precision, with the format where its limits are others, and why its limits are what they are."""
    form, precision = artifact.format, artifact.precision
    special = BY_FORMAT.get((form, precision))
    return (f"{form} {precision}", special.reason) if special else (precision, TOLERANCES[precision].reason)


def _shipped(choice: Choice) -> tuple[str, ...]:
    artifact = choice.artifact
    size = f"{artifact.bytes / 1000:.0f} kB"
    return choice.platform, f"**{code(artifact.path)}**", choice.why, size, _measured(artifact)


def _measured(artifact: Artifact) -> str:
    parity, accuracy, audit = artifact.parity, artifact.accuracy, artifact.weight_audit
    said = []
    if accuracy:
        said.append(
            f"right on {accuracy.artifact:.1%} of {accuracy.samples} pictures (original {accuracy.reference:.1%})"
        )
    if parity.max_abs is not None:
        by = ", by the MIL specification; not run by Core ML" if is_evaluated(parity.engine) else ""
        said.append(f"differs by {_round_up(parity.max_abs)} at most{by}")
    else:
        said.append(f"not run here{'; every weight was read back and compared' if audit else ''}")
    return "; ".join(said)


def _round_up(value: float) -> str:
    """One digit, and never less than the value: 0.13 is not 0.1 at most."""
    decimal = Decimal(repr(value))
    rounded = decimal.quantize(Decimal((0, (1,), decimal.adjusted())), ROUND_CEILING)
    return f"{float(rounded):.1g}"


def _snippet(chosen: Sequence[Choice], language: str) -> dict[str, Any] | None:
    """The code around the chosen file of the first format that it can feed in a language."""
    snippets = snippets_of(language)
    artifact = _first(chosen, snippets)
    if artifact is None:
        return None
    return {"about": snippets[artifact.format].about, "code": snippet(language, artifact)}


def _first(chosen: Sequence[Choice], formats: Iterable[str]) -> Artifact | None:
    """The chosen file of the first of these formats that the code can feed: the normalized tensor in floats."""
    plain = {
        choice.artifact.format: choice.artifact
        for choice in chosen
        if choice.artifact.variant == f"{choice.artifact.format}-{choice.artifact.precision}"
    }
    return next((plain[name] for name in formats if name in plain), None)


def _files(manifest: Manifest) -> list[list[str]]:
    """The cells of each file's row."""
    limits = Tolerances.recorded(manifest)
    return [
        list(_line(entry, limits.of(entry.format, entry.precision).accuracy_drop, _figures(manifest)))
        for entry in manifest.artifacts
    ]


def _figures(manifest: Manifest) -> dict[str, Any]:
    """Counts and statistics by variant, as the writer puts them into ``extra``."""
    found = manifest.extra.get("figures", {})
    return found if isinstance(found, dict) else {}


def _statistics(manifest: Manifest) -> list[tuple[str, str]]:
    """A sentence of further statistics for each variant whose accuracy was measured."""
    return [
        (name, _say_statistics(one["accuracy"]))
        for name, one in _figures(manifest).items()
        if "accuracy" in one
    ]


def _say_statistics(found: Mapping[str, Any]) -> str:
    shown = [
        f"{words} {one['artifact']:.4f} ({one['reference']:.4f}; worse by {one['worse_interval'][0]:.4f} to "
        f"{one['worse_interval'][1]:.4f})"
        for words, one in (
            ("macro F1", found["macro_f1"]),
            ("expected calibration error", found["calibration_error"]),
        )
    ]
    right = f"only the original was right on {found['only_reference']} pictures, only this file on {found['only_artifact']}"
    return f"{', '.join(shown)}; {right} (McNemar's exact p {found['mcnemar_p']:.3g})"


def _plain(artifact: Artifact, figures: Mapping[str, Any]) -> str:
    """Agreement on all pictures, and how many of them the margin left."""
    counted, inputs = figures.get(artifact.variant, {}).get("parity"), artifact.parity.inputs
    if not counted or not inputs:
        return "-"
    return f"{counted['agreed'] / inputs:.4g} ({counted['sure']} of {inputs} sure)"


def _line(artifact: Artifact, drop: float, figures: Mapping[str, Any]) -> Iterator[str]:
    parity, accuracy = artifact.parity, artifact.accuracy
    yield code(artifact.path)
    yield f"{artifact.bytes / 1000:.0f}"
    yield artifact.faithful.verdict if artifact.faithful else "not-run"
    yield parity.good + (f"; weights {artifact.weight_audit.verdict}" if artifact.weight_audit else "")
    limit = parity.limit
    yield (
        "-"
        if parity.max_abs is None
        else f"{parity.max_abs:.2g}" + (f" ({limit.max_abs:g})" if limit else "")
    )
    agreed = parity.top1_agreement
    yield "-" if agreed is None else f"{agreed:.4g}" + (f" ({limit.top1_agreement:g})" if limit else "")
    yield _plain(artifact, figures)
    yield f"{accuracy.artifact:.4f} ({accuracy.reference:.4f})" if accuracy else "-"
    interval = accuracy.drop_interval if accuracy else None
    yield f"{interval[0]:.4f} to {interval[1]:.4f} ({drop:g})" if interval else "-"
