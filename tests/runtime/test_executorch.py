"""ExecuTorch: the contract inside, the engine, and what damaged files come to; a layer and a softmax, by its own library."""

import hashlib
import importlib.util
import threading
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_edge.runtime import BundleError, ContractError, EngineError, FerEdgeError, load
from fer_edge.runtime.containers.digest import check_digest
from fer_edge.runtime.containers.embedded import read_embedded_contract
from fer_edge.runtime.engines import find_engine
from support import tiny_artifacts as tiny
from support.processes import python

TEXT = tiny.contract_text()
EMPTY = f"fer-edge-sha256:{'0' * 64}:fer-edge-sha256"
needs_executorch = pytest.mark.skipif(
    importlib.util.find_spec("executorch") is None, reason="needs executorch (extra [executorch])"
)


def program(strings, *, name="forward", inputs=1, labels=3, dtype=None):
    """The bytes of a program whose further methods return these strings."""
    import torch

    class Tiny(torch.nn.Module):
        def forward(self, *images):
            flat = sum(images).flatten(1).float()
            return torch.softmax(flat @ torch.from_numpy(tiny.WEIGHTS[:, :labels].copy()), 1)

    example = tuple(torch.zeros(1, 1, 6, 8, dtype=dtype or torch.float32) for _ in range(inputs))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from executorch.exir import to_edge_transform_and_lower

        exported = {name: torch.export.export(Tiny(), example)}
        edge = to_edge_transform_and_lower(exported, constant_methods=strings)
        return bytes(edge.to_executorch().buffer)


@pytest.fixture(scope="module")
def sound():
    if importlib.util.find_spec("executorch") is None:
        pytest.skip("needs executorch (extra [executorch])")
    blank = program({tiny.KEY: TEXT, "fer_edge_sha256": EMPTY})
    return blank.replace(b":" + b"0" * 64 + b":", f":{hashlib.sha256(blank).hexdigest()}:".encode())


@pytest.fixture
def path(tmp_path, sound):
    place = tmp_path / "tiny-fp32.pte"
    place.write_bytes(sound)
    return place


def test_the_contract_is_found(path):
    assert read_embedded_contract(path) == TEXT


@needs_executorch
def test_apps_get_the_contract_from_the_runtime(path):
    import torch  # noqa: F401 - brings the libraries that it is linked to
    from executorch.extension.pybindings import _C

    assert _C._load_program(str(path)).load_method("fer_edge_contract")([]) == [TEXT]


@needs_executorch
@pytest.mark.parametrize(
    ("strings", "said"), [({"other": TEXT}, "no contract"), ({tiny.KEY: 3}, "returns no string")]
)
def test_no_contract_inside(tmp_path, strings, said):
    path = tmp_path / "tiny-fp32.pte"
    path.write_bytes(program(strings))
    with pytest.raises((ContractError, BundleError), match=said):
        read_embedded_contract(path)


def test_another_file_of_that_name(tmp_path):
    path = tmp_path / "tiny-fp32.pte"
    path.write_bytes(bytes(100))
    with pytest.raises(BundleError, match="does not begin like an ExecuTorch file"):
        read_embedded_contract(path)


def test_the_digest_finds_a_changed_byte(path, sound):
    assert check_digest(path)
    path.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
    with pytest.raises(BundleError, match="was changed"):
        load(path)


def test_the_engine_computes_softmax_of_a_layer(path):
    model = load(path)
    assert find_engine("executorch").name == "executorch"
    tensor = np.random.default_rng(1).normal(size=(1, 1, 6, 8)).astype(np.float32)
    assert np.abs(model.run(tensor) - tiny.expected(tensor)).max() < 1e-6
    bound = model._session.bind(tensor)
    assert np.abs(bound()[0].numpy().reshape(-1) - tiny.expected(tensor)).max() < 1e-6


def test_sessions_with_other_numbers_of_threads_live_side_by_side(path):
    tensor = np.random.default_rng(2).normal(size=(1, 1, 6, 8)).astype(np.float32)
    models = [load(path, threads=count) for count in (1, 2, 3, 1)]
    wrong = []

    def ask(model):
        for _ in range(20):
            if np.abs(model.run(tensor) - tiny.expected(tensor)).max() > 1e-6:
                wrong.append(model)

    workers = [threading.Thread(target=ask, args=(model,)) for model in models]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


def test_the_engine_says_nothing_and_imports_no_exporter(path):
    code = (
        "import sys; from fer_edge.runtime import load; import numpy as np;"
        f"load({str(path)!r}).run(np.zeros((1, 1, 6, 8), np.float32));"
        "print([name for name in sys.modules if name in ('executorch.exir', 'torchao')])"
    )
    done = python("-W", "error::DeprecationWarning", "-c", code)
    assert (done.stdout, done.stderr, done.returncode) == ("[]\n", "", 0)


@needs_executorch
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "other"}, "forward is not among"),
        ({"inputs": 2}, "2 inputs; allowed: one"),
        ({"labels": 2}, r"output .* is float32 \[1, 2\]"),
        ({"dtype": "int64"}, r"input .* is int64 \[1, 1, 6, 8\]"),
    ],
    ids=["method", "inputs", "labels", "dtype"],
)
def test_ends_that_are_not_the_contracts(tmp_path, changes, said):
    import torch

    path = tmp_path / "tiny-fp32.pte"
    dtype = getattr(torch, changes.get("dtype", "float32"))
    path.write_bytes(program({tiny.KEY: TEXT}, **{**changes, "dtype": dtype}))
    with pytest.raises(EngineError, match=said):
        load(path)


@needs_executorch
def test_a_cut_file_is_refused_by_the_engine(tmp_path):
    path = tmp_path / "tiny-fp32.pte"
    path.write_bytes(program({tiny.KEY: TEXT})[:-64])
    with pytest.raises(EngineError, match="ExecuTorch cannot open"):
        load(path)


@given(data=st.data())
@settings(max_examples=400, deadline=None)
def test_the_reader_raises_typed_errors_only(tmp_path_factory, sound, data):
    mutant = bytearray(sound)
    for _ in range(data.draw(st.integers(1, 4))):
        # Most of the file is weights; what is read lies at its beginning.
        place = data.draw(st.integers(0, min(len(mutant), 4000) - 1))
        mutant[place : place + 4] = data.draw(
            st.sampled_from([bytes(4), b"\xff" * 4, b"\x01", b"", b"\x7f" * 8])
        )
    path = tmp_path_factory.getbasetemp() / "hostile.pte"
    path.write_bytes(bytes(mutant[: data.draw(st.integers(9, len(mutant)))]))
    for read in (read_embedded_contract, check_digest):
        try:
            read(path)
        except FerEdgeError as error:
            assert len(str(error)) <= 1000  # noqa: PT017
