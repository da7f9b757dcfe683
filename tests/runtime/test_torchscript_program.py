"""A TorchScript archive is a program: whatever in it could do more than compute is refused before torch sees it."""

import io
import pickle
import re
import struct
import warnings
import zipfile

import pytest
import torch

from fer_edge.runtime import BundleError, ContractError, EngineError, load
from support import tiny_artifacts as tiny

TEXT = tiny.contract_text()
WEIGHTS = torch.from_numpy(tiny.WEIGHTS)


class Net(torch.nn.Module):
    def forward(self, image):
        return torch.softmax(torch.nn.functional.hardtanh(image.flatten(1) @ WEIGHTS, -50.0, 6.0), 1)


def lite_bytes(module=None):
    """An archive with both programs, as the exporter writes it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(torch.jit|Lite Interpreter).*")
        warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)
        traced = torch.jit.trace((module or Net()).eval(), torch.zeros(1, 1, 6, 8))
        frozen = torch.jit.freeze(traced)
        return frozen._save_to_buffer_for_lite_interpreter(_extra_files={"contract.json": TEXT})


@pytest.fixture(scope="module")
def sound():
    with zipfile.ZipFile(io.BytesIO(lite_bytes())) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("debug_pkl")}


@pytest.fixture(scope="module")
def code_name(sound):
    (name,) = [name for name in sound if name.endswith(".py")]
    return name


def packed(records):
    return tiny.zipped(list(records.items()))


def written(folder, data):
    path = folder / "tiny-fp32.pt"
    path.write_bytes(data)
    return path


def with_code(sound, name, change):
    text = sound[name].decode()
    changed = change(text)
    assert changed != text
    return sound | {name: changed.encode()}


def first_line(line):
    """Put a line before the first one of ``forward``."""
    return lambda text: re.sub(r"(-> Tensor:\n)", rf"\1    {line}\n", text, count=1)


def test_a_sound_archive_loads_without_its_debug_records(tmp_path, sound):
    assert load(written(tmp_path, packed(sound))).variant == "torchscript-fp32"
    assert load(written(tmp_path, lite_bytes())).variant == "torchscript-fp32"


def test_what_torch_would_do_with_the_operator_that_writes(tmp_path, monkeypatch, sound, code_name):
    """The attack is real: with leave, the file appears as soon as the archive is opened."""
    monkeypatch.chdir(tmp_path)
    target = tmp_path / "taken"
    path = written(tmp_path, packed(with_code(sound, code_name, first_line('torch.save(image, "taken")'))))
    with pytest.raises(EngineError, match=r"aten::save.*--allow-foreign-code"):
        load(path)
    assert not target.exists()
    load(path, allow_foreign_code=True)
    assert target.exists()


LINES = {
    "save": 'torch.save(image, "/tmp/x")',
    "save by ops": 'ops.aten.save(image, "/tmp/x")',
    "from_file": 'a = torch.from_file("/etc/passwd", False, 10)',
    "a primitive": 'ops.prim.Print("a")',
    "prim by torch": 'a = ops.prim.CallFunction(image)',
    "custom operator": "a = ops.mine.thing(image)",
    "deeper": "a = ops.aten.add.out(image)",
    "method of a tensor": 'image.save("/tmp/x")',
    "method of a constant": 'CONSTANTS.c0.save("/tmp/x")',
    "getattr called": 'getattr(image, "save")("/tmp/x")',
    "torch shadowed": "torch = image",
    "word shadowed": "int = image",
    "word shadowed in a tuple": "a, getattr = image, image",
    "variable called": 'a = image\n    a("/tmp/x")',
    "value called": "(torch.add(image, 1))(1)",
    "class of C++": "a = __torch__.torch.classes.mine.Thing(1)",
    "function of the archive": "a = __torch__.helper(image)",
    "comment": "a = 1  # torch.relu(image)",
    "type comment": "# type: (Tensor) -> Tensor",
    "backslash": 'torch.relu(image); a = "\\\\x41"',
    "apostrophes": "a = 'b'",
    "text over lines": 'a = """b"""',
    "prefixed text": 'a = f"{torch.relu(image)}"',
    "other letters": "a = torch.\N{FULLWIDTH LATIN SMALL LETTER S}ave(image)",
    "tab": "a\t= image",
    "form feed": "a\f= image",
    "carriage return": "a = image\r",
    "loop": "while True:\n      a = 1",
    "import": "import os",
    "lambda": "a = lambda x: x",
    "attribute set": "self.a = image",
    "exec": 'exec("1")',
    "print": "print(image)",
    "comprehension": "a = [b for b in image]",
    "walrus": "torch.relu((a := image))",
    "starred": "a = torch.relu(*image)",
    "global": "global a",
    "with": "with torch.no_grad():\n      a = 1",
    "bytes": 'a = b"x"',
    "annotated class": "a = annotate(__torch__.torch.classes.mine.Thing, image)",
    "odd text": 'a = torch.device("/tmp/../x")',
    "getattr of torch": 'a = getattr(torch, "save")',
    "attribute of torch": "a = torch.save",
    "unknown word called": "a = image.forward2x(image)",
    "inner function": "def g(a):\n      return a",
    "in a branch": 'if True:\n      torch.save(image, "x")\n    else:\n      pass',
    "in the other branch": 'if True:\n      pass\n    else:\n      torch.save(image, "x")',
    "in a condition": 'if torch.save(image, "x"):\n      pass',
    "many brackets": "a = " + "(" * 150 + "1" + ")" * 150 + " + 1",
    "deep lists": "a = " + "[" * 190 + "]" * 190,
}  # fmt: skip


@pytest.mark.parametrize("case", LINES)
def test_lines_that_do_more_than_compute(tmp_path, sound, code_name, case):
    path = written(tmp_path, packed(with_code(sound, code_name, first_line(LINES[case]))))
    with pytest.raises(EngineError, match=r"tiny-fp32\.pt is refused"):
        load(path)


CLASSES = {
    "method that nobody calls": lambda text: text + '  def other(self, a: Tensor) -> Tensor:\n    return torch.save(a, "x")\n',
    "setstate": lambda text: text + '  def __setstate__(self, a: Tensor) -> Tensor:\n    return a\n',
    "forward that nobody calls": lambda text: text + '  def forward1(self, a: Tensor) -> Tensor:\n    return torch.save(a, "x")\n',
    "interface": lambda text: text.replace("(Module)", "(Interface)"),
    "module interface": lambda text: text.replace("(Module)", "(ModuleInterface)"),
    "named tuple": lambda text: text.replace("(Module)", "(NamedTuple)"),
    "two bases": lambda text: text.replace("(Module)", "(Module, Module)"),
    "metaclass": lambda text: text.replace("(Module)", "(Module, metaclass=M)"),
    "decorator": lambda text: "@torch.save\n" + text,
    "function beside": lambda text: text + 'def helper(a: Tensor) -> Tensor:\n  return a\n',
    "statement beside": lambda text: 'torch.save(1, "x")\n' + text,
    "class of C++ as attribute": lambda text: text.replace("  __buffers__", "  a : __torch__.torch.classes.mine.T\n  __buffers__"),
    "value of an attribute": lambda text: text.replace("  __buffers__", '  a : Tensor = torch.save(1, "x")\n  __buffers__'),
    "default": lambda text: text.replace("image: Tensor)", "image: Tensor=1)"),
    "not Python": lambda text: text + "  def (\n",
    "zero byte": lambda text: text + "\0",
}  # fmt: skip


@pytest.mark.parametrize("case", CLASSES)
def test_classes_that_are_more_than_forward(tmp_path, sound, code_name, case):
    path = written(tmp_path, packed(with_code(sound, code_name, CLASSES[case])))
    with pytest.raises(EngineError, match="refused"):
        load(path)


def test_code_that_nothing_refers_to_is_read_too(tmp_path, sound):
    other = (
        b'class Other(Module):\n  def forward(self, a: Tensor) -> Tensor:\n    return torch.save(a, "x")\n'
    )
    root = next(iter(sound)).split("/")[0]
    path = written(tmp_path, packed(sound | {f"{root}/code/__torch__/other.py": other}))
    with pytest.raises(EngineError, match="aten::save"):
        load(path)


def replaced(sound, record, old, new):
    name = next(name for name in sound if name.endswith(f"/{record}"))
    assert old in sound[name]
    return packed(sound | {name: sound[name].replace(old, new)})


def text_of(word):
    return b"X" + struct.pack("<I", len(word)) + word


BYTECODE = {
    "operator": (text_of(b"aten::hardtanh"), text_of(b"aten::save"), "aten::save"),
    "primitive": (text_of(b"aten::hardtanh"), text_of(b"prim::Print"), "prim::Print"),
    "instruction": (text_of(b"LOADC"), text_of(b"FORK"), "instruction 'FORK'"),
    "call": (text_of(b"LOADC"), text_of(b"INTERFACE_CALL"), "instruction"),
    "method": (b".forward", b".setstat", "function"),
    "torn": (text_of(b"operators"), text_of(b"operator_"), "laid out|no pickle"),
}


@pytest.mark.parametrize("case", BYTECODE)
def test_the_bytecode_is_read_as_well(tmp_path, sound, case):
    """Nothing here would run it, but phones do."""
    old, new, said = BYTECODE[case]
    with pytest.raises(EngineError, match=said):
        load(written(tmp_path, replaced(sound, "bytecode.pkl", old, new)))


class Evil:
    def __reduce__(self):
        import os

        return os.system, ("touch /tmp/evil",)


PICKLES = {
    "python's": pickle.dumps(Evil(), protocol=2),
    "python's newest": pickle.dumps(Evil(), protocol=5),
    "text opcodes": pickle.dumps(Evil(), protocol=0),
    "a class of C++": b"\x80\x02c__torch__.torch.classes.mine\nThing\n)\x81.",
    "a class that the code lacks": b"\x80\x02c__torch__.a\nThing\n)\x81.",
    "a name with a blank": b"\x80\x02c__torch__.a b\nThing\n)\x81.",
    "rebuild of something else": b"\x80\x02ctorch._utils\n_rebuild_qtensor\n)R.",
    "two ends": b"\x80\x02N.N.",
    "no end": b"\x80\x02N",
    "stack underflow": b"\x80\x02\x87.",
    "mark underflow": b"\x80\x02t.",
    "memo underflow": b"\x80\x02h\x07.",
    "not text": b"\x80\x02X\x02\0\0\0\xff\xfe.",
    "long length": b"\x80\x02X\xff\xff\xff\xffabc.",
    "empty": b"",
    "extension": b"\x80\x02\x82\x01.",
    "frames": b"\x80\x04\x95\x02\0\0\0\0\0\0\0N.",
}


@pytest.mark.parametrize(
    "record", ["data.pkl", "constants.pkl", "bytecode.pkl", "mobile_debug_handles.pkl", "debug"]
)
@pytest.mark.parametrize("case", PICKLES)
def test_pickles_that_name_more_than_tensors(tmp_path, sound, code_name, record, case):
    root = code_name.split("/")[0]
    name = f"{code_name}.debug_pkl" if record == "debug" else f"{root}/{record}"
    with pytest.raises(EngineError, match="refused"):
        load(written(tmp_path, packed(sound | {name: PICKLES[case]})))


def entries_again(sound, name, data):
    return tiny.zipped([*sound.items(), (name, data)])


def zips(sound, code_name):
    root = code_name.split("/")[0]
    evil = sound[code_name].replace(b"    return", b'    torch.save(image, "x")\n    return', 1)
    assert evil != sound[code_name]
    plain = packed(sound)
    with zipfile.ZipFile(io.BytesIO(packed(sound | {code_name: evil}))) as archive:
        start = archive.start_dir
    second = packed(sound | {code_name: evil})
    yield "twice", entries_again(sound, code_name, evil)
    yield "in other case", entries_again(sound, code_name.replace("/code/", "/CODE/"), evil)
    yield "class in other case", entries_again(sound, code_name.replace(".py", ".PY"), evil)
    yield "another root", entries_again(sound, "other/data.pkl", b"x")
    yield "root below", entries_again(sound, f"{root}/{root}/data.pkl", b"x")
    yield "the format before", entries_again(sound, f"{root}/model.json", b"{}")
    yield "upwards", entries_again(sound, f"{root}/code/../x.py", evil)
    yield "no root", entries_again(sound, "x.py", evil)
    yield "something before", b"junk" + plain
    yield "flatbuffer before", b"PK\3\4PTMF" + plain[8:]
    yield "one archive behind another", plain + second
    yield "something behind", plain + b"x"
    yield "directory elsewhere", plain[:-6] + struct.pack("<L", start + 1) + plain[-2:]
    yield "no record", tiny.zipped([])
    yield "not deflated", plain.replace(struct.pack("<HHH", 20, 0, 0), struct.pack("<HHH", 20, 0, 12))
    yield "cut", plain[:-30]


ZIPS = (
    "twice", "in other case", "class in other case", "another root", "root below", "the format before", "upwards", "no root",
    "something before", "flatbuffer before", "one archive behind another", "something behind", "directory elsewhere",
    "no record", "not deflated", "cut",
)  # fmt: skip


@pytest.mark.parametrize("case", ZIPS)
def test_archives_that_two_readers_could_read_differently(tmp_path, sound, code_name, case):
    data = dict(zips(sound, code_name))[case]
    with pytest.raises((EngineError, BundleError, ContractError)):
        load(written(tmp_path, data))


def test_a_bomb_of_code_is_not_unpacked(tmp_path, sound, code_name):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (sound | {code_name: b" " * (64 << 20)}).items():
            archive.writestr(name, data)
    with pytest.raises(EngineError, match="67108864 bytes"):
        load(written(tmp_path, buffer.getvalue()))


def _doubled(tensor: torch.Tensor) -> torch.Tensor:
    if tensor.shape[1] == 48:
        return tensor * 2
    return tensor


def test_networks_with_scripted_parts_and_recurrent_ones(tmp_path):
    """Choices stay in the code, jumps in the bytecode."""

    class Scripted(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rows = torch.nn.LSTM(8, 8, batch_first=True)
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message=".*torch.jit.*")
                self.doubled = torch.jit.script(_doubled)

        def forward(self, image):
            rows, _ = self.rows(image[:, 0])
            return torch.softmax(self.doubled(rows.flatten(1)) @ WEIGHTS, 1)

    data = lite_bytes(Scripted())
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert any(b"if " in archive.read(name) for name in archive.namelist() if name.endswith(".py"))
        assert any(
            b"JF" in archive.read(name) for name in archive.namelist() if name.endswith("bytecode.pkl")
        )
    load(written(tmp_path, data))


def test_networks_that_are_not_frozen_load_too(tmp_path):
    """As others save them: parts with names and numbers, weights beside the code, no bytecode."""

    class Parts(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = torch.nn.Sequential(
                torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.ReLU(), torch.nn.Flatten()
            )
            self.last = torch.nn.Linear(48, 3)

        def forward(self, image):
            return torch.softmax(self.last(self.layers(image)), 1)

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*torch.jit.*")
        traced = torch.jit.trace(Parts().eval(), torch.zeros(1, 1, 6, 8))
        torch.jit.save(traced, str(tmp_path / "tiny-fp32.pt"), _extra_files={"contract.json": TEXT})
    load(tmp_path / "tiny-fp32.pt")


def test_the_commands_option(tmp_path, sound, code_name, run_command):
    from PIL import Image

    Image.new("RGB", (40, 40), "gray").save(tmp_path / "gray.png")
    path = written(tmp_path, packed(with_code(sound, code_name, first_line('torch.save(image, "taken")'))))
    command = ("fer_edge.predict.cli", "gray.png", "--model", path)
    refused = run_command(*command, cwd=tmp_path)
    assert refused.returncode == 1
    assert "--allow-foreign-code" in refused.stderr
    assert not (tmp_path / "taken").exists()
    assert run_command(*command, "--allow-foreign-code", cwd=tmp_path).returncode == 0
    assert (tmp_path / "taken").exists()
