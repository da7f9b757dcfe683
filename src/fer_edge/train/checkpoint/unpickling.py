"""The child that unpickles: ``python -I -S unpickling.py``, a pickle on standard input, what it holds on standard output.

A pickle is a program. Here it runs where it can do no harm: no name in it is ever imported, every class that it asks for
is a stand-in of this file, and time, memory and files are limited by the system, since a pickle of 600 bytes can keep a
processor busy for a century without a single instruction of Python, where no Ctrl-C arrives. Nothing but the standard library is
imported: the child takes some hundredths of a second. It is one file because nothing else of ours can be found there.

Out goes eight bytes of length, JSON, and the numbers that stand in the pickle itself. The parent (``pickle_file``) takes
both as untrusted input.
"""

from __future__ import annotations

import ctypes
import io
import json
import pickle
import signal
import sys
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

MAGIC = 0x1950A86A20F9469CFC6C
"""First pickle of a file that torch.save wrote before version 1.6."""
DEPTH = 5
"""How deep weights may lie in dictionaries and lists."""
TENSORS = 200_000
"""Tensors in one file; the largest networks have some thousands."""
TEXT = 200
OURS = "fer_edge_"
"""Keys of a snapshot that say in text how its network is fed and what it was trained with."""
OURS_AT_MOST, LONGEST_TEXT = 16, 1 << 20

STORAGES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "UntypedStorage": "uint8",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
}
NUMPY = {"f8": "float64", "f4": "float32", "f2": "float16", "b1": "bool", "u1": "uint8"} | {
    f"i{size}": f"int{8 * size}" for size in (1, 2, 4, 8)
}


class Refused(Exception):
    """The pickle is none of weights; the message says why."""


class Inert:
    """In the place of an object of a class that is not here: takes everything and does nothing."""

    name = ""

    def __new__(cls, *_: object, **__: object) -> Inert:
        """Any arguments."""
        return super().__new__(cls)

    def __init__(self, *_: object, **__: object) -> None: ...

    def __setstate__(self, state: Any) -> None:
        """Kept to be looked at."""
        self.state = state

    def __setitem__(self, key: object, value: object) -> None: ...

    def append(self, value: object) -> None:
        """Of a list."""

    def extend(self, values: object) -> None:
        """Of a list."""

    def add(self, value: object) -> None:
        """Of a set."""


class Kind(str):
    """The name of a dtype, from a storage's class or a ``torch.dtype``."""

    __slots__ = ()


class Storage:
    """Numbers in a row: in the file under ``key``, or in the pickle itself as ``raw``."""

    def __init__(self, key: str, kind: str, start: int = 0, raw: bytes | None = None) -> None:
        self.key, self.kind, self.start, self.raw = key, kind, start, raw


class Tensor:
    """The description from which the parent makes one."""

    def __init__(
        self, storage: Storage, kind: str, offset: int, shape: Any, stride: Any, odd: str = ""
    ) -> None:
        self.storage, self.kind, self.offset = storage, kind, offset
        self.shape, self.stride, self.odd = shape, stride, odd


class Array:
    """In the place of a numpy array; the bytes are taken as they are."""

    def __init__(self, *_: object) -> None:
        self.tensor: Tensor | None = None

    def __setstate__(self, state: Any) -> None:
        """Version, shape, dtype, whether in Fortran's order, bytes."""
        shape, kind, fortran, raw = state[-4:]
        if isinstance(raw, str):  # pickled by Python 2
            raw = raw.encode("latin1")
        if not isinstance(kind, Dtype) or kind.text not in NUMPY or not isinstance(raw, bytes):
            return
        self.tensor = _dense(raw, NUMPY[kind.text], tuple(shape), fortran=bool(fortran))


class Dtype:
    """In the place of ``numpy.dtype``; numbers of the other byte order are not taken."""

    def __init__(self, text: Any = "", *_: object) -> None:
        self.text = text.lstrip("<|=") if isinstance(text, str) else ""

    def __setstate__(self, state: Any) -> None:
        """Only the byte order matters."""
        if isinstance(state, tuple) and ">" in state[:2]:
            self.text = ""


class Names(dict):  # type: ignore[type-arg]
    """In the place of dictionaries that want a function, such as ``defaultdict``."""

    def __init__(self, *_: object) -> None:
        super().__init__()


def _dense(raw: bytes, kind: str, shape: tuple[int, ...], *, fortran: bool = False) -> Tensor:
    stride, step = [0] * len(shape), 1
    for axis in range(len(shape)) if fortran else reversed(range(len(shape))):
        stride[axis] = step
        step *= shape[axis]
    return Tensor(Storage("", kind, raw=raw), kind, 0, shape, tuple(stride))


