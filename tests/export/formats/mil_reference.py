"""A slow evaluator of a Core ML program, written from the MIL reference, for tests only.

It knows the operators of the test network, reads the package by itself, and says what the file computes where nothing
can run it. It proves a match with the specification, not with Apple's kernels.
"""

import numpy as np
import torch
from coremltools.proto.Model_pb2 import Model
from torch.nn import functional

NUMPY = {10: np.float16, 11: np.float32, 23: np.int32, 21: np.int8, 31: np.uint8}
TORCH = {"fp16": torch.float16, "fp32": torch.float32}


def load(package):
    model = Model()
    model.ParseFromString((package / "Data/com.apple.CoreML/model.mlmodel").read_bytes())
    return model


class Program:
    """``main()`` of a package; ``run(array)`` returns every value by name."""

    def __init__(self, package):
        self.model = load(package)
        self.blob = (package / "Data/com.apple.CoreML/weights/weight.bin").read_bytes()
        function = self.model.mlProgram.functions["main"]
        self.operations = function.block_specializations[function.opset].operations

    def run(self, image):
        values = {"image": torch.from_numpy(image)}
        for operation in self.operations:
            inputs = {
                key: [
                    values[item.name] if item.name else self.value(item.value) for item in argument.arguments
                ]
                for key, argument in operation.inputs.items()
            }
            inputs = {key: items[0] if len(items) == 1 else items for key, items in inputs.items()}
            inputs.update(
                {key: self.value(item) for key, item in operation.attributes.items() if key != "name"}
            )
            result = OPERATORS[operation.type](inputs)
            for output, item in zip(
                operation.outputs, result if isinstance(result, tuple) else (result,), strict=True
            ):
                values[output.name] = item
                if torch.is_tensor(item) and output.type.WhichOneof("type") == "tensorType":
                    declared = output.type.tensorType
                    shape = [size.constant.size for size in declared.dimensions]
                    assert list(item.shape) == shape, (output.name, item.shape, shape)
                    if declared.dataType in (10, 11):
                        assert item.dtype == (torch.float16 if declared.dataType == 10 else torch.float32), (
                            output.name
                        )
        return values

    def value(self, value):
        if value.type.WhichOneof("type") == "listType":
            return [self.value(item) for item in value.immediateValue.list.values]
        tensor = value.type.tensorType
        shape = [size.constant.size for size in tensor.dimensions]
        if value.WhichOneof("value") == "blobFileValue":
            offset = value.blobFileValue.offset
            size, start = (int(x) for x in np.frombuffer(self.blob[offset + 8 : offset + 24], "<u8"))
            data = np.frombuffer(self.blob[start : start + size], NUMPY[tensor.dataType])
        else:
            held = value.immediateValue.tensor
            kind = held.WhichOneof("value")
            if kind in ("strings", "bools", None):
                items = list(getattr(held, kind).values) if kind else []
                return items[0] if not shape else items
            data = held.bytes.values if kind == "bytes" else np.asarray(getattr(held, kind).values)
            wanted = NUMPY[tensor.dataType]
            data = np.frombuffer(data, wanted) if kind == "bytes" else data.astype(wanted)
        return torch.from_numpy(data.reshape(shape).copy())


def wide(values):
    """As float32: an engine may accumulate wider than it stores."""
    return values.float() if torch.is_tensor(values) and values.is_floating_point() else values


def whole(values):
    return [int(item) for item in values]


def slice_by_index(i):
    begin, end, mask = whole(i["begin"]), whole(i["end"]), i["end_mask"]
    return i["x"][tuple(slice(b, None if m else e) for b, e, m in zip(begin, end, mask, strict=True))]


def conv(i):
    pads = whole(i["pad"])
    padded = (
        functional.pad(wide(i["x"]), (pads[2], pads[3], pads[0], pads[1]))
        if i["pad_type"] == "custom"
        else i["x"]
    )
    bias = wide(i["bias"]) if "bias" in i else None
    found = functional.conv2d(
        wide(padded), wide(i["weight"]), bias, whole(i["strides"]), 0, whole(i["dilations"]), int(i["groups"])
    )
    return found.to(i["x"].dtype)


def in_its_type(function):
    return lambda i: function({key: wide(item) for key, item in i.items()}).to(i["x"].dtype)


def dequantize(i):
    shape = [-1 if axis == int(i["axis"]) else 1 for axis in range(i["quantized_data"].ndim)]
    scale, zero = i["scale"].reshape(shape), i["zero_point"].reshape(shape)
    return (i["quantized_data"].to(scale.dtype) - zero.to(scale.dtype)) * scale


OPERATORS = {
    "const": lambda i: i["val"],
    "constexpr_affine_dequantize": dequantize,
    "slice_by_index": slice_by_index,
    "conv": conv,
    "linear": in_its_type(lambda i: functional.linear(i["x"], i["weight"], i["bias"])),
    "add": lambda i: i["x"] + i["y"],
    "sub": lambda i: i["x"] - i["y"],
    "mul": lambda i: i["x"] * i["y"],
    "floor": lambda i: torch.floor(i["x"]),
    "relu": lambda i: torch.relu(i["x"]),
    "relu6": lambda i: torch.clamp(i["x"], 0, 6),
    "clip": lambda i: torch.clamp(i["x"], float(i["alpha"]), float(i["beta"])),
    "thresholded_relu": lambda i: torch.where(i["x"] >= i["alpha"], i["x"], torch.zeros_like(i["x"])),
    "sigmoid_hard": in_its_type(lambda i: torch.clamp(i["x"] * i["alpha"] + i["beta"], 0, 1)),
    "reduce_mean": in_its_type(lambda i: i["x"].mean(whole(i["axes"]), keepdim=bool(i["keep_dims"]))),
    "softmax": in_its_type(lambda i: torch.softmax(i["x"], int(i["axis"]))),
    "cast": lambda i: i["x"].to(TORCH[i["dtype"]]),
    "classify": lambda i: (None, i["probabilities"]),
}
