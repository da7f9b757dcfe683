"""The bundle's README: a model card from the manifest, and code to paste for each artifact."""

from __future__ import annotations

from fer_edge.export.limits import LIMITS
from fer_edge.export.snippets import Snippet, snippets
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.manifest import Artifact, Manifest

CAMERA = """\
## What goes in

Pictures reach the network through one camera path, written down as integer arithmetic (camera spec {spec}) and equal on
every platform: color, rotation, mirror, crop with margin, scale, {gray}normalization, layout. `golden/` holds camera
frames with the hash of what each step must give and with the answers of the PyTorch original; an app that
reproduces the tensors feeds the model as it was trained. Values are for the tensor interface; the image
interface takes the scaled RGB picture itself.

| | |
|---|---|
| size | {width} x {height}, {channels} |
| mean, std of v/255 | {normalization} |
| face box | grows by {margin:g} of its width and height on each side, then is clipped |
| mirror | {mirror} |
| labels, in order | {labels} |
"""

LIMITS_TEXT = """\
## What was checked

Each artifact was opened in its own engine and compared with the PyTorch original on the same inputs: drawn faces through
the camera path, and extremes. `max abs` is the largest difference of any probability; agreement is counted on
inputs whose PyTorch margin exceeds the tolerance. `not-run` means that nothing here can run the format.
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


def card(manifest: Manifest, contract: Contract) -> str:
    """The README's text.

    Args:
        manifest: of the bundle; hashes are not used.
        contract: of the reference.
    """
    parts = [
        f"# {manifest.model}\n\n{_introduction(manifest, contract)}\n",
        _camera(contract),
        LIMITS_TEXT + "\n" + _table(manifest),
        _calibration(manifest),
        _skipped(manifest),
        CAUTION,
        _verify(),
        "## Code to paste\n\n" + "\n".join(_section(artifact) for artifact in manifest.artifacts),
    ]
    return "\n".join(part for part in parts if part)


def _introduction(manifest: Manifest, contract: Contract) -> str:
    return (
        f"A classifier of facial expressions with {len(contract.labels)} labels, architecture "
        f"`{manifest.source.arch}`, exported by fer-edge from the checkpoint with SHA-256 "
        f"`{manifest.source.checkpoint_sha256}`. Beside each file lies its contract (`*.contract.json`), the same bytes "
        "as inside the file: everything that an app must know to feed it."
    )


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
        labels=", ".join(contract.labels),
    )


def _table(manifest: Manifest) -> str:
    lines = [
        "| variant | file | bytes | parity | max abs | allowed | agreement | accuracy (original) | engine |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [_line(artifact) for artifact in manifest.artifacts]
    used = dict.fromkeys(artifact.precision for artifact in manifest.artifacts)
    reasons = [f"- {name}: at most {LIMITS[name].max_abs:g}; {LIMITS[name].reason}" for name in used]
    old = f"\n{OLD_RUNTIMES}" if any(artifact.format == "tflite" for artifact in manifest.artifacts) else ""
    return "\n".join(lines) + "\n\nLimits:\n\n" + "\n".join(reasons) + "\n" + old


def _line(artifact: Artifact) -> str:
    parity, accuracy = artifact.parity, artifact.accuracy
    measured = f"{accuracy.artifact:.4f} ({accuracy.reference:.4f})" if accuracy else "-"
    audit = f"; weights {artifact.weight_audit.verdict}" if artifact.weight_audit else ""
    cells = [
        artifact.variant,
        f"`{artifact.path}`",
        str(artifact.bytes),
        parity.verdict + audit,
        _number(parity.max_abs),
        _number(parity.limit.max_abs if parity.limit else None),
        _number(parity.top1_agreement),
        measured,
        parity.engine or "none here",
    ]
    return "| " + " | ".join(cells) + " |"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _calibration(manifest: Manifest) -> str:
    found = next((entry.calibration for entry in manifest.artifacts if entry.calibration), None)
    lines = []
    if found is not None:
        lines.append(
            f"int8 ranges were measured on {found.images} images ({found.source}, SHA-256 `{found.sha256}`)."
        )
    lines += [f"Warning: {text}." for text in manifest.extra.get("warnings", ())]
    return "## Calibration\n\n" + "\n".join(lines) + "\n" if lines else ""


def _skipped(manifest: Manifest) -> str:
    if not manifest.skipped:
        return ""
    lines = [f"- {entry.variant}: {entry.reason}" for entry in manifest.skipped]
    return "## Not in this bundle\n\n" + "\n".join(lines) + "\n"


def _verify() -> str:
    return "## Check it again\n\n```\nfer-verify .\n```\n"


def _section(artifact: Artifact) -> str:
    contract = Contract.parse(artifact.contract)
    spec = contract.input
    head = f"### {artifact.variant}\n\n`{artifact.path}`: `{spec.name}` {spec.dtype} {list(spec.shape)}"
    body = "\n\n".join(_shown(snippet) for snippet in snippets(artifact, contract))
    return f"{head} -> `{contract.output.name}`\n\n{body}\n"


def _shown(snippet: Snippet) -> str:
    if snippet.fence is None:
        return f"{snippet.language}: {snippet.text}"
    return f"{snippet.language}:\n\n```{snippet.fence}\n{snippet.text}\n```"