def _from_buffer(raw: Any, kind: Any, shape: Any, order: str = "C", *_: object) -> Array:
    """``numpy.core.numeric._frombuffer``, of pickle's protocol 5."""
    array = Array()
    array.__setstate__((shape, kind, order == "F", bytes(raw)))
    return array


def _rebuild(storage: Any, offset: int, shape: Any, stride: Any, *_: object) -> Tensor:
    return Tensor(storage, storage.kind, storage.start + offset, tuple(shape), tuple(stride))


def _rebuild_typed(storage: Any, offset: int, shape: Any, stride: Any, *rest: Any) -> Tensor:
    # _rebuild_tensor_v3: requires_grad, hooks, dtype
    return Tensor(storage, str(rest[2]), offset, tuple(shape), tuple(stride))


def _odd(kind: str) -> Callable[..., Tensor]:
    return lambda *_: Tensor(Storage("", "float32", raw=b""), "float32", 0, (), (), odd=kind)


def _first(value: Any, *_: object) -> Any:
    return value


def _of_type(function: Callable[..., Any], _: object, arguments: tuple[Any, ...], *__: object) -> Any:
    return function(*arguments)


def _encode(text: str, encoding: str = "latin1", *_: object) -> bytes:
    if encoding not in ("latin1", "latin-1", "bytes"):
        raise Refused(f"text in the encoding {encoding[:TEXT]!r}")
    return text.encode("latin1")


def _new(cls: Any, *_: object) -> Any:
    return cls.__new__(cls)


def _nested(raw: bytes) -> Storage:
    """Of a storage that ``pickle.dump`` wrote: a file of torch.save of the old form inside."""
    stream = io.BytesIO(raw)
    found, _ = _legacy(stream, Seen())
    if not isinstance(found, Storage):
        raise Refused("a storage that is none")
    size = int.from_bytes(stream.read(8), "little")
    return Storage("", found.kind, raw=stream.read(size * _bytes_of(found.kind)))


def _bytes_of(kind: str) -> int:
    return int("".join(filter(str.isdigit, kind)) or 8) // 8


def _inert(*names: str) -> dict[str, Any]:
    return {name: type("Known", (Inert,), {}) for name in names}


IGNORED = """
    argparse.Namespace datetime.date datetime.datetime datetime.timedelta datetime.timezone
    easydict.EasyDict lightning.fabric.utilities.data.AttributeDict
    lightning.pytorch.callbacks.early_stopping.EarlyStopping
    lightning.pytorch.callbacks.model_checkpoint.ModelCheckpoint
    lightning_fabric.utilities.data.AttributeDict mmengine.config.config.ConfigDict
    omegaconf.base.ContainerMetadata omegaconf.base.Metadata omegaconf.dictconfig.DictConfig
    omegaconf.listconfig.ListConfig omegaconf.nodes.AnyNode pathlib.Path pathlib.PosixPath
    pathlib.PurePath pathlib.PurePosixPath pathlib.PureWindowsPath pathlib.WindowsPath
    pathlib._local.PosixPath pathlib._local.WindowsPath
    pytorch_lightning.callbacks.early_stopping.EarlyStopping
    pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint
    pytorch_lightning.utilities.parsing.AttributeDict torch.Tensor torch.device
    torch.nn.parameter.Parameter torch.serialization._get_layout types.SimpleNamespace typing.Any
    ultralytics.utils.IterableSimpleNamespace uuid.UUID yacs.config.CfgNode
"""
"""Choices and paths that training scripts keep beside the weights: data, and here not even that."""
NUMPY_NAMES = {
    f"{package}.multiarray.{name}": stand_in
    for package in ("numpy.core", "numpy._core")
    for name, stand_in in (("_reconstruct", Array), ("scalar", type("Scalar", (Inert,), {})))
}
UNUSED = "complex slice range bytearray object int long float str unicode"
BUILTINS: dict[str, type] = {
    "set": set,
    "frozenset": frozenset,
    "list": list,
    "dict": dict,
    "tuple": tuple,
    "bytes": bytes,
    "bool": bool,
    **{name: type(name, (Inert,), {}) for name in UNUSED.split()},
}
ALLOWED: dict[str, Any] = {
    "collections.OrderedDict": OrderedDict,
    "collections.defaultdict": Names,
    "collections.Counter": Counter,
    "collections.deque": deque,
    "torch.Size": tuple,
    "torch._utils._rebuild_tensor": _rebuild,
    "torch._utils._rebuild_tensor_v2": _rebuild,
    "torch._utils._rebuild_tensor_v3": _rebuild_typed,
    "torch._utils._rebuild_parameter": _first,
    "torch._utils._rebuild_parameter_with_state": _first,
    "torch._tensor._rebuild_from_type_v2": _of_type,
    "torch._utils._rebuild_sparse_tensor": _odd("sparse"),
    "torch._utils._rebuild_sparse_csr_tensor": _odd("sparse"),
    "torch._utils._rebuild_qtensor": _odd("quantized"),
    "torch._utils._rebuild_meta_tensor_no_storage": _odd("meta"),
    "torch.storage._load_from_bytes": _nested,
    "_codecs.encode": _encode,
    "numpy.dtype": Dtype,
    "numpy.ndarray": Array,
    "copyreg._reconstructor": _new,
    "numpy.core.numeric._frombuffer": _from_buffer,
    "numpy._core.numeric._frombuffer": _from_buffer,
    **NUMPY_NAMES,
    **{f"torch.{name}": Kind(kind) for name, kind in STORAGES.items()},
    "torch.storage.UntypedStorage": Kind("uint8"),
    **{f"torch.{kind}": Kind(kind) for kind in (*STORAGES.values(), *(f"uint{n}" for n in (16, 32, 64)))},
    **{f"{module}.{name}": kind for module in ("builtins", "__builtin__") for name, kind in BUILTINS.items()},
    **_inert(*IGNORED.split()),
}


