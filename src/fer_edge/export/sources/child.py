"""The child that runs a file in its own runtime: ``python -m fer_edge.export.sources.child KIND FILE SHA256 FOLDER OUTPUT``."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.errors import first_line
from fer_edge.runtime.sandbox import die_with_parent, forbid_writing

Rows = NDArray[Any]


def run_onnx(data: bytes, tensors: Rows, output: int | str | None, folder: Path) -> Rows:
    """Onnxruntime's answers, one picture at a time."""
    import onnxruntime

    (folder / "engine.txt").write_text(f"onnxruntime {onnxruntime.__version__}")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    taken = session.get_inputs()[0]
    named = [one.name for one in session.get_outputs()]
    wanted = named[output] if isinstance(output, int) else output or named[0]
    _refuse_other_size(taken.shape, tensors.shape)
    batch = taken.shape[0] if isinstance(taken.shape[0], int) and taken.shape[0] > 1 else 1
    rows = []
    for tensor in tensors:
        fed = _as_type(np.repeat(tensor[None], batch, axis=0), taken.type)
        rows.append(np.asarray(session.run([wanted], {taken.name: fed})[0], np.float32)[:1].reshape(1, -1))
    return np.concatenate(rows)


def _refuse_other_size(wanted: list[Any], came: tuple[int, ...]) -> None:
    if any(isinstance(edge, int) and edge != own for edge, own in zip(wanted[1:], came[1:], strict=True)):
        raise ValueError(
            "the file resizes its pictures itself, and takes none of the size that the network works on"
        )


def _as_type(tensor: Rows, kind: str) -> Rows:
    if kind == "tensor(uint8)":
        return np.clip(np.rint(tensor), 0, 255).astype(np.uint8)
    return tensor.astype({"tensor(float16)": np.float16, "tensor(double)": np.float64}.get(kind, np.float32))


def run_keras(data: bytes, tensors: Rows, output: int | str | None, folder: Path) -> Rows:
    """Keras's answers on its torch backend; layers that hold code were refused before, and are here once more."""
    import warnings

    import keras
    import torch

    (folder / "engine.txt").write_text(
        f"keras {keras.__version__} on torch {torch.__version__.partition('+')[0]}"
    )
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".keras" if data[:2] == b"PK" else ".h5") as copy:
        copy.write(data)
        copy.flush()
        model = keras.models.load_model(copy.name, compile=False, safe_mode=True)
    _refuse_other_size(list(model.inputs[0].shape), tensors.shape)
    rows = []
    for tensor in tensors:
        with torch.inference_mode():
            found = model(tensor[None], training=False)
        if isinstance(found, dict):
            found = found[output] if isinstance(output, str) else list(found.values())[output or 0]
        elif isinstance(found, list | tuple):
            place = list(model.output_names).index(output) if isinstance(output, str) else output or 0
            found = found[place]
        rows.append(found.detach().cpu().numpy().astype(np.float32).reshape(1, -1))
    return np.concatenate(rows)


def run_exactly(data: bytes, tensors: Rows, output: int | str | None, folder: Path) -> Rows:
    """What an ONNX file says in float64."""
    import onnx

    from fer_edge.export.sources.exact import answer_exactly

    (folder / "engine.txt").write_text(f"the reference of onnx {onnx.__version__} in float64")
    return answer_exactly(data, tensors, output)


RUNTIMES = {"onnx": run_onnx, "keras": run_keras, "exact": run_exactly}


def main(kind: str, file: str, sha256: str, folder: str, chosen: str) -> int:
    """Answer, or leave a sentence."""
    die_with_parent()
    place = Path(folder)
    forbid_writing(outside=place)
    word, _, text = chosen.partition(":")
    output: int | str | None = int(text) if word == "int" else text or None
    try:
        data = Path(file).read_bytes()
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ValueError("the file changed while it was read")
        rows = RUNTIMES[kind](data, np.load(place / "tensors.npy"), output, place)
    # Whatever a runtime raises at somebody's file is the reason why nothing was compared.
    except Exception as error:  # noqa: BLE001
        (place / "error.txt").write_text(first_line(error)[:400])
        return 1
    np.save(place / "answers.npy", rows)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
