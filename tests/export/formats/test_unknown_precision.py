"""A precision that a format does not make is an error and leaves no file: a converter never takes another in its place."""

import pytest

from fer_edge.export.formats import find_format
from fer_edge.export.formats.protocol import Request
from fer_edge.runtime.errors import ExportError
from fer_edge.runtime.formats import FORMATS
from fer_edge.runtime.variants import Variant


def unknown(form, precision):
    """A variant as it would be if the grammar's table had a precision that the converter has not."""
    variant = Variant(form, "fp32")
    object.__setattr__(variant, "precision", precision)
    return variant


@pytest.mark.parametrize("precision", ["int4", "fp64", "INT8", ""])
@pytest.mark.parametrize("spec", FORMATS, ids=lambda spec: spec.name)
def test_an_unknown_precision_is_refused_and_nothing_is_written(
    spec, precision, source, calibration, tmp_path
):
    path = tmp_path / f"model{spec.extension}"
    converter = find_format(spec.name).load()
    with pytest.raises(
        ExportError, match=f"{spec.name} converter does not make '{precision}'; it makes fp32"
    ):
        converter.convert(Request(unknown(spec.name, precision), source, calibration, path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("spec", FORMATS, ids=lambda spec: spec.name)
def test_every_precision_of_the_grammar_is_made(spec, source, calibration, tmp_path):
    """The converter's list is the table's: an unknown word's message names it."""
    converter = find_format(spec.name).load()
    with pytest.raises(ExportError) as refused:
        converter.convert(Request(unknown(spec.name, "int4"), source, calibration, tmp_path / "model"))
    assert str(refused.value).endswith(f"it makes {', '.join(spec.precisions)}")
