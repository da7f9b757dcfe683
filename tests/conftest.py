"""Fixtures of all tests."""

import fcntl
import os
import sys

import hypothesis
import pytest

from support.processes import fer_command

# Time on a shared machine says nothing about the code, and a suite that fails must fail again the next time.
hypothesis.settings.register_profile("suite", deadline=None, derandomize=True)
hypothesis.settings.load_profile("suite")


FIRST = (
    "tests/android/test_android_app.py", "tests/ios/test_core.py", "tests/predict/batch/test_ray.py",
    "tests/packaging/test_no_traces.py", "tests/docs/test_workflows.py",
)  # fmt: skip
"""Files that take longest, the longest first."""


def pytest_configure(config):
    """Workers of pytest-xdist take files in our order, not those with many tests first."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items):
    """The longest files first, then those with slow tests: at the end no worker is left with one that takes minutes."""
    files = {item.nodeid.partition("::")[0] for item in items if item.get_closest_marker("slow")}
    order = {name: place for place, name in enumerate((*FIRST, *sorted(files - {*FIRST})))}
    items.sort(key=lambda item: order.get(item.nodeid.partition("::")[0], len(order)))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """Weights that a test draws do not depend on the tests that its process ran before."""
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


@pytest.fixture(scope="session", autouse=True)
def face_cache(tmp_path_factory):
    """Faces are drawn once a run, for all exports of all workers."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    os.environ.setdefault("FER_EDGE_CACHE", str(shared / "cache"))


@pytest.fixture(scope="session")
def run_command():
    """``run_command(module, *arguments, cwd=None, **environment)``: the finished process with its texts."""
    return fer_command


@pytest.fixture(scope="session")
def builtin_bundle(tmp_path_factory):
    """A bundle of the built-in model: TorchScript, ONNX, TFLite and Core ML, fp32. Not to be changed: copy it first.

    Made once a run: with pytest-xdist the first worker makes it and the others wait.
    """
    base = tmp_path_factory.getbasetemp()
    # Workers have folders of their own below one that they share.
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    bundle = shared / "builtin-bundle"
    with (shared / "builtin-bundle.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not bundle.exists():
            formats = "torchscript,onnx,tflite,coreml"
            made = fer_command("fer_edge.export.cli", "--format", formats, "--out", bundle)
            assert made.returncode == 0, made.stderr
    return bundle
