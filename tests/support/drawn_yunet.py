"""A file with the inputs and outputs of YuNet that finds white cells instead of faces, so that each box is worked out by hand."""

import math

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

STRIDES = (8, 16, 32)
SIDE = 64
"""Of the box around a white cell of 8x8 pixels."""


def drawn_yunet(path, *, leave_out=()):
    """Write it: ``cls_8`` and ``obj_8`` are a cell's brightness, all larger strides see nothing."""
    nodes, weights, outputs = [], [], []
    for stride in STRIDES:
        nodes.append(
            helper.make_node(
                "AveragePool", ["input"], [f"p{stride}"], kernel_shape=[stride] * 2, strides=[stride] * 2
            )
        )
        bright = 1 / (3 * 255) if stride == 8 else 0.0
        # OpenCV: center (cell + 0.5) * stride, width exp(2) * stride. A bbox counts from the cell's corner.
        box = [0.5, 0.5, math.log(SIDE / stride), math.log(SIDE / stride)]
        parts = {"cls": (bright, [0.0]), "obj": (bright, [0.0]), "bbox": (0.0, box), "kps": (0.0, [0.0] * 10)}
        for kind, (weight, bias) in parts.items():
            name, count = f"{kind}_{stride}", len(bias)
            weights += [
                numpy_helper.from_array(np.full((count, 3, 1, 1), weight, np.float32), f"w_{name}"),
                numpy_helper.from_array(np.array(bias, np.float32), f"b_{name}"),
                numpy_helper.from_array(np.array([1, -1, count], np.int64), f"s_{name}"),
            ]
            nodes += [
                helper.make_node(
                    "Conv", [f"p{stride}", f"w_{name}", f"b_{name}"], [f"c_{name}"], kernel_shape=[1, 1]
                ),
                helper.make_node("Transpose", [f"c_{name}"], [f"t_{name}"], perm=[0, 2, 3, 1]),
                helper.make_node("Reshape", [f"t_{name}", f"s_{name}"], [name]),
            ]
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, None, count]))
    picture = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 320, 320])
    kept = [output for output in outputs if output.name not in leave_out]
    model = helper.make_model(
        helper.make_graph(nodes, "drawn", [picture], kept, weights),
        opset_imports=[helper.make_opsetid("", 11)],
    )
    path.write_bytes(model.SerializeToString())
    onnx.checker.check_model(onnx.load(path))
    return path
