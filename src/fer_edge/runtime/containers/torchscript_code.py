"""The operators that the code of a TorchScript archive uses: read from its text, of which only a plain part is understood.

torch writes Python's syntax. What our exporter leaves after tracing and freezing is straight: a class, a method ``forward``,
assignments of calls. Everything else that the language has, and every character that two readers could take differently
(comments, escapes, triple quotes), is refused.
"""

from __future__ import annotations

import ast
import re

from fer_edge.runtime.containers.limits import ContainerError

_ALPHABET = re.compile(rb"[ -!\"$-&(-\[\]-~\n]*")
"""Printable ASCII without ``# ' \\``, and newlines."""
_TEXT = re.compile(r"[\w ,.:>()\[\]-]{0,200}", re.ASCII)
"""Texts as operators take them: ``"none"``, ``"floor"``, ``"bij,bjk->bik"``, ``"cpu"``."""
_FORWARD = re.compile(r"forward\d*")
_WORDS = frozenset({"annotate", "int", "float", "bool", "unchecked_cast"})
"""Functions of the language that a cast or a type needs."""
_TAKEN = _WORDS | {"torch", "ops", "CONSTANTS", "getattr", "self"}
"""No variable may be called so: the name would stand for something else then."""
_LISTS = ("__parameters__", "__buffers__", "__annotations__")
_DEEPEST = 50


class _Reader:
    """Collects the operators of one text."""

    def __init__(self, name: str) -> None:
        self.operators: set[str] = set()
        self._name = name

    def refuse(self, what: str, node: ast.AST) -> ContainerError:
        line = getattr(node, "lineno", 0)
        return ContainerError(
            f"line {line} of its code {self._name[:80]} has {what}; fer-export writes no such code"
        )

    def file(self, tree: ast.Module) -> None:
        for node in tree.body:
            if (
                not isinstance(node, ast.ClassDef)
                or node.decorator_list
                or node.keywords
                or [ast.unparse(base) for base in node.bases] != ["Module"]
            ):
                raise self.refuse("something else than a class of modules", node)
            for member in node.body:
                self._member(member)

    def _member(self, node: ast.stmt) -> None:
        if isinstance(node, ast.FunctionDef):
            self._function(node)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is None:
            self._type(node.annotation)
        elif isinstance(node, ast.Assign) and _is_numbered(node):
            self._type(node.value)
        elif not (isinstance(node, ast.Assign) and _is_listing(node)):
            raise self.refuse("a member that is no method and no attribute", node)

    def _function(self, node: ast.FunctionDef) -> None:
        given = node.args
        odd = (
            node.decorator_list, given.posonlyargs, given.kwonlyargs, given.defaults, given.vararg, given.kwarg
        )  # fmt: skip
        if not _FORWARD.fullmatch(node.name) or any(odd):
            raise self.refuse(f"the method {node.name[:40]}", node)
        for number, argument in enumerate(given.args):
            if (argument.arg == "self") != (number == 0) or argument.arg in _TAKEN - {"self"}:
                raise self.refuse(f"an argument called {argument.arg[:40]}", node)
            if argument.annotation is not None:
                self._type(argument.annotation)
        if node.returns is not None:
            self._type(node.returns)
        for statement in node.body:
            self._statement(statement, 0)

    def _choice(self, node: ast.If, depth: int) -> None:
        """The branches that scripted parts leave: both branches are read, whichever runs."""
        if depth > _DEEPEST:
            raise self.refuse("choices nested without end", node)
        self._value(node.test, 0)
        for statement in (*node.body, *node.orelse):
            self._statement(statement, depth + 1)

    def _statement(self, node: ast.stmt, depth: int) -> None:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            self._target(node.targets[0])
            self._value(node.value, 0)
        elif isinstance(node, ast.Return | ast.Expr) and isinstance(
            node.value, ast.Call | ast.Name | ast.Tuple
        ):
            self._value(node.value, 0)
        elif isinstance(node, ast.If):
            self._choice(node, depth)
        elif not isinstance(node, ast.Pass):
            raise self.refuse(f"a statement {type(node).__name__}", node)

    def _target(self, node: ast.expr) -> None:
        names = node.elts if isinstance(node, ast.Tuple) else [node]
        for name in names:
            if not isinstance(name, ast.Name) or name.id in _TAKEN:
                raise self.refuse("an assignment to something else than a variable", node)

    def _value(self, node: ast.expr, depth: int) -> None:
        if depth > _DEEPEST:
            raise self.refuse("values nested without end", node)
        if isinstance(node, ast.Constant):
            self._constant(node)
        elif isinstance(node, ast.Call):
            self._call(node, depth)
        elif isinstance(node, ast.Attribute):
            self._attribute(node)
        elif not isinstance(node, ast.Name):
            for item in self._items(node):
                self._value(item, depth + 1)

    def _constant(self, node: ast.Constant) -> None:
        text = isinstance(node.value, str) and not _TEXT.fullmatch(node.value)
        if text or not isinstance(node.value, str | int | float | None):
            raise self.refuse("an unusual text or number", node)

    def _items(self, node: ast.expr) -> list[ast.expr]:
        if isinstance(node, ast.List | ast.Tuple):
            return node.elts
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return [node.operand]
        if isinstance(node, ast.Subscript):
            return [node.value, node.slice]
        raise self.refuse(f"an expression {type(node).__name__}", node)

    def _attribute(self, node: ast.expr) -> None:
        """``CONSTANTS.c3``, ``self.layer.weight``."""
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "CONSTANTS"
        ):
            return
        self._part(node, 0)

    def _part(self, node: ast.expr, depth: int) -> None:
        """A variable or ``self``, an attribute of such, or ``getattr(part, "0")``.

        That may be a tensor's method as well; but only ``forward`` of a part is ever called, which tensors lack.
        """
        if isinstance(node, ast.Name) and node.id not in ("torch", "ops", "CONSTANTS"):
            return
        inner = node.value if isinstance(node, ast.Attribute) else self._got(node)
        if inner is None or depth > _DEEPEST:
            raise self.refuse("an attribute of something else than the module", node)
        self._part(inner, depth + 1)

    def _got(self, node: ast.expr) -> ast.expr | None:
        """The name that ``getattr(part, "0")`` asks for, if the node is such a call."""
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id != "getattr":
            return None
        if len(node.args) != 2 or node.keywords or not isinstance(node.args[1], ast.Constant):
            return None
        name = node.args[1].value
        return node.args[0] if isinstance(name, str) and re.fullmatch(r"\w+", name) else None

    def _call(self, node: ast.Call, depth: int) -> None:
        called = node.func
        if isinstance(called, ast.Name) and called.id == "getattr":
            return self._part(node, depth)
        arguments = node.args
        if isinstance(called, ast.Name) and called.id in _WORDS:
            if called.id in ("annotate", "unchecked_cast"):
                self._type(node.args[0])
                arguments = node.args[1:]
        elif isinstance(called, ast.Attribute) and _FORWARD.fullmatch(called.attr):
            self._part(called.value, depth)
        elif isinstance(called, ast.Attribute):
            self.operators.add(self._operator(called))
        else:
            raise self.refuse("a call of something else than an operator", node)
        for value in [*arguments, *(keyword.value for keyword in node.keywords)]:
            self._value(value, depth + 1)
        return None

    def _operator(self, node: ast.Attribute) -> str:
        """``torch.add`` is ``aten::add``, ``ops.prim.NumToTensor`` is ``prim::NumToTensor``."""
        text = ast.unparse(node) if _length(node) <= 3 else ""
        words = text.split(".")
        if len(words) == 2 and words[0] == "torch":
            return f"aten::{words[1]}"
        if len(words) == 3 and words[0] == "ops":
            return f"{words[1]}::{words[2]}"
        raise self.refuse("a call of something else than an operator", node)

    def _type(self, node: ast.expr) -> None:
        """A type: plain words, containers of them, classes of this archive."""
        for part in ast.walk(node):
            if not isinstance(part, ast.Name | ast.Attribute | ast.Subscript | ast.Tuple | ast.Load):
                raise self.refuse("an unusual type", node)
        if "torch.classes" in ast.unparse(node):
            raise self.refuse("a class of C++", node)


