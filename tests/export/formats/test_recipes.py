"""CONTRIBUTING's recipes "Add a format" and "Add a precision", followed on a copy of the sources, and how many files they touch.

The format is TorchScript behind a header of its own, with an engine that takes the header off; the precision is ONNX with one
scale for a whole weight. Both go the whole way: exported with parity, verified, predicted with, measured.
"""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from support.paths import SOURCES
from support.processes import environment, python

READER = '''"""Wrapped: MAGIC, the contract's length (4 bytes), the contract, the digest, the archive."""

from pathlib import Path

from fer_edge.runtime.containers.limits import ContainerError

MAGIC = b"WRAPPED1"


def read(path: Path) -> list[bytes]:
    data = path.read_bytes()
    if not data.startswith(MAGIC):
        raise ContainerError("it has another beginning")
    return [data[12 : 12 + int.from_bytes(data[8:12], "little")]]
'''

ENGINE = '''"""The archive behind the header, by torch.jit."""

import io

from fer_edge.runtime.containers.digest import BLANK_DIGEST
from fer_edge.runtime.engines.protocol import find_installed
from fer_edge.runtime.engines.torchscript import TorchScriptSession


class Wrapped:
    name = "unwrapper"
    formats = ("wrapped",)
    libraries = (("torch", "torch"),)
    system = ""

    def version(self):
        return find_installed(self.libraries)

    def open(self, path, contract, threads):
        import torch

        data = path.read_bytes()
        start = 12 + int.from_bytes(data[8:12], "little") + len(BLANK_DIGEST)
        module = torch.jit.load(io.BytesIO(data[start:]), map_location="cpu").eval()
        return TorchScriptSession(module, path, threads, self.version())


WRAPPED = Wrapped()
'''

SPEC = """    FormatSpec(
        name="wrapped",
        extension=".wrapped",
        precisions=("fp32",),
        layout="NCHW",
        rank=6,
        color="#000000",
        why_not="it is a test",
        read_contracts=wrapped.read,
    ),
"""

FORMAT = '''"""Wrapped: a TorchScript archive behind a header."""

from fer_edge.export.formats.contracts import derive_contract
from fer_edge.export.formats.entry import FormatEntry
from fer_edge.export.formats.protocol import of_precision
from fer_edge.runtime.containers.digest import BLANK_DIGEST, seal
from fer_edge.runtime.containers.wrapped import MAGIC

ENTRY = FormatEntry(
    name="wrapped",
    converter="fer_edge.export.formats.wrapped",
    requires=("torch",),
    extra="export-base",
    platform="a test",
    platform_rank=6,
)


def _archive(request):
    from fer_edge.export.formats.torchscript.converter import _frozen, _save

    return _save(_frozen(request.source.module, request.source.contract), request.source.contract)


WEIGHTS = {"fp32": _archive}


def convert(request):
    make = of_precision(WEIGHTS, request.variant)
    contract = derive_contract(request.variant, request.source.contract)
    text = contract.text.encode()
    head = MAGIC + len(text).to_bytes(4, "little") + text + BLANK_DIGEST.encode()
    request.path.write_bytes(seal(head + make(request)))
    return contract
'''

PRECISION = """def _w8tensor(request: Request) -> ModelProto:
    import numpy as np
    from onnx import helper, numpy_helper

    model = base_graph(request)
    graph = model.graph
    for tensor in list(graph.initializer):
        values, name = numpy_helper.to_array(tensor), tensor.name
        if values.ndim > 1 and values.dtype == np.float32:
            scale = np.abs(values).max() / np.float32(127)
            parts = {f"{name}_quantized": np.rint(values / scale).astype(np.int8), f"{name}_scale": scale}
            graph.initializer.remove(tensor)
            graph.initializer.extend(numpy_helper.from_array(np.asarray(part), key) for key, part in parts.items())
            graph.node.insert(0, helper.make_node("DequantizeLinear", list(parts), [name]))
    return model


WEIGHTS: dict"""

TOLERANCE = """    "w8tensor": Tolerance(0.2, 0.95, 0.05, "a test", "take another", "a test"),
"""
TOLERANCE_AFTER = '    "dynamic": Tolerance(\n'


