"""Every format, precision and file of a list has all that the rooms need of it; what is missing is named."""

import configparser
import importlib
import inspect
from dataclasses import replace
from pathlib import Path

import fer_edge.export
from fer_edge.bench.reports import REPORTS
from fer_edge.bench.roofline.analysis import PLACEMENTS, READERS
from fer_edge.bench.targets import TARGETS
from fer_edge.export import formats as writing
from fer_edge.export.parity.tolerances import TOLERANCES
from fer_edge.predict.evaluation.truth import FORMS as TRUTHS
from fer_edge.predict.outputs import FORMS
from fer_edge.predict.outputs.sink import Sink
from fer_edge.predict.sources import KINDS
from fer_edge.runtime import formats
from fer_edge.runtime.engines import ALL_ENGINES, ENGINES
from support.paths import ROOT, SOURCES

TEMPLATES = Path(fer_edge.export.__file__).parent / "bundle/templates"
LANGUAGES = {"kotlin", "swift", "javascript"}
PROVER = {"KINDS", "RULES", "make_bridges", "observe", "read_graph", "view"}


def missing():
    """A sentence for each thing that a format, a precision or a list lacks."""
    return [*_of_runtime(), *_of_export(), *_of_precisions(), *_of_files(), *_of_predict()]


def _of_runtime():
    names = [spec.name for spec in formats.FORMATS]
    for attribute in ("name", "extension", "rank", "color"):
        values = [getattr(spec, attribute) for spec in formats.FORMATS]
        if len(set(values)) < len(values):
            yield f"runtime.formats: two formats have the same {attribute}: {values}"
    for spec in formats.FORMATS:
        strange = {*spec.precisions, *spec.quantized_io} - set(formats.PRECISIONS)
        if strange:
            yield f"runtime.formats: PRECISIONS lacks {sorted(strange)} of {spec.name}"
        if not any(spec.name in engine.formats for engine in ENGINES):
            yield f"runtime.engines: no engine runs {spec.name}"
    for engine in ENGINES:
        if set(engine.formats) - set(names):
            yield f"runtime.formats: FORMATS lacks {engine.formats} of the engine {engine.name}"
    if set(PLACEMENTS) - {engine.name for engine in ENGINES}:
        yield f"runtime.engines: ENGINES lacks one of {sorted(PLACEMENTS)}, whose placements bench.roofline has"
    if set(READERS) - set(names):
        yield f"bench.roofline: READERS has other formats: {sorted(set(READERS) - set(names))}"


def _of_export():
    specs = {spec.name: spec for spec in formats.FORMATS}
    entries = {entry.name: entry for entry in writing.FORMATS}
    if list(entries) != list(specs):
        yield f"export.formats: FORMATS is {list(entries)}, runtime.formats has {list(specs)}"
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    for name in entries.keys() & specs.keys():
        entry, spec = entries[name], specs[name]
        shipped = {*entry.measured, *entry.unmeasured} - set(spec.precisions)
        if shipped:
            yield f"export.formats: {name} would ship {sorted(shipped)}, which it does not have"
        if entry.extra not in setup["options.extras_require"]:
            yield f"setup.cfg: no extra {entry.extra} for {name}"
        if tuple(entry.load().WEIGHTS) != spec.precisions:
            yield f"{entry.converter}: WEIGHTS has {list(entry.load().WEIGHTS)}, runtime.formats {spec.precisions}"
        if set(entry.snippets) - LANGUAGES:
            yield f"export.bundle.card: no place for code of {name} in {sorted(entry.snippets)}"
        lacking = PROVER - set(dir(entry.load_prover()) if entry.prover else PROVER)
        if lacking:
            yield f"{entry.prover}: no {sorted(lacking)}"
        templates = [entry.remark]
        for snippet in entry.snippets.values():
            templates += [snippet.template, snippet.about]
        yield from (
            f"export/bundle/templates: no {template} of {name}"
            for template in filter(None, templates)
            if not (TEMPLATES / template).is_file()
        )


