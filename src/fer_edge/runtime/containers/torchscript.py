"""TorchScript: the extra file ``contract.json`` in the archive, and what the archive's two programs may do.

An archive is a program twice over: ``code/`` is what torch.jit runs, ``bytecode.pkl`` what phones run. Both can write files
and more. So both are read here, without torch, before torch sees the file: each operator must be on a list
(``torchscript_operators.py``), the code must be plain (``torchscript_code.py``), and no pickle may name a class that the code does not define.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

from fer_edge.runtime.containers.limits import LARGEST_CONTRACT, ContainerError
from fer_edge.runtime.containers.pickle_tree import read_pickle
from fer_edge.runtime.containers.torchscript_archive import BROKEN, Archive, broken_error
from fer_edge.runtime.containers.torchscript_code import operators_of_code
from fer_edge.runtime.containers.torchscript_operators import OPERATORS

_NAME = ("extra", "contract.json")

_INSTRUCTIONS = (
    "OP", "LOAD", "LOADC", "MOVE", "STORE", "STOREN", "DROP", "DROPR", "RET", "LIST_CONSTRUCT", "LIST_UNPACK",
    "TUPLE_CONSTRUCT", "TUPLE_INDEX", "NUM_TO_TENSOR", "JF", "JMP",
)  # fmt: skip
"""Of programs without calls, objects and attributes; jumps are the choices of scripted parts."""
_TYPE = re.compile(r"(?:Tensor|int|float|bool|str|None|Any|Scalar|number|List|Optional|Tuple|[\[\], ])*")
_METHOD = re.compile(r"__torch__(?:\.\w+)+\.forward\d*", re.ASCII)
_CLASS = re.compile(r"(__torch__(?:\.\w+)*)\.(\w+)", re.ASCII)
_STORAGES = ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool")
_NAMES = {
    "torch._utils._rebuild_tensor_v2", "collections.OrderedDict", "torch.device",
    *(f"torch.jit._pickle.{name}" for name in
      ("build_intlist", "build_tensorlist", "build_doublelist", "build_boollist", "restore_type_tag")),
    *(f"torch.{word}Storage" for word in _STORAGES),
}  # fmt: skip


def read(path: Path) -> list[bytes]:
    """Every contract that the archive holds; one is right."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [entry for entry in archive.infolist() if tuple(entry.filename.split("/")[1:]) == _NAME]
            return [_content(archive, entry) for entry in members]
    except BROKEN as error:
        raise broken_error(error) from None


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    if entry.file_size > LARGEST_CONTRACT:
        raise ContainerError(f"its contract has {entry.file_size} bytes; allowed: {LARGEST_CONTRACT}")
    with archive.open(entry) as file:
        return file.read(LARGEST_CONTRACT + 1)


class UnlistedOperatorError(ContainerError):
    """The program calls an operator that is not on the list of what networks compute with."""


def check_program(path: Path) -> None:
    """Refuse an archive that could do anything but compute.

    Raises:
        UnlistedOperatorError: an operator that is not on the list.
        ContainerError: a piece of code or a name that fer-export does not write.
    """
    with Archive(path) as archive:
        sources = archive.sources()
        for name, text in sources.items():
            for operator in sorted(operators_of_code(text, name)):
                _check_operator(operator)
        classes = {
            f"{name}.{found.decode('ascii')}"
            for name, text in sources.items()
            for found in re.findall(rb"^class (\w+)\(", text, re.MULTILINE)
        }
        for name in archive.names():
            if name.endswith("pkl"):
                tree, looked_up = read_pickle(archive.read(name), name)
                _check_names(looked_up, classes)
                if name == "bytecode.pkl":
                    _check_bytecode(tree)


def _check_operator(operator: str) -> None:
    if operator not in OPERATORS:
        raise UnlistedOperatorError(
            f"its program calls {operator[:80]}, which is not on the list of what networks compute with"
        )


def _check_names(names: tuple[str, ...], classes: set[str]) -> None:
    for name in names:
        if name not in _NAMES and not (_CLASS.fullmatch(name) and name in classes):
            raise ContainerError(f"a pickle in it names {ascii(name)[:80]}, which fer-export does not write")


def _check_bytecode(tree: Any) -> None:
    try:
        version, *functions = tree
        sound = isinstance(version, int) and all(_is_sound_function(function) for function in functions)
    except (TypeError, ValueError, KeyError, IndexError):
        sound = False
    if not sound:
        raise ContainerError("its bytecode is not laid out as torch writes it")


def _is_sound_function(function: Any) -> bool:
    name, body, *_ = function
    if not isinstance(name, str) or not _METHOD.fullmatch(name):
        raise ContainerError(
            f"its bytecode has the function {ascii(name)[:80]}, which fer-export does not write"
        )
    parts = dict(body)
    for operator, overload, *_ in parts["operators"]:
        if not isinstance(overload, str) or not isinstance(operator, str):
            return False
        _check_operator(operator)
    for instruction, *numbers in parts["instructions"]:
        if instruction not in _INSTRUCTIONS or not all(isinstance(number, int) for number in numbers):
            raise ContainerError(
                f"its bytecode has the instruction {ascii(instruction)[:40]}, which straight networks do not need"
            )
    for kind in parts["types"]:
        if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
            raise ContainerError(
                f"its bytecode has the type {ascii(kind)[:80]}, which fer-export does not write"
            )
    return set(parts) == {"instructions", "operators", "constants", "types", "register_size"}