def _length(node: ast.expr) -> int:
    count = 1
    while isinstance(node, ast.Attribute):
        node, count = node.value, count + 1
    return count


def _is_listing(node: ast.Assign) -> bool:
    """``__parameters__ = ["weight", ]`` and the like."""
    names = [target.id for target in node.targets if isinstance(target, ast.Name)]
    texts = isinstance(node.value, ast.List) and all(
        isinstance(item, ast.Constant) and isinstance(item.value, str) for item in node.value.elts
    )
    return texts and len(names) == len(node.targets) == 1 and names[0] in _LISTS


def _is_numbered(node: ast.Assign) -> bool:
    """``__annotations__["0"] = ...``: the type of a part whose name is a number."""
    target = node.targets[0]
    return (
        len(node.targets) == 1
        and isinstance(target, ast.Subscript)
        and isinstance(target.value, ast.Name)
        and target.value.id == "__annotations__"
        and isinstance(target.slice, ast.Constant)
        and isinstance(target.slice.value, str)
    )


def operators_of_code(text: bytes, name: str) -> set[str]:
    """The operators that one text calls, such as ``aten::add``.

    Raises:
        ContainerError: anything that is not plainly a module's ``forward`` of operators.
    """
    if not _ALPHABET.fullmatch(text) or b'"""' in text:
        raise ContainerError(f"its code {name[:80]} has characters that fer-export never writes")
    reader = _Reader(name)
    try:
        reader.file(ast.parse(text.decode("ascii")))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ContainerError(f"its code {name[:80]} cannot be read ({type(error).__name__})") from None
    return reader.operators
