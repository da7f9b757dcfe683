"""The bundle's README: which file to ship, one piece of code a language, then every other file and how it was checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from fer_edge.export.bundle import snippets
from fer_edge.export.bundle.advice import Choice, choices
from fer_edge.export.parity.tolerances import TOLERANCES, Tolerances
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.manifest import Artifact, Manifest

CAMERA = """\
## What goes in

Pictures reach the network through one camera path, written down as integer arithmetic (camera spec {spec}) and equal on every
platform: color, rotation, mirror, crop with margin, scale, {gray}normalization, layout. `golden/` holds camera frames with the
hash of what each step must give and with the answers of the PyTorch original. Tensor interface: NHWC in TFLite, NCHW
elsewhere. Image interface (`-image`): the scaled RGB picture, 0 to 255; gray and normalization are inside. `-qio`: integers in and
out, by the scale and zero point of the contract.

| | |
|---|---|
| size | {width} x {height}, {channels} |
| mean, std of v/255 | {normalization} |
| face box | grows by {margin:g} of its width and height on each side, then is clipped |
| mirror | {mirror} |
| labels, in order | {labels} |
"""

CHECKED = """\
## Every file, and how it was checked

Each was opened in its own engine and compared with the PyTorch original on the same inputs: drawn faces through the camera path, and
extremes. `max abs`: the largest difference of any probability; agreement: the share of inputs, among those whose PyTorch margin
exceeds the tolerance, with the same first label; drop: the 95 % interval of what accuracy loses, refused when all of it lies above what is
allowed. In brackets: what was allowed, or what the original reaches. `not-run`: nothing here can run the format. Beside each file
lies its contract (`*.contract.json`), the same bytes as inside it. `fer-verify .` checks all of this again.
"""

OLD_RUNTIMES = """\
The oldest TFLite runtime that was tried is tflite-runtime 2.14: it answers as above, but for `dynamic`, which it gets wrong without
an error. TensorFlow Lite 2.6 takes the float files only, and gets quantized ones wrong if it is made to open them.
"""

CAUTION = """\
## What it is not for

Expressions are not feelings: a network that names a face's expression does not know what its owner feels. Do not
decide on people by it. Figures on drawn faces say nothing about how well it does on photographs of people, and
figures on one group of people little about another.
"""

PAGES = {
    "tflite": """\
`fer-edge-core-0.1.0.jar` is built from `android_demo/core` of fer-edge with a JDK and Maven. `com.google.ai.edge.litert:litert:1.4.0` has
the same `Interpreter`; its publisher says that it is aligned to the pages of 16 KB that Google Play asks of target 35
(`org.tensorflow:tensorflow-lite:2.16.1` has 4 KB). Put this folder into `assets/bundle`, models uncompressed: `noCompress += "tflite"`.
""",
    "onnx": """\