def _of_precisions():
    if tuple(TOLERANCES) != formats.PRECISIONS:
        yield f"export.parity.tolerances: TOLERANCES is {list(TOLERANCES)}, PRECISIONS is {formats.PRECISIONS}"
    for name, tolerance in TOLERANCES.items():
        if not (tolerance.reason and tolerance.next_step and tolerance.worth):
            yield f"export.parity.tolerances: {name} lacks its reason, next_step or worth"
    used = {precision for spec in formats.FORMATS for precision in spec.precisions}
    if set(formats.PRECISIONS) - used:
        yield f"runtime.formats: no format has {sorted(set(formats.PRECISIONS) - used)}"


def _of_files():
    engines = {type(engine) for engine in ALL_ENGINES}
    for name, module in _modules("runtime/engines"):
        if {type(each) for each in vars(module).values() if hasattr(each, "libraries")} - {type, *engines}:
            yield f"runtime.engines: ENGINES lacks the engine of {name}"
    for name, module in _modules("bench/reports"):
        if hasattr(module, "render") and module.__name__ not in REPORTS.values():
            yield f"bench.reports: REPORTS lacks {name}"
    targets = {place.partition(":")[0] for place in TARGETS.values()}
    for name, module in _modules("bench/targets"):
        objects = [type(each) for each in vars(module).values() if not inspect.isclass(each)]
        kinds = [kind for kind in objects if hasattr(kind, "measure") and kind.__module__ == module.__name__]
        if kinds and module.__name__ not in targets:
            yield f"bench.targets: TARGETS lacks the target of {name}"
    for name, module in _modules("bench/roofline"):
        for function, table in (("read", READERS), ("placement", PLACEMENTS)):
            if hasattr(module, function) and getattr(module, function) not in table.values():
                yield f"bench.roofline.analysis: READERS or PLACEMENTS lacks the {function} of {name}"


def _of_predict():
    openers = {form.target.partition(":")[0] for form in FORMS} | {"fer_edge.predict.outputs.printed"}
    # What opens a form may choose among several outputs, some of them another module's.
    opened = {id(each) for opener in openers for each in vars(importlib.import_module(opener)).values()}
    for name, module in _modules("predict/outputs"):
        sinks = [each for each in vars(module).values() if inspect.isclass(each) and issubclass(each, Sink)]
        if any(id(each) not in opened for each in sinks):
            yield f"predict.outputs: FORMS lacks an output of {name}"
    for name, module in _modules("predict/sources"):
        kinds = [each for each in vars(module).values() if hasattr(each, "recognizes")]
        if any(not inspect.isclass(each) and each not in KINDS for each in kinds):
            yield f"predict.sources: KINDS lacks the source of {name}"
    for name, module in _modules("predict/evaluation/truth"):
        forms = [
            each for each in vars(module).values() if hasattr(each, "read") and hasattr(each, "recognizes")
        ]
        if any(not inspect.isclass(each) and each not in TRUTHS for each in forms):
            yield f"predict.evaluation.truth: FORMS lacks the form of {name}"


def _modules(folder):
    for path in sorted((SOURCES / "fer_edge" / folder).glob("[a-z]*.py")):
        module = ".".join(("fer_edge", *folder.split("/"), path.stem))
        yield path.name, importlib.import_module(module)


def test_nothing_is_missing():
    found = missing()
    assert not found, "\n".join(found)


def rooms(known):
    """The rooms that lack something since."""
    return [sentence.partition(":")[0] for sentence in missing() if sentence not in known]


def test_what_a_new_format_lacks_is_named(monkeypatch):
    known = missing()
    spec = replace(formats.FORMATS[0], name="packed", extension=".packed", rank=9, color="#000000")
    monkeypatch.setattr(formats, "FORMATS", (*formats.FORMATS, spec))
    assert rooms(known) == ["runtime.engines", "export.formats"]


def test_what_a_new_precision_lacks_is_named(monkeypatch):
    known = missing()
    onnx = replace(formats.FORMATS[1], precisions=(*formats.FORMATS[1].precisions, "int4"))
    monkeypatch.setattr(formats, "FORMATS", (formats.FORMATS[0], onnx, *formats.FORMATS[2:]))
    assert rooms(known) == ["runtime.formats", "fer_edge.export.formats.onnx.converter"]
    monkeypatch.setattr(formats, "PRECISIONS", (*formats.PRECISIONS, "int4"))
    assert rooms(known) == ["fer_edge.export.formats.onnx.converter", "export.parity.tolerances"]
