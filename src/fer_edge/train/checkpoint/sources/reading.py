"""Files of other frameworks, read through the child: what comes back is checked again, since its answer is untrusted too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.runtime.contract import Normalization
from fer_edge.runtime.errors import CheckpointError
from fer_edge.runtime.extras import need

if TYPE_CHECKING:
    from torch import Tensor

LARGEST = (2 << 30) - 1
"""Bytes of a file: what protocol buffers can hold."""
WALL_SECONDS = 600
NAMES = {"keras": "a Keras network", "onnx": "an ONNX graph"}
NEEDS = {"keras": ("keras", "h5py"), "onnx": ("export-onnx", "onnx")}
"""Extra and module of each kind."""
KINDS = tuple(NAMES)


@dataclass(frozen=True)
class Source:
    """A network that came out of a file of another framework.

    Attributes:
        kind: of ``KINDS``.
        steps: its description, as JSON.
        input: channels, height, width.
        layout: of the file's own input, ``NCHW`` or ``NHWC``.
        notes: what was left out or found.
        scale: with ``offset``: what the file itself made of pixels, now left to the contract; or empty.
        offset: see ``scale``.
        final: ``sigmoid`` where those at the end were left out.
    """

    kind: str
    steps: list[Any]
    input: tuple[int, int, int]
    layout: str
    notes: tuple[str, ...]
    scale: tuple[float, ...]
    offset: tuple[float, ...]
    final: str

    @property
    def answers_probabilities(self) -> bool:
        """Whether a softmax is the last thing that it computes."""
        name, layer, _, parameters = self.steps[-1]
        return layer == "softmax" and not parameters["logarithm"] and bool(name)


@dataclass(frozen=True)
class Wanted:
    """What the user said about the file.

    Attributes:
        input: width, height, channels; None: as the file says.
        output: index or name of the output; None: the only one.
    """

    input: tuple[int, int, int] | None = None
    output: int | str | None = None


def refuse_large(size: int, kind: str, name: str) -> None:
    """Raise where a file has more bytes than such files can.

    Raises:
        CheckpointError: it has.
    """
    if size > LARGEST:
        raise CheckpointError(f"{name} has {size / 1e9:.1f} GB; {NAMES[kind]} of up to 2 GB is read")


def read_source(data: bytes, kind: str, name: str, wanted: Wanted) -> tuple[Source, dict[str, Tensor]]:
    """The network in a file.

    Args:
        data: the whole file.
        kind: of ``KINDS``.
        name: for messages.
        wanted: what the user said about it.

    Raises:
        CheckpointError: the file is damaged, hostile, or holds what has no translation.
        MissingExtra: its library is not installed.
    """
    from fer_edge.train.checkpoint.safetensors_file import parse

    extra, module = NEEDS[kind]
    need(extra, module)
    answer = _ask(data, kind, name, {"wanted": wanted.input, "output": wanted.output})
    end = 8 + int.from_bytes(answer[:8], "little")
    try:
        document = json.loads(answer[8:end])
        if "error" in document:
            raise CheckpointError(f"{name}, {NAMES[kind]}, is refused: {document['error']}")
        source = _source(kind, document)
        tensors, _ = parse(answer[end:], name)
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"{name} is refused: reading it gave no network ({str(error)[:200]})"
        ) from error
    return source, tensors


def _source(kind: str, document: dict[str, Any]) -> Source:
    from fer_edge.train.models.imported.description import Description

    Description.parse(document["steps"])
    channels, height, width = map(int, document["input"])
    return Source(
        kind,
        document["steps"],
        (channels, height, width),
        str(document["layout"]),
        tuple(map(str, document["notes"])),
        tuple(map(float, document["scale"])),
        tuple(map(float, document["offset"])),
        str(document["final"]),
    )


def _ask(data: bytes, kind: str, name: str, options: dict[str, Any]) -> bytes:
    package = str(Path(__file__).parents[4])
    # torch looks for a folder to write to as soon as some of its parts are imported, and the child has none.
    caches = {"TORCHINDUCTOR_CACHE_DIR": os.environ.get("TORCHINDUCTOR_CACHE_DIR") or tempfile.gettempdir()}
    paths = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
    with subprocess.Popen(
        # -P: the current folder is not importable here, whatever lies in it.
        [sys.executable, "-P", "-m", "fer_edge.train.checkpoint.sources.child", kind, json.dumps(options)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **caches, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
    ) as child:
        try:
            answer, _ = child.communicate(data, timeout=WALL_SECONDS)
        except subprocess.TimeoutExpired:
            answer = b""
        finally:  # also of Ctrl-C
            child.kill()
    if len(answer) < 8:
        raise CheckpointError(
            f"{name} is refused: reading it took more time or memory than networks need, or broke its parser"
        )
    return answer


PIXELS_REACH = 20.0
"""A network whose own scale brings 0 to 255 within these bounds takes pixels; one that expects 0 to 1 would not."""
PIXELS = Normalization(mean=(0.0,), std=(1 / 255,))


def known_pixels(source: Source) -> bool:
    """Whether the file scales its input itself in a way that only pixels from 0 to 255 make sense of."""
    ends = [abs(end) for a, b in zip(source.scale, source.offset, strict=True) for end in (b, 255 * a + b)]
    return bool(ends) and max(ends) <= PIXELS_REACH


def with_front(source: Source, typed: Normalization | None) -> Normalization | None:
    """Mean and std of what is left of the network, since its own first steps were taken out.

    Args:
        source: the network.
        typed: how the file itself is fed; None: with pixels from 0 to 255.
    """
    if not source.scale:
        return typed
    count = len(source.scale)
    mean = typed.mean if typed else PIXELS.mean * count
    std = typed.std if typed else PIXELS.std * count
    # a times (v/255 less m) over s, and b more, is (v/255 less m', which is m less b s/a) over s/a.
    stds = tuple(s / a for s, a in zip(std, source.scale, strict=True))
    means = tuple(m - b * s for m, b, s in zip(mean, source.offset, stds, strict=True))
    return Normalization(means, stds)