class Sources:
    """A copy of the sources; what was done to it."""

    def __init__(self, root):
        self.root, self.new, self.edited = root, set(), set()
        shutil.copytree(SOURCES, root, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))

    def write(self, name, text):
        path = self.root / "fer_edge" / name
        assert not path.exists()
        path.write_text(text)
        self.new.add(name)

    def put(self, name, before, text):
        """Text before a place that the file has once."""
        path = self.root / "fer_edge" / name
        old = path.read_text()
        assert old.count(before) == 1, (name, before)
        path.write_text(old.replace(before, text + before))
        self.edited.add(name)

    def replace(self, name, old, new):
        path = self.root / "fer_edge" / name
        text = path.read_text()
        assert text.count(old) == 1, (name, old)
        path.write_text(text.replace(old, new))
        self.edited.add(name)

    def run(self, module, *arguments):
        done = python("-P", "-m", f"fer_edge.{module}", *arguments, env=environment(PYTHONPATH=self.root))
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout)


def add_format(sources):
    sources.write("runtime/containers/wrapped.py", READER)
    sources.put("runtime/formats.py", ')\n"""Every format,', SPEC)
    sources.replace("runtime/formats.py", "executorch, onnx, tflite\n", "executorch, onnx, tflite, wrapped\n")
    sources.write("runtime/engines/wrapped.py", ENGINE)
    sources.replace("runtime/engines/__init__.py", "COREML, EXECUTORCH)", "COREML, EXECUTORCH, WRAPPED)")
    sources.put(
        "runtime/engines/__init__.py",
        "from fer_edge.runtime.errors",
        "from fer_edge.runtime.engines.wrapped import WRAPPED\n",
    )
    sources.write("export/formats/wrapped.py", FORMAT)
    sources.replace("export/formats/__init__.py", "tflite, torchscript\n", "tflite, torchscript, wrapped\n")
    sources.replace(
        "export/formats/__init__.py", "    executorch.ENTRY,\n", "    executorch.ENTRY,\n    wrapped.ENTRY,\n"
    )


def add_precision(sources):
    sources.replace(
        "runtime/formats.py", '...] = ("fp32", "fp16", "w8", ', '...] = ("fp32", "fp16", "w8", "w8tensor", '
    )
    spec = 'precisions=("fp32", "fp16", "w8", "dynamic", "int8", "auto"),\n        layout="NCHW"'
    sources.replace("runtime/formats.py", spec, spec.replace('"dynamic"', '"w8tensor", "dynamic"'))
    sources.replace("export/formats/onnx/converter.py", "WEIGHTS: dict", PRECISION)
    sources.put(
        "export/formats/onnx/converter.py", '    "dynamic": _dynamic,\n', '    "w8tensor": _w8tensor,\n'
    )
    sources.replace("export/parity/tolerances.py", TOLERANCE_AFTER, TOLERANCE + TOLERANCE_AFTER)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("add", "variant", "new", "edited"),
    [(add_format, "wrapped-fp32", 3, 3), (add_precision, "onnx-w8tensor", 0, 3)],
)
def test_the_recipes_are_complete(add, variant, new, edited, tmp_path):
    sources, bundle = Sources(tmp_path / "src"), tmp_path / "bundle"
    add(sources)
    assert (len(sources.new), len(sources.edited)) == (new, edited)
    form, precision = variant.split("-")
    words = ("--format", form, "--precision", precision, "--parity-inputs", "32")
    made = sources.run("export.cli", *words, "--out", bundle, "--json")
    assert [row["status"] for row in made["variants"]] == ["written"]
    readme = (bundle / "README.md").read_text()
    assert f'variant="{variant}"' in readme
    verified = sources.run("export.verify.cli", bundle, "--json")
    assert [entry["verdict"] for entry in verified["artifacts"]] == ["pass"]
    picture = tmp_path / "face.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)).save(picture)
    words = (picture, "--model", bundle, "--variant", variant, "--detector", "none", "--json")
    (image,) = sources.run("predict.cli", *words)["images"]
    assert len(image["faces"]) == 1
    measured = sources.run("bench.commands.bench", bundle, "--quick", "--allow-noisy", "--json")
    assert {record["variant"] for record in measured["records"]} == {variant}
