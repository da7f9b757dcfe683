"""A loaded artifact: picture in, prediction out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.atomic_folder import recover
from fer_edge.runtime.camera import prepare
from fer_edge.runtime.camera.geometry import refuse_odd_box
from fer_edge.runtime.containers.digest import check_digest
from fer_edge.runtime.containers.embedded import read_embedded_contract
from fer_edge.runtime.containers.limits import CONTRACT_SUFFIX, LARGEST_CONTRACT
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.engines import Session, find_engine
from fer_edge.runtime.engines.protocol import Together
from fer_edge.runtime.engines.torchscript import FOREIGN, TORCHSCRIPT
from fer_edge.runtime.errors import BundleError, EngineError, VariantError
from fer_edge.runtime.formats import FORMATS, format_of, is_package
from fer_edge.runtime.frame import Frame, require_frame
from fer_edge.runtime.paths import kind_of, read_plain
from fer_edge.runtime.prediction import Prediction
from fer_edge.runtime.variants import Variant

_MOST_THREADS = 1024


class Model:
    """An artifact in its engine. Make it with :func:`load` or :func:`open_artifact`.

    Several threads may use one model: each call gets its own answer. LiteRT, TorchScript and Core ML answer one call at
    a time, so threads that shall run side by side load a model each; onnxruntime answers them at the same time.

    Attributes:
        contract: what the artifact needs and answers.
        variant: its name, such as ``tflite-int8``; None where a lone file's name does not tell.
        path: of the artifact.
        engine: library and version that runs it, such as ``"ai-edge-litert 2.3.0"``.
    """

    def __init__(self, contract: Contract, variant: str | None, path: Path, session: Session) -> None:
        self.contract = contract
        self.variant = variant
        self.path = path
        self._session = session

    @property
    def engine(self) -> str:
        """Library and version."""
        return self._session.engine

    def run_raw(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """The artifact's own answer.

        Args:
            tensor: in the contract's shape and dtype.

        Returns:
            (labels,) in the artifact's dtype, as it came out.

        Raises:
            EngineError: another shape or dtype, or the engine refused.
        """
        return self._checked_row(self._session.run(np.ascontiguousarray(self._checked(tensor))))

    def _checked(self, tensor: NDArray[Any]) -> NDArray[Any]:
        wanted = self.contract.input
        tensor = np.asarray(tensor)
        if tensor.shape != wanted.shape or tensor.dtype != wanted.dtype:
            raise EngineError(
                f"tensor is {tensor.dtype} {tensor.shape}; the contract says {wanted.dtype} {wanted.shape}"
            )
        return tensor

    def _checked_row(self, raw: NDArray[Any]) -> NDArray[Any]:
        if raw.shape != (len(self.contract.labels),):
            raise EngineError(
                f"{self.path.name} answered {raw.shape}; expected {len(self.contract.labels)} values"
            )
        return raw

    def run(self, tensor: NDArray[Any]) -> NDArray[np.float32]:
        """Probabilities for one prepared picture.

        Args:
            tensor: in the contract's shape and dtype; see :func:`fer_edge.runtime.prepare`.

        Returns:
            (labels,) float32: dequantized where the output is quantized, softmax where it is logits.

        Raises:
            EngineError: another shape or dtype, the engine refused, or an answer that is not finite.
        """
        return self._probabilities(self.run_raw(tensor))

    def run_together(self, tensors: Sequence[NDArray[Any]]) -> list[NDArray[np.float32]] | None:
        """Probabilities for several prepared pictures, all at a time; None where the engine takes one at a time.

        Only ``coreml-spec`` takes several. It may add numbers up in another order than :meth:`run`.

        Args:
            tensors: each as for :meth:`run`.

        Raises:
            EngineError: as :meth:`run`, or the artifact allows only one at a time.
        """
        if not isinstance(self._session, Together):
            return None
        rows = self._session.run_together([np.ascontiguousarray(self._checked(one)) for one in tensors])
        return [self._probabilities(self._checked_row(row)) for row in rows]

    def _probabilities(self, raw: NDArray[Any]) -> NDArray[np.float32]:
        values = self._dequantized(raw)
        if not np.isfinite(values).all():
            worst = int(np.flatnonzero(~np.isfinite(values))[0])
            raise EngineError(
                f"{self.path.name} answered {values[worst]} for {self.contract.labels[worst]!r}"
            )
        return softmax(values) if self.contract.output.kind == "logits" else values

    def predict(self, frame: Frame, box: Sequence[float] | None = None) -> Prediction:
        """Emotions of the face in a box.

        Args:
            frame: the camera's picture.
            box: x0, y0, x1, y1 of the face in pixels of the upright image (after the mirror, where the contract has
                one); the contract's margin is added here. None: the whole picture, without margin.

        Raises:
            FrameError: no frame; the box is empty inside the image, not four finite numbers, under 4 pixels wide or
                high, or in units of 0 to 1.
            EngineError: the engine refused.
        """
        require_frame(frame)
        if box is not None:
            refuse_odd_box(box)
        return Prediction.of(self.contract.labels, self.run(prepare(frame, self.contract, box)))

    def _dequantized(self, raw: NDArray[Any]) -> NDArray[np.float32]:
        parameters = self.contract.quantization.output
        if parameters is None or not np.issubdtype(raw.dtype, np.integer):
            return raw.astype(np.float32)
        real = (raw.astype(np.float64) - parameters.zero_point) * parameters.scale
        return real.astype(np.float32)


def softmax(logits: NDArray[Any]) -> NDArray[np.float32]:
    """Probabilities of logits, computed in float64.

    Args:
        logits: (..., labels), finite.

    Returns:
        (..., labels) float32, rows sum to 1.
    """
    wide = np.asarray(logits, np.float64)
    powers = np.exp(wide - wide.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)


def load(
    path: str | Path,
    variant: str | None = None,
    engine: str | None = None,
    threads: int = 1,
    *,
    allow_foreign_code: bool = False,
) -> Model:
    """Open a bundle, or one artifact.

    Args:
        path: a bundle's folder, an artifact file or an ``.mlpackage`` folder.
        variant: which artifact of the bundle; None: the first of tflite, onnx, torchscript, coreml, executorch whose engine is
            installed, fp32, tensor interface, verdict pass.
        engine: ``litert``, ``onnxruntime``, ``torchscript``, ``coreml``, or ``coreml-spec``, which computes a Core ML package by the
            MIL specification and is never taken unless named; None: the one of the format.
        threads: that the engine may use, at least 1.
        allow_foreign_code: run a TorchScript archive that does more than fer-export writes. Such a file is a program: it
            can write files and call others. Only for files whose author you trust.

    Raises:
        BundleError: no such file, a changed byte, contracts that differ, no such variant.
        ContractError: the contract is not legal.
        VariantError: a word that is no variant.
        EngineError: no such engine, or it refused the artifact.
        MissingExtra: the engine's library is not installed.
    """
    place = Path(path)
    _check_threads(threads)
    if variant is not None:
        Variant.parse(variant)
    if kind_of(place) == "absent":
        recover(place)
    kind = kind_of(place)
    if kind == "absent":
        raise BundleError(f"{place} does not exist; make a bundle with fer-export")
    if kind == "folder" and not is_package(place):
        return _load_bundle(place, variant, engine, threads, allow_foreign_code)
    return _load_lone(place, variant, engine, threads, allow_foreign_code)


def _load_bundle(place: Path, variant: str | None, engine: str | None, threads: int, foreign: bool) -> Model:
    from fer_edge.runtime.bundle import open_bundle  # the manifest's schema is needed here only

    bundle = open_bundle(place)
    artifact = bundle.choose(variant, engine)
    contract = bundle.check_artifact(artifact)
    file = bundle.path.joinpath(*artifact.path.split("/"))
    return open_artifact(
        file, contract, engine=engine, threads=threads, variant=artifact.variant, allow_foreign_code=foreign
    )


def open_artifact(
    path: str | Path,
    contract: Contract,
    *,
    engine: str | None = None,
    threads: int = 1,
    variant: str | None = None,
    allow_foreign_code: bool = False,
) -> Model:
    """Open an artifact that has already been checked, with its contract; there need not be a bundle.

    Args:
        path: of the file or package.
        contract: of this artifact.
        engine: which to use; None: the one of the format.
        threads: that the engine may use.
        variant: its name; None: taken from the file's name, where that tells.
        allow_foreign_code: as in :func:`load`.

    Raises:
        EngineError: the engine refused, or input or output is another than the contract says.
        MissingExtra: the engine's library is not installed.
    """
    place = Path(path)
    _check_threads(threads)
    chosen = find_engine(_format(place), engine)
    if allow_foreign_code and chosen is TORCHSCRIPT:
        chosen = FOREIGN
    session = chosen.open(place, contract, threads)
    return Model(contract, variant or _variant_of(place, contract), place, session)


def _load_lone(place: Path, variant: str | None, engine: str | None, threads: int, foreign: bool) -> Model:
    _format(place)
    contract = Contract.parse(read_embedded_contract(place))
    check_digest(place)
    beside = place.with_name(place.name + CONTRACT_SUFFIX)
    stored = contract.text.encode("utf-8")
    if kind_of(beside) != "absent" and read_plain(beside, LARGEST_CONTRACT) != stored:
        raise BundleError(f"{beside.name} is another contract than the one inside {place.name}")
    found = _variant_of(place, contract)
    if variant is not None and variant != found:
        raise BundleError(
            f"{place.name} is {found or 'of no known variant'}, not {variant}; leave the variant out"
        )
    return open_artifact(
        place, contract, engine=engine, threads=threads, variant=found, allow_foreign_code=foreign
    )


def _format(place: Path) -> str:
    spec = format_of(place)
    if spec is not None:
        return spec.name
    words = ", ".join(spec.extension for spec in FORMATS)
    raise BundleError(
        f"{place.name} is neither a bundle's folder nor an artifact; allowed: a folder or {words}"
    )


def _variant_of(place: Path, contract: Contract) -> str | None:
    """The variant that a name ``<model>-<precision>[-image][-qio].<ext>`` states; None for other names."""
    prefix = f"{contract.model}-"
    if not place.stem.startswith(prefix):
        return None
    try:
        return Variant.parse(f"{_format(place)}-{place.stem.removeprefix(prefix)}").name
    except VariantError:
        return None


def _check_threads(threads: object) -> None:
    if isinstance(threads, bool) or not isinstance(threads, int) or not 1 <= threads <= _MOST_THREADS:
        raise EngineError(f"threads is {ascii(threads)[:40]}; allowed: an integer from 1 to {_MOST_THREADS}")
