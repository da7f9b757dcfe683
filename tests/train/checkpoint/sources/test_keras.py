"""A Keras file written here with h5py, against numbers worked out in numpy; what is code is refused by name."""

import io
import json

import numpy as np
import pytest

h5py = pytest.importorskip("h5py")
torch = pytest.importorskip("torch")

from fer_edge.runtime.errors import CheckpointError  # noqa: E402
from fer_edge.train.checkpoint.sources.keras.translate import translate  # noqa: E402
from fer_edge.train.models.imported.network import build_imported  # noqa: E402

RANDOM = np.random.default_rng(0)
KERNEL = RANDOM.normal(size=(3, 3, 1, 2)).astype(np.float32)
DENSE = RANDOM.normal(size=(8, 3)).astype(np.float32)
LAYERS = [
    ("Conv2D", {"name": "a", "batch_input_shape": [None, 4, 4, 1], "filters": 2, "kernel_size": [3, 3], "strides": [2, 2],
                "padding": "same", "use_bias": False, "activation": "linear"}),
    ("Flatten", {"name": "f"}),
    ("Dense", {"name": "d", "units": 3, "use_bias": False, "activation": "softmax"}),
]  # fmt: skip


def file(layers=LAYERS):
    stream = io.BytesIO()
    with h5py.File(stream, "w") as written:
        config = [{"class_name": kind, "config": one} for kind, one in layers]
        written.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": config})
        written.attrs["keras_version"] = "2.0.5"
        written["model_weights/a/a_1/kernel:0"] = KERNEL
        written["model_weights/d/d_1/kernel:0"] = DENSE
    return stream.getvalue()


def test_same_padding_and_flattening_in_the_order_of_the_file():
    found = translate(file(), None, None)
    network = build_imported(found.description.to_json())
    state = {name: torch.from_numpy(array.copy()) for name, array in found.tensors.items()}
    network.load_state_dict(state)
    image = RANDOM.normal(size=(4, 4)).astype(np.float32)
    padded = np.pad(image, ((0, 1), (0, 1)))  # even sides at stride 2: nothing before, one behind
    features = [
        np.tensordot(padded[y : y + 3, x : x + 3], KERNEL[:, :, 0], ((0, 1), (0, 1)))
        for y in (0, 2)
        for x in (0, 2)
    ]
    scores = np.exp(np.concatenate(features) @ DENSE)
    answer = network(torch.from_numpy(image)[None, None]).detach().numpy()[0]
    np.testing.assert_allclose(answer, scores / scores.sum(), rtol=1e-4)


def test_code_and_unknown_layers_are_named_at_once():
    layers = [LAYERS[0], ("Lambda", {"name": "evil"}), ("MyLayer", {"name": "mine"}), *LAYERS[1:]]
    with pytest.raises(
        CheckpointError, match=r"2 layers have no translation: Lambda \(evil\); MyLayer \(mine\)"
    ):
        translate(file(layers), None, None)


def test_damaged_files_and_weights_alone():
    with pytest.raises(CheckpointError, match="damaged"):
        translate(file()[:-900], None, None)
    stream = io.BytesIO()
    with h5py.File(stream, "w") as written:
        written["d/kernel:0"] = DENSE
    with pytest.raises(CheckpointError, match="weights without the network"):
        translate(stream.getvalue(), None, None)
