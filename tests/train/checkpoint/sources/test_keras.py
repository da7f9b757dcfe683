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
    image = RANDOM.normal(size=(4, 4)).astype(np.float32)
    padded = np.pad(image, ((0, 1), (0, 1)))  # even sides at stride 2: nothing before, one behind
    features = [
        np.tensordot(padded[y : y + 3, x : x + 3], KERNEL[:, :, 0], ((0, 1), (0, 1)))
        for y in (0, 2)
        for x in (0, 2)
    ]
    scores = np.exp(np.concatenate(features) @ DENSE)
    np.testing.assert_allclose(answers(file(), image), scores / scores.sum(), rtol=1e-4)


def answers(data, image, output=None):
    found = translate(data, None, output)
    network = build_imported(found.description.to_json())
    network.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in found.tensors.items()})
    return network(torch.from_numpy(image)[None, None]).detach().numpy()[0]


def functional(name, layers, starts, ends):
    """A model as Keras 2 notes it: a layer's kind, name, configuration, and what each of its calls takes."""
    entries = [
        {"class_name": kind, "name": layer, "config": {"name": layer} | config, "inbound_nodes": calls}
        for kind, layer, config, *calls in layers
    ]
    config = {"name": name, "layers": entries, "input_layers": starts, "output_layers": ends}
    return {"class_name": "Functional", "config": config}


def test_models_inside_a_model_take_their_own_weights_and_calls_of_a_layer_are_told_apart():
    """Keras 2's numbers: the call of a model inside another is its call 1, for call 0 built it."""
    picture, dense = (
        {"batch_input_shape": [None, 4, 4, 1]},
        {"use_bias": False, "activation": "linear", "units": 3},
    )
    base = functional(
        "base",
        [
            ("InputLayer", "in", picture),
            ("Flatten", "flat", {}, [["in", 0, 0, {}]]),
            ("Dense", "dense", dense, [["flat", 0, 0, {}]]),
            ("Dense", "dense_1", dense, [["dense", 0, 0, {}]]),
            ("Dense", "dense_2", dense, [["dense_1", 0, 0, {}]]),
        ],
        [["in", 0, 0]],
        [["dense_1", 0, 0], ["dense_2", 0, 0]],
    )
    inside = ("Functional", "base", base["config"], [["image", 0, 0, {}]], [["half", 0, 0, {}]])
    whole = functional(
        "whole",
        [
            ("InputLayer", "image", picture),
            ("Rescaling", "half", {"scale": 0.5, "offset": 0.0}, [["image", 0, 0, {}]]),
            inside,
            ("Subtract", "less", {}, [["base", 1, 1, {}], ["base", 2, 0, {}]]),
            ("Dense", "head", dense, [["less", 0, 0, {}]], [["head", 0, 0, {}]]),
        ],
        [["image", 0, 0]],
        [["head", 1, 0], ["head", 0, 0]],
    )  # fmt: skip
    first, second, third, head = (
        RANDOM.normal(size=shape).astype(np.float32) for shape in ((16, 3), (3, 3), (3, 3), (3, 3))
    )
    stream = io.BytesIO()
    with h5py.File(stream, "w") as written:
        written.attrs["model_config"] = json.dumps(whole)
        written.attrs["keras_version"] = "2.15.0"
        written["model_weights/base/dense/kernel:0"] = first
        written["model_weights/base/dense_1/kernel:0"] = second
        written["model_weights/base/dense_2/kernel:0"] = third
        written["model_weights/head/head/kernel:0"] = head
    image = RANDOM.normal(size=(4, 4)).astype(np.float32)
    less = image.reshape(16) @ first @ second @ third - (image / 2).reshape(16) @ first @ second
    for output, expected in ((0, less @ head @ head), (1, less @ head)):
        np.testing.assert_allclose(answers(stream.getvalue(), image, output), expected, rtol=1e-4, atol=1e-5)
    whole["config"]["layers"][3]["inbound_nodes"][0][0][2] = 2
    with h5py.File(stream, "a") as written:
        written.attrs["model_config"] = json.dumps(whole)
    with pytest.raises(CheckpointError, match="base does not give its output 2"):
        translate(stream.getvalue(), None, 0)


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
