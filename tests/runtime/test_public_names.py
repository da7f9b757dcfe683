import sys

import pytest

from fer_edge import runtime
from support.processes import environment, python

HEAVY = {
    "torch",
    "cv2",
    "PIL",
    "onnxruntime",
    "click",
    "rich",
    "scipy",
    "ai_edge_litert",
    "tensorflow",
    "onnx",
    "coremltools",
}

PUBLIC = {
    "BundleError", "CheckFailed", "CheckpointError", "Contract", "ContractError", "EngineError", "ExportError",
    "FerEdgeError", "Frame", "FrameError", "MissingExtra", "Model", "PictureError", "Prediction", "VariantError", "load",
    "prepare",
}  # fmt: skip


def test_public_names():
    assert set(runtime.__all__) == set(dir(runtime)) == PUBLIC
    for name in PUBLIC:
        assert getattr(runtime, name).__module__.startswith("fer_edge.runtime.")


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="'nothing'"):
        runtime.nothing  # noqa: B018


@pytest.mark.parametrize(
    "statement",
    [
        "import fer_edge.runtime",
        "from fer_edge.runtime import *",
        "import fer_edge.runtime.bundle, fer_edge.runtime.golden",
    ],
)
def test_a_fresh_interpreter_imports_numpy_and_the_standard_library_only(statement):
    script = f"import sys\n{statement}\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = python("-c", script, env=environment({}), check=True)
    came = set(done.stdout.split())
    assert not came & HEAVY
    assert came <= set(sys.stdlib_module_names) | {
        "fer_edge",
        "numpy",
        "sitecustomize",
        "_distutils_hack",
    } | {name for name in came if name.startswith(("__", "_virtualenv", "distutils-precedence"))}


def test_errors_form_one_tree_with_exit_codes():
    for name in PUBLIC:
        if name.endswith("Error"):
            assert issubclass(getattr(runtime, name), runtime.FerEdgeError)
            assert getattr(runtime, name).exit_code == 1
    assert issubclass(runtime.MissingExtra, runtime.EngineError)
    assert runtime.CheckFailed.exit_code == 3
