"""The child that parses: ``python -m fer_edge.train.checkpoint.sources.child KIND OPTIONS``, file on standard input, answer on standard output.

The file is hostile until proven otherwise, and HDF5 and protocol buffers are parsed by native code: that happens here, with
bounds on time and memory, and without a way to write. The answer is a length, a JSON document, and a safetensors file.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from contextlib import suppress
from typing import Any

from fer_edge.runtime.errors import FerEdgeError, first_line

TRANSLATORS = {
    "onnx": "fer_edge.train.checkpoint.sources.onnx.translate",
    "keras": "fer_edge.train.checkpoint.sources.keras.translate",
}
GIVEN_SECONDS = 300
MEMORY = 12 << 30
"""Bytes of address space, of which torch takes some by itself; and six times the file."""


def bound(size: int) -> None:
    """Take time and memory from this process."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (GIVEN_SECONDS, GIVEN_SECONDS))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY + 6 * size, MEMORY + 6 * size))


def answer(kind: str, options: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    """What the file holds, or why not."""
    try:
        found = importlib.import_module(TRANSLATORS[kind]).translate(data, **options)
    except FerEdgeError as error:
        return {"error": str(error)}, b""
    except MemoryError:
        return {"error": "reading it took more memory than networks need"}, b""
    # Libraries raise what they like on hostile bytes, and none of it may be a traceback.
    except Exception as error:  # noqa: BLE001
        return {"error": f"it cannot be read ({first_line(error)[:300]})"}, b""
    from torch import from_numpy

    from fer_edge.train.checkpoint.safetensors_file import serialize

    document = {
        "steps": found.description.to_json(),
        "input": found.input,
        "layout": found.layout,
        "notes": found.notes,
        "scale": found.scale,
        "offset": found.offset,
        "final": found.final,
    }
    return document, serialize({name: from_numpy(array.copy()) for name, array in found.tensors.items()}, {})


def main(kind: str, options: str) -> None:
    """Read, translate, answer."""
    out = os.dup(1)
    os.dup2(2, 1)  # libraries print
    data = sys.stdin.buffer.read()
    bound(len(data))
    document, tensors = answer(kind, json.loads(options), data)
    text = json.dumps(document).encode()
    with os.fdopen(out, "wb") as stream:
        stream.write(len(text).to_bytes(8, "little") + text + tensors)


if __name__ == "__main__":
    main(*sys.argv[1:])
