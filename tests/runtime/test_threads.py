"""One model, many threads: each call gets its own answer, whatever the engine."""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

from fer_edge.runtime import Frame, load
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.engines.coreml import CoreMlSession
from support import tiny_artifacts as tiny

THREADS = 8
TENSORS = np.random.default_rng(3).normal(size=(400, 1, 1, 6, 8)).astype(np.float32)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return tiny.write_bundle(tmp_path_factory.mktemp("threads") / "bundle")


@pytest.fixture(autouse=True)
def frequent_switches():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def shaped(model, tensor):
    return np.ascontiguousarray(tensor.reshape(model.contract.input.shape))


@pytest.mark.parametrize("variant", ["onnx-fp32", "tflite-fp32", "torchscript-fp32"])
@pytest.mark.parametrize("threads", [1, 2])
def test_eight_threads_get_their_own_answers(bundle, variant, threads):
    model = load(bundle, variant, threads=threads)
    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(lambda tensor: model.run(shaped(model, tensor)), TENSORS))
    for tensor, answer in zip(TENSORS, answers, strict=True):
        np.testing.assert_allclose(answer, tiny.expected(tensor), atol=1e-5)


def test_eight_threads_predict_from_pictures(bundle):
    """The camera path keeps memory from picture to picture; each thread has its own."""
    model = load(bundle)
    rng = np.random.default_rng(4)
    frames = [Frame.from_rgb(rng.integers(0, 256, (40, 50, 3), np.uint8)) for _ in range(200)]
    alone = [model.predict(frame, (5, 6, 40, 38)).probabilities for frame in frames]
    with ThreadPoolExecutor(THREADS) as pool:
        together = list(pool.map(lambda frame: model.predict(frame, (5, 6, 40, 38)).probabilities, frames))
    assert together == alone


def test_models_are_loaded_by_several_threads_and_standard_error_stays(bundle, capfd):
    variants = ["tflite-fp32", "torchscript-fp32", "onnx-fp32"] * 6
    with ThreadPoolExecutor(THREADS) as pool:
        models = list(pool.map(lambda variant: load(bundle, variant), variants))
    for model in models:
        model.run(shaped(model, TENSORS[0]))
    sys.stderr.write("still here\n")
    assert capfd.readouterr().err == "still here\n"


def test_torch_keeps_its_number_of_threads_whatever_models_run_beside_each_other(bundle):
    import torch

    before = torch.get_num_threads()
    models = [load(bundle, "torchscript-fp32", threads=count) for count in (1, 2, 3)]
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda n: models[n % 3].run(TENSORS[n % len(TENSORS)]), range(300)))
        assert set(pool.map(lambda _: torch.get_num_threads(), range(50))) == {before}
    assert torch.get_num_threads() == before


class OneAtATime:
    """Core ML's model as coremltools gives it; says when two threads are in it."""

    def __init__(self):
        self.inside = threading.Lock()

    def predict(self, feed):
        assert self.inside.acquire(blocking=False), "two threads in one model"
        try:
            time.sleep(0.0002)
            return {"probabilities": feed["image"].reshape(-1)[:3]}
        finally:
            self.inside.release()


def test_core_ml_is_asked_one_call_at_a_time():
    session = CoreMlSession(
        OneAtATime(), SimpleNamespace(name="a.mlpackage"), Contract.parse(tiny.contract_text()), "coremltools"
    )
    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(session.run, TENSORS[:200]))
    for tensor, answer in zip(TENSORS, answers, strict=False):
        np.testing.assert_array_equal(answer, tensor.reshape(-1)[:3])
