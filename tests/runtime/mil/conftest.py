"""Packages written by coremltools' own builder of MIL programs, which shares no code with the evaluator."""

import warnings

import numpy as np
import pytest


@pytest.fixture(scope="session")
def ct():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import coremltools

    return coremltools


@pytest.fixture
def build(ct, tmp_path):
    """``build(body, shapes, target=..., half=...)``: a package whose program is what ``body(mb, *inputs)`` returns."""
    from coremltools.converters.mil import Builder as mb  # noqa: N813 - as everybody calls it
    from coremltools.converters.mil.mil import types

    def built(body, *shapes, target="iOS16", half=False, name="a", **more):
        specs = [mb.TensorSpec(shape, dtype=types.fp32) for shape in shapes]
        names = ["x", "y", "z"][: len(specs)]
        space = {"body": body, "mb": mb}
        exec(f"def made({', '.join(names)}):\n    return body(mb, {', '.join(names)})", space)
        program = mb.program(input_specs=specs, opset_version=getattr(ct.target, target))(space["made"])
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            model = ct.convert(
                program,
                convert_to="mlprogram",
                minimum_deployment_target=getattr(ct.target, target),
                compute_precision=ct.precision.FLOAT16 if half else ct.precision.FLOAT32,
                skip_model_load=True,
                **more,
            )
            path = tmp_path / f"{name}.mlpackage"
            model.save(str(path))
        return path

    return built