class Seen:
    """Names that came up on the way: classes that nobody allowed, and the kind of every storage."""

    def __init__(self) -> None:
        self.unknown: dict[str, type] = {}
        self.kinds: dict[str, str] = {}


class Unpickler(pickle.Unpickler):
    """Gives a stand-in for every name."""

    def __init__(self, stream: io.BufferedIOBase, seen: Seen) -> None:
        super().__init__(stream, encoding="latin1")
        self.seen = seen

    def find_class(self, module: str, name: str) -> Any:
        """Never imports."""
        full = f"{module}.{name}"
        if full in ALLOWED:
            return ALLOWED[full]
        if len(self.seen.unknown) > 1000:
            raise Refused("it needs more than a thousand classes")
        return self.seen.unknown.setdefault(full, type("Unknown", (Inert,), {"name": full}))

    def persistent_load(self, pid: Any) -> Storage:
        """``("storage", class, key, device, length)``, and for old files a view."""
        if not isinstance(pid, tuple) or len(pid) < 5 or pid[0] != "storage" or not isinstance(pid[1], Kind):
            raise Refused("a reference that is no storage")
        view = pid[5] if len(pid) > 5 else None
        self.seen.kinds[str(pid[2])] = str(pid[1])
        return Storage(str(pid[2]), str(pid[1]), int(view[1]) if view else 0)


def _legacy(stream: Any, seen: Seen) -> tuple[Any, list[str] | None]:
    """The content, and in which order its storages follow; None: the stream is one plain pickle."""
    first = Unpickler(stream, seen).load()
    if first != MAGIC:
        return first, None
    Unpickler(stream, seen).load()  # the protocol's number
    machine = Unpickler(stream, seen).load()
    if isinstance(machine, Mapping) and machine.get("little_endian") is False:
        raise Refused("numbers in the byte order of another machine")
    content = Unpickler(stream, seen).load()
    return content, [str(key) for key in Unpickler(stream, seen).load()]