`fer-edge-core-0.1.0.jar` is built from `android_demo/core` of fer-edge with a JDK and Maven; `com.microsoft.onnxruntime:onnxruntime-android`
is the runtime (16 KB pages: its users report them from 1.27.0 on; not checked here, so ask `zipalign -c -P 16 -v 4 YOUR.apk`). Put this
folder into `assets/bundle`.
""",
}
NO_KOTLIN = "There is no maintained runtime for these files on Android; export `tflite` or `onnx` for it."
NO_JAVASCRIPT = "No runtime for JavaScript opens these files; export `onnx` or `tflite` for it."
NO_SWIFT = """\
This bundle has no Core ML package with the tensor interface: `fer-export --format coreml` writes one. The camera path in Swift is in
`docs/ios.md` of fer-edge."""
SWIFT = """\
The camera path in Swift is in `docs/ios.md` of fer-edge; it gives the `tensor`, and `golden/` proves it. **Nothing of this was compiled or
run: no Mac was at hand.** The shape is {shape}."""
JAVASCRIPT = """\
Run against the golden cases: with onnxruntime-web in Node, with LiteRT.js in Chromium. There is no package of ours for the browser yet, so
the camera path stands here. The picture must be upright, as canvases are."""


def card(manifest: Manifest, contract: Contract) -> str:
    """The README's text.

    Args:
        manifest: of the bundle; hashes are not used.
        contract: of the reference.
    """
    chosen = choices(manifest)
    parts = [
        f"# {_plain(manifest.model)}\n\n{_introduction(manifest, contract)}\n",
        _warnings(manifest),
        _ship(chosen),
        _kotlin(chosen),
        _swift(chosen),
        _javascript(chosen),
        _python(chosen),
        _camera(contract),
        CHECKED + "\n" + _table(manifest),
        _notes(manifest),
        _calibration(manifest),
        _skipped(manifest),
        CAUTION,
    ]
    return "\n".join(part for part in parts if part)


def _introduction(manifest: Manifest, contract: Contract) -> str:
    return (
        f"A classifier of facial expressions with {len(contract.labels)} labels, architecture "
        f"{_code(manifest.source.arch)}, exported by fer-edge from the checkpoint with SHA-256 "
        f"`{manifest.source.checkpoint_sha256}`."
    )


def _ship(chosen: Sequence[Choice]) -> str:
    rows = [
        (
            choice.platform,
            f"**{_code(choice.artifact.path)}**",
            choice.why,
            f"{choice.artifact.bytes / 1000:.0f} kB",
            _measured(choice.artifact),
        )
        for choice in chosen
    ]
    if not rows:
        return "## Ship this file\n\nNone: no file of this bundle passed its checks.\n"
    return "## Ship this file\n\n" + _rows(("for", "file", "why", "size", "measured"), rows)


def _measured(artifact: Artifact) -> str:
    parity, accuracy, audit = artifact.parity, artifact.accuracy, artifact.weight_audit
    said = []
    if accuracy:
        said.append(
            f"right on {accuracy.artifact:.1%} of {accuracy.samples} pictures (original {accuracy.reference:.1%})"
        )
    if parity.max_abs is not None:
        said.append(f"differs by {parity.max_abs:.1g} at most")
    else:
        said.append(f"not run here{'; every weight was read back and compared' if audit else ''}")
    return "; ".join(said)


def _kotlin(chosen: Sequence[Choice]) -> str:
    artifact = _first(chosen, snippets.KOTLIN)
    if artifact is None:
        return f"## Kotlin\n\n{NO_KOTLIN}\n"
    return f"## Kotlin\n\n{PAGES[artifact.format]}\n{_block('kotlin', snippets.kotlin(artifact))}"


def _swift(chosen: Sequence[Choice]) -> str:
    artifact = _first(chosen, ("coreml",))
    if artifact is None:
        return f"## Swift\n\n{NO_SWIFT}\n"
    shape = list(Contract.parse(artifact.contract).input.shape)
    return f"## Swift\n\n{SWIFT.format(shape=shape)}\n\n{_block('swift', snippets.swift(artifact))}"


def _javascript(chosen: Sequence[Choice]) -> str:
    artifact = _first(chosen, snippets.JAVASCRIPT)
    if artifact is None:
        return f"## JavaScript\n\n{NO_JAVASCRIPT}\n"
    return f"## JavaScript\n\n{JAVASCRIPT}\n\n{_block('javascript', snippets.javascript(artifact))}"


def _python(chosen: Sequence[Choice]) -> str:
    artifact = _first(chosen, ("tflite", "onnx", "torchscript", "coreml"))
    return f"## Python\n\n{_block('python', snippets.python(artifact))}" if artifact else ""


def _first(chosen: Sequence[Choice], formats: Iterable[str]) -> Artifact | None:
    """The chosen file of the first of these formats that the code can feed: the normalized tensor in floats."""
    plain = {
        choice.artifact.format: choice.artifact
        for choice in chosen
        if choice.artifact.variant == f"{choice.artifact.format}-{choice.artifact.precision}"
    }
    return next((plain[name] for name in formats if name in plain), None)


def _block(fence: str, text: str) -> str:
    return f"```{fence}\n{text}\n```\n"


def _camera(contract: Contract) -> str:
    norm = contract.normalization
    return CAMERA.format(
        spec=contract.camera.spec,
        gray="gray, " if contract.input.channels == 1 else "",
        width=contract.input.width,
        height=contract.input.height,
        channels="gray" if contract.input.channels == 1 else "RGB",
        normalization="none: v itself" if norm is None else f"{list(norm.mean)}, {list(norm.std)}",
        margin=contract.camera.crop_margin,
        mirror="yes" if contract.camera.mirror else "no",
        labels=_plain(", ".join(contract.labels)),
    )


def _table(manifest: Manifest) -> str:
    headers = ("file", "kB", "parity", "max abs", "agreement", "accuracy", "drop")
    limits = Tolerances.of(manifest)
    rows = [_line(entry, limits.of_precision(entry.precision).accuracy_drop) for entry in manifest.artifacts]
    used = dict.fromkeys(artifact.precision for artifact in manifest.artifacts)
    reasons = [f"- {name}: {TOLERANCES[name].reason}" for name in used]
    old = f"\n{OLD_RUNTIMES}" if any(artifact.format == "tflite" for artifact in manifest.artifacts) else ""
    return (
        f"{_rows(headers, rows)}\n{_engines(manifest)}Why these limits:\n\n" + "\n".join(reasons) + "\n" + old
    )


def _line(artifact: Artifact, drop: float) -> Iterator[str]:
    parity, accuracy = artifact.parity, artifact.accuracy
    yield _code(artifact.path)
    yield f"{artifact.bytes / 1000:.0f}"
    yield parity.verdict + (f"; weights {artifact.weight_audit.verdict}" if artifact.weight_audit else "")
    limit = parity.limit
    yield (
        "-"
        if parity.max_abs is None
        else f"{parity.max_abs:.2g}" + (f" ({limit.max_abs:g})" if limit else "")
    )
    agreed = parity.top1_agreement
    yield "-" if agreed is None else f"{agreed:.4g}" + (f" ({limit.top1_agreement:g})" if limit else "")
    yield f"{accuracy.artifact:.4f} ({accuracy.reference:.4f})" if accuracy else "-"
    interval = accuracy.drop_interval if accuracy else None
    yield f"{interval[0]:.4f} to {interval[1]:.4f} ({drop:g})" if interval else "-"


def _rows(headers: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    lines = ["| " + " | ".join(headers) + " |", "|" + "---|" * len(headers)]
    lines += ["| " + " | ".join(cells) + " |" for cells in rows]
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """Somebody's words inside a sentence or a table: they are shown, and do nothing."""
    return re.sub(r"([\\|`*_<>\[\]#])", r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    """Somebody's name in code letters; a bar would end a table's cell."""
    fence = "``" if "`" in text else "`"
    return fence + text.replace("|", "\\|") + fence


def _engines(manifest: Manifest) -> str:
    used = dict.fromkeys(
        f"{entry.parity.engine} ({entry.format})" for entry in manifest.artifacts if entry.parity.engine
    )
    return f"Run by {', '.join(used)}. " if used else ""


def _warnings(manifest: Manifest) -> str:
    lines = [f"> **Warning:** {_plain(str(text))}." for text in manifest.extra.get("warnings", ())]
    return "\n>\n".join(lines) + "\n" if lines else ""


def _notes(manifest: Manifest) -> str:
    lines = [
        f"- {name}: {_plain(str(note))}"
        for name, notes in manifest.extra.get("notes", {}).items()
        for note in notes
    ]
    return "Notes of the converters:\n\n" + "\n".join(lines) + "\n" if lines else ""


def _calibration(manifest: Manifest) -> str:
    found = next((entry.calibration for entry in manifest.artifacts if entry.calibration), None)
    if found is None:
        return ""
    return f"int8 ranges were measured on {found.images} images ({_plain(found.source)}, SHA-256 `{found.sha256}`).\n"


def _skipped(manifest: Manifest) -> str:
    if not manifest.skipped:
        return ""
    lines = [f"- {entry.variant}: {_plain(entry.reason)}" for entry in manifest.skipped]
    return "## Not in this bundle\n\n" + "\n".join(lines) + "\n"
