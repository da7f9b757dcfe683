"""``fer-export --android DIR``: the bundle where an Android app finds it, and Kotlin that opens it.

DIR is an app's module, the folder that holds ``src/main``. It receives ``src/main/assets/bundle`` (the bundle as it is) and
``src/main/kotlin/io/github/feredge/generated/FerEdgeBundle.kt`` (constants and the lines that embed them). The demo app
takes such assets in place of its ready bundle, without a change of its code.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from fer_edge.console.rendering import render
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
    return render(
        "fer_edge.export.bundle",
        "FerEdgeBundle.kt.j2",
        contract=contract,
        sha256=opened.sha256,
        assets=ASSETS.name,
        manifest=MANIFEST,
        variants=[artifact.variant for artifact in artifacts],
        labels=contract.labels,
    )
