"""No module of fer_edge leads back to itself by its imports: those at its top, those for types, those inside functions."""

import ast
from graphlib import CycleError, TopologicalSorter

import pytest

from support.paths import SOURCES

FILES = {
    ".".join(path.relative_to(SOURCES).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((SOURCES / "fer_edge").rglob("*.py"))
}


def imports(name):
    """Modules of ours that a module names in any import; a package where it names something of the package itself."""
    for node in ast.walk(ast.parse(FILES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in FILES)
        elif isinstance(node, ast.ImportFrom) and node.module in FILES:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in FILES else node.module


def circle(graph):
    """The first circle of a graph, as ``a -> b -> a``; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return " -> ".join(reversed(error.args[1]))
    return ""


def parents(name):
    """Packages around a module."""
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


def with_packages(graph):
    """A graph of what really runs: whoever imports a module from outside runs the packages around it first."""
    return {
        name: needed | {each for other in needed for each in parents(other)} - {name, *parents(name)}
        for name, needed in graph.items()
    }


GRAPH = {name: set(imports(name)) - {name} for name in FILES}
ROOMS = sorted({name.split(".")[1] for name in FILES if "." in name})


@pytest.mark.parametrize("room", ROOMS)
def test_no_circle_inside_a_room(room):
    inside = {name for name in FILES if name.split(".")[1:2] == [room]}
    assert circle({name: GRAPH[name] & inside for name in inside}) == ""


def test_no_circle_between_rooms():
    assert circle(GRAPH) == ""


def test_any_module_can_be_the_first_import():
    """It runs packages around it and what it imports, each to its end: none of them leads to one that has only begun."""
    assert circle(with_packages(GRAPH)) == ""


def test_a_circle_by_a_package_is_found():
    graph = {"a": set(), "a.b": {"c.d"}, "c": {"a.b"}, "c.d": set()}
    assert circle(graph) == ""
    assert circle(with_packages(graph)) in ("a.b -> c -> a.b", "c -> a.b -> c")
    inside = {"a": {"a.b"}, "a.b": {"a.c"}, "a.c": set()}
    assert with_packages(inside) == inside


def test_a_circle_is_found_and_named():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) in ("b -> c -> b", "c -> b -> c")
    assert circle({"a": {"b"}, "b": set()}) == ""
