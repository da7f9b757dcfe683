"""``fer-export --android DIR``: the bundle where an Android app finds it, and Kotlin that opens it.

DIR is an app's module, the folder that holds ``src/main``. It receives ``src/main/assets/bundle`` (the bundle as it is) and
``src/main/kotlin/io/github/feredge/generated/FerEdgeBundle.kt`` (constants and the lines that embed them). The demo app
takes such assets in place of its ready bundle, without a change of its code.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from fer_edge.export.bundle.staging import BUNDLE, check_target, publish, staging
from fer_edge.runtime.atomic import write_bytes
from fer_edge.runtime.bundle import open_bundle
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import ExportError
from fer_edge.runtime.manifest import MANIFEST

FORMAT = "tflite"
ASSETS = Path("src/main/assets/bundle")
CODE = Path("src/main/kotlin/io/github/feredge/generated/FerEdgeBundle.kt")


def check_module(module: Path) -> None:
    """Whether both places can be written, before anything is exported.

    Raises:
        ExportError: ``module`` holds no ``src/main``, or something else lies where the bundle belongs.
    """
    if not (module / "src" / "main").is_dir():
        raise ExportError(
            f"--android {module} is no Android module: it has no folder src/main; "
            "name the folder of the app's own build file, such as android_demo/app"
        )
    check_target(module / ASSETS)


def embed(bundle: Path, module: Path) -> list[Path]:
    """Copy a bundle into an app's module and write the constants.

    Args:
        bundle: as ``fer-export`` wrote it.
        module: the app's module; see :func:`check_module`.

    Returns:
        What was written: the folder of the assets and the Kotlin file.

    Raises:
        ExportError: see :func:`check_module`.
    """
    check_module(module)
    out = module / ASSETS
    target = check_target(out)
    with staging(target) as folder:
        shutil.copytree(bundle, folder / BUNDLE, dirs_exist_ok=True)
        publish(folder / BUNDLE, target, out)
    code = module / CODE
    code.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(code, kotlin(bundle).encode())
    return [out, code]


def kotlin(bundle: Path) -> str:
    """Constants of a bundle and what opens it, as a Kotlin file."""
    opened = open_bundle(bundle)
    artifacts = [artifact for artifact in opened.manifest.artifacts if artifact.format == FORMAT]
    contract = Contract.parse(artifacts[0].contract)
    variants = "".join(f"            {_text(artifact.variant)},\n" for artifact in artifacts)
    labels = "".join(f"            {_text(label)},\n" for label in contract.labels)
    values = {
        "MODEL": _text(contract.model),
        "SHA256": _text(opened.sha256),
        "WIDTH": contract.input.width,
        "HEIGHT": contract.input.height,
        "CHANNELS": contract.input.channels,
        "ASSETS": ASSETS.name,
        "MANIFEST": MANIFEST,
        "VARIANTS": variants,
        "LABELS": labels,
    }
    # At one stroke: a label may look like a placeholder.
    return re.sub(r"@([A-Z0-9]+)@", lambda found: str(values[found[1]]), _TEMPLATE)


def _text(value: str) -> str:
    """A Kotlin string; labels are anybody's words."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'


_TEMPLATE = """\
package io.github.feredge.generated

import android.content.Context
import io.github.feredge.core.bundle.Bundle
import io.github.feredge.core.bundle.BundleSource

/**
 * The bundle in this app's assets, written by `fer-export --android`; export again instead of editing.
 *
 * ```kotlin
 * val loaded = FerEdgeBundle.open(context).load(FerEdgeBundle.VARIANTS.first())
 * val path = CameraPath(loaded.contract)
 * val interpreter = Interpreter(loaded.model)
 * val reader = OutputReader(loaded.contract, ElementType.FLOAT32)
 * interpreter.run(path.prepare(frame, box), reader.buffer)
 * val guesses = Ranking(loaded.contract.labels).top(reader.read(), 2)
 * ```
 */
object FerEdgeBundle {
    /** The model's name. */
    const val MODEL: String = @MODEL@

    /** SHA-256 of @MANIFEST@. */
    const val SHA256: String = @SHA256@

    /** Width of the input in pixels. */
    const val WIDTH: Int = @WIDTH@

    /** Height of the input in pixels. */
    const val HEIGHT: Int = @HEIGHT@

    /** 1 (gray) or 3 (RGB). */
    const val CHANNELS: Int = @CHANNELS@

    /** Variants that TensorFlow Lite opens. */
    val VARIANTS: List<String> =
        listOf(
@VARIANTS@        )

    /** Labels in the order of the output. */
    val LABELS: List<String> =
        listOf(
@LABELS@        )

    /** Opens the bundle; every file is compared with its hash before it is used. */
    fun open(context: Context): Bundle {
        val bundle = Bundle.open(BundleSource { path -> context.assets.open("@ASSETS@/$path") })
        check(bundle.sha256 == SHA256) { "the assets hold another bundle than this code; run fer-export --android again" }
        return bundle
    }
}
"""