def _children(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((key, item) for key, item in value.items() if isinstance(key, str))
        # Folds and the like are numbered; so are the parameters of an optimizer, which is none of this.
        yield from ((str(key), item) for key, item in value.items() if type(key) is int)
    elif isinstance(value, list | tuple):
        yield from ((str(at), item) for at, item in enumerate(value[:100]))


def _is_optimizer(value: Any) -> bool:
    return isinstance(value, Mapping) and "state" in value and ("param_groups" in value or "hypers" in value)


class Findings:
    """The sets of weights in what was unpickled."""

    def __init__(self) -> None:
        self.sets: dict[str, dict[str, Any]] = {}
        self.storages: dict[int, tuple[int, Storage]] = {}
        self.count = 0
        self.seen: dict[int, str] = {}

    def look(self, value: Any, path: str = "", depth: int = 0) -> None:
        """Every dictionary with tensors by name is a set; so is every one inside."""
        if _is_optimizer(value) or depth > DEPTH or len(self.sets) > 1000:
            return
        if id(value) in self.seen:  # once: what holds itself would be looked at for ever
            if self.seen[id(value)] in self.sets:
                self.sets[path] = self.sets[self.seen[id(value)]]
            return
        self.seen[id(value)] = path
        named = isinstance(value, Mapping)
        tensors: dict[str, Any] = {}
        for name, item in _children(value):
            tensor = item.tensor if isinstance(item, Array) else item
            if named and isinstance(tensor, Tensor):
                tensors[name] = self._describe(tensor)
            elif isinstance(item, Mapping | list | tuple):
                self.look(item, f"{path}.{name}" if path else name, depth + 1)
        if tensors:
            versions = _versions(getattr(value, "_metadata", None))
            self.sets[path] = {"tensors": tensors, "versions": versions}

    def _describe(self, tensor: Tensor) -> list[Any]:
        self.count += 1
        if self.count > TENSORS:
            raise Refused(f"it holds more than {TENSORS} tensors")
        if not isinstance(tensor.storage, Storage):
            raise Refused("a tensor without numbers")
        index, _ = self.storages.setdefault(id(tensor.storage), (len(self.storages), tensor.storage))
        numbers = [int(tensor.offset), [int(n) for n in tensor.shape], [int(n) for n in tensor.stride]]
        return [index, tensor.kind, *numbers, tensor.odd]


def _versions(metadata: Any) -> dict[str, dict[str, int]]:
    """A state dictionary's ``_metadata``: numbers by name, by module."""
    if not isinstance(metadata, Mapping):
        return {}
    return {
        module: {
            name: number for name, number in said.items() if isinstance(name, str) and type(number) is int
        }
        for module, said in metadata.items()
        if isinstance(module, str) and isinstance(said, Mapping)
    }


def _network(value: Any, seen: set[int], where: str = "") -> list[str]:
    """Class of a whole ``nn.Module`` and where it lies, as one indexes it; empty if there is none."""
    if isinstance(value, Inert):
        state = getattr(value, "state", None)
        whole = isinstance(state, Mapping) and "_modules" in state and "_parameters" in state
        return [value.name[:TEXT], where] if whole else []
    if len(where) > TEXT or id(value) in seen:
        return []
    seen.add(id(value))
    inside = ((f"{where}[{name!r}]", item) for name, item in _children(value) if isinstance(value, Mapping))
    return next((found for place, item in inside if (found := _network(item, seen, place))), [])


def _texts(content: Any) -> dict[str, str]:
    """The texts of a snapshot of this program beside its weights, as a safetensors file does in its header."""
    if not isinstance(content, Mapping):
        return {}
    found = {
        key: value
        for key, value in content.items()
        if type(key) is str and key.startswith(OURS) and type(value) is str
    }
    if len(found) > OURS_AT_MOST or sum(map(len, found.values())) > LONGEST_TEXT:
        raise Refused("more text beside the weights than a snapshot has")
    return found


def _outline(content: Any) -> str:
    if isinstance(content, Mapping):
        return ", ".join(repr(key)[:40] for key in list(content)[:8]) or "nothing"
    return type(content).__name__


def answer(stream: Any) -> tuple[dict[str, Any], list[bytes]]:
    """The answer to the parent: the document and the bytes of numbers that stand in the pickle."""
    seen = Seen()
    content, keys = _legacy(stream, seen)
    if seen.unknown:
        needed = [name[:TEXT] for name in list(seen.unknown)[:8]]
        return {"needs": needed, "network": _network(content, set())}, []
    findings = Findings()
    findings.look(content)
    storages: list[list[Any]] = []
    inline: list[bytes] = []
    for _, storage in findings.storages.values():
        storages.append([storage.key, storage.kind, None if storage.raw is None else len(storage.raw)])
        inline.append(storage.raw or b"")
    # In an old file the storages follow, in the order of the keys.
    order: Any = keys and [[key, seen.kinds[key]] for key in keys]
    rest = {"outline": _outline(content), "order": order, "after": stream.tell(), "texts": _texts(content)}
    return {"sets": findings.sets, "storages": storages, **rest}, inline


def _limit(seconds: int, memory: int) -> None:
    """By the system, so that no loop inside the interpreter escapes it."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG
    try:
        import resource
    except ImportError:  # Windows: the parent's clock is the limit there
        return
    wanted = [(resource.RLIMIT_CORE, 0), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_FSIZE, 0)]
    wanted += [(resource.RLIMIT_AS, memory)] if sys.platform == "linux" else []
    for which, value in wanted:
        hard = resource.getrlimit(which)[1]
        least = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (least, least))


def main() -> None:
    """Answer; every fault is a document too."""
    _limit(int(sys.argv[1]), int(sys.argv[2]))
    inline: list[bytes] = []
    try:
        document, inline = answer(io.BytesIO(sys.stdin.buffer.read()))
    except MemoryError:
        document = {"error": "it takes more memory than weights of its size could"}
    except RecursionError:
        document = {"error": "it is nested too deep"}
    except Exception as error:  # noqa: BLE001 - untrusted bytes: errors of every kind
        said = str(error) if isinstance(error, Refused) else f"{type(error).__name__}: {error}"
        document = {"error": " ".join(said.split())[:TEXT]}
    text = json.dumps(document).encode()
    sys.stdout.buffer.write(len(text).to_bytes(8, "little") + text + b"".join(inline))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
