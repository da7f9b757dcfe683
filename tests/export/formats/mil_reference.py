"""A slow evaluator of a Core ML program, written from the MIL reference, for tests only.

It knows the operators of image classifiers, reads the package by itself, and says what the file computes where nothing
can run it. It proves a match with the specification, not with Apple's kernels.
"""

import numpy as np
import torch
from coremltools.proto.Model_pb2 import Model
from torch.nn import functional

NUMPY = {10: np.float16, 11: np.float32, 23: np.int32, 21: np.int8, 31: np.uint8}
TORCH = {"fp16": torch.float16, "fp32": torch.float32, "int32": torch.int32, "bool": torch.bool}


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


def conv(i):
    axes = i["x"].ndim - 2
    function = {1: functional.conv1d, 2: functional.conv2d}[axes]
    steps = whole(i["strides"]) if "strides" in i else [1] * axes
    dilations = whole(i["dilations"]) if "dilations" in i else [1] * axes
    bias = wide(i["bias"]) if "bias" in i else None
    groups = int(i["groups"]) if "groups" in i else 1
    values = padded(wide(i["x"]), padding_of(i), 0.0)
    return function(values, wide(i["weight"]), bias, steps, 0, dilations, groups).to(i["x"].dtype)


def in_its_type(function):
    return lambda i: function({key: wide(item) for key, item in i.items()}).to(i["x"].dtype)


def dequantize(i):
    shape = [-1 if axis == int(i["axis"]) else 1 for axis in range(i["quantized_data"].ndim)]
    scale, zero = i["scale"].reshape(shape), i["zero_point"].reshape(shape)
    return (i["quantized_data"].to(scale.dtype) - zero.to(scale.dtype)) * scale


def quantize(i):
    steps = torch.round(wide(i["input"]) / wide(i["scale"])) + i["zero_point"].float()
    return steps.clamp(-128, 127).to(torch.int8)


def slice_by_index(i):
    rank = i["x"].ndim
    mask = {key: i.get(key, [False] * rank) for key in ("begin_mask", "end_mask", "squeeze_mask")}
    begin, end = whole(i["begin"]), whole(i["end"])
    steps = whole(i["stride"]) if "stride" in i else [1] * rank
    where = []
    for axis in range(rank):
        if mask["squeeze_mask"][axis]:
            where.append(begin[axis])
            continue
        first = None if mask["begin_mask"][axis] else begin[axis]
        where.append(slice(first, None if mask["end_mask"][axis] else end[axis], steps[axis]))
    if all(step > 0 for step in steps):
        return i["x"][tuple(where)]
    return torch.from_numpy(i["x"].numpy()[tuple(where)].copy())


def concat(i):
    """One behind the other, or by turns."""
    axis = int(i["axis"]) % i["values"][0].ndim
    if i.get("interleave", False):
        return torch.stack(i["values"], axis + 1).flatten(axis, axis + 1)
    return torch.cat(i["values"], axis)


def padding_of(i):
    """(before, after) of each spatial axis, first axis first."""
    axes = i["x"].ndim - 2
    if i["pad_type"] == "valid":
        return [(0, 0)] * axes
    assert i["pad_type"] == "custom", i["pad_type"]
    pads = whole(i["pad"])
    return [(pads[2 * axis], pads[2 * axis + 1]) for axis in range(axes)]


def padded(values, pads, by):
    return functional.pad(values, [size for pair in reversed(pads) for size in pair], value=by)


def pool(i, empty, joined):
    """Windows of a pool, one after another: the border is ``empty``; ``joined`` makes one value of a window."""
    sizes, axes = whole(i["kernel_sizes"]), i["x"].ndim - 2
    steps = whole(i["strides"]) if "strides" in i else [1] * axes
    values = padded(wide(i["x"]), padding_of(i), empty)
    there = padded(torch.ones_like(wide(i["x"])), padding_of(i), 0.0)
    if i.get("ceil_mode", False):
        assert empty == -torch.inf, "what an average divides by at the overhang is not specified"
        over = [(0, -(size - sizes[axis]) % steps[axis]) for axis, size in enumerate(values.shape[2:])]
        values, there = padded(values, over, empty), padded(there, over, 0.0)
    for axis in range(axes):
        values, there = (item.unfold(2 + axis, sizes[axis], steps[axis]) for item in (values, there))
    return joined(values.flatten(2 + axes), there.flatten(2 + axes)).to(i["x"].dtype)


def avg_pool(i):
    inside = bool(i.get("exclude_padding_from_average", False))
    return pool(
        i, 0.0, lambda values, there: values.sum(-1) / (there.sum(-1) if inside else values.shape[-1])
    )


def conv_transpose(i):
    pads, axes = padding_of(i), i["x"].ndim - 2
    steps = whole(i["strides"]) if "strides" in i else [1] * axes
    dilations = whole(i["dilations"]) if "dilations" in i else [1] * axes
    function = {1: functional.conv_transpose1d, 2: functional.conv_transpose2d}[axes]
    bias = wide(i["bias"]) if "bias" in i else None
    groups = int(i["groups"]) if "groups" in i else 1
    # Without its own padding; what the program crops is cropped here, and what output_shape asks for stays.
    found = function(wide(i["x"]), wide(i["weight"]), None, steps, 0, 0, groups, dilations)
    wanted = whole(i["output_shape"])[2:] if "output_shape" in i else None
    for axis, (before, after) in enumerate(pads):
        size = wanted[axis] if wanted else found.shape[2 + axis] - before - after
        lacking = before + size - found.shape[2 + axis]
        if lacking > 0:
            found = padded(found, [(0, lacking if axis == one else 0) for one in range(axes)], 0.0)
        found = found.narrow(2 + axis, before, size)
    if bias is not None:
        found = found + bias.reshape(-1, *[1] * axes)
    return found.to(i["x"].dtype)


def pad(i):
    sizes, values = whole(i["pad"]), i["x"]
    pairs = [(sizes[2 * axis], sizes[2 * axis + 1]) for axis in range(len(sizes) // 2)]
    flat = [size for pair in reversed(pairs) for size in pair]
    mode = i.get("mode", "constant")
    if mode == "constant":
        return functional.pad(values, flat, value=float(i.get("constant_val", 0.0)))
    pairs = [(0, 0)] * (values.ndim - len(pairs)) + pairs
    kind = {"reflect": "reflect", "replicate": "edge"}[mode]
    return torch.from_numpy(np.pad(values.numpy(), pairs, kind))


def moments(i, axes):
    mean = i["x"].mean(axes, keepdim=True)
    return (i["x"] - mean) / torch.sqrt(((i["x"] - mean) ** 2).mean(axes, keepdim=True) + float(i["epsilon"]))


def layer_norm(i):
    axes = [axis % i["x"].ndim for axis in whole(i["axes"])]
    found = moments(i, axes)
    return found * i.get("gamma", torch.ones(())) + i.get("beta", torch.zeros(()))


def by_channel(vector, rank):
    return vector.reshape(1, -1, *[1] * (rank - 2))


def instance_norm(i):
    rank = i["x"].ndim
    found = moments(i, list(range(2, rank)))
    if "gamma" in i:
        found = found * by_channel(i["gamma"], rank)
    return found + by_channel(i["beta"], rank) if "beta" in i else found


def batch_norm(i):
    rank = i["x"].ndim
    scale = torch.rsqrt(i["variance"] + float(i["epsilon"]))
    found = (i["x"] - by_channel(i["mean"], rank)) * by_channel(scale, rank)
    if "gamma" in i:
        found = found * by_channel(i["gamma"], rank)
    return found + by_channel(i["beta"], rank) if "beta" in i else found


def gelu(i):
    x = i["x"]
    if i.get("mode", "EXACT") == "EXACT":
        return x * 0.5 * (1 + torch.erf(x / 2**0.5))
    if i["mode"] == "TANH_APPROXIMATION":
        return 0.5 * x * (1 + torch.tanh((2 / torch.pi) ** 0.5 * (x + 0.044715 * x**3)))
    return x * torch.sigmoid(1.702 * x)


def sampled(i, place_of):
    """Bilinear samples; ``place_of(index, size_in, size_out)`` is the place of an output pixel in the input."""
    values = i["x"].double()
    for axis, wanted in ((2, i["height"]), (3, i["width"])):
        size = values.shape[axis]
        places = torch.tensor([place_of(index, size, wanted) for index in range(wanted)], dtype=torch.float64)
        places = places.clamp(0, size - 1)
        low = places.floor().long()
        share = (places - low).reshape([-1 if place == axis else 1 for place in range(4)])
        high = (low + 1).clamp(max=size - 1)
        values = values.index_select(axis, low) * (1 - share) + values.index_select(axis, high) * share
    return values.to(i["x"].dtype)


def upsample_bilinear(i):
    """``align_corners`` and ``half_pixel_centers`` as the reference's table has them."""
    height, width = (
        int(np.floor(i["x"].shape[axis] * float(i[key]) + 1e-4))
        for axis, key in ((2, "scale_factor_height"), (3, "scale_factor_width"))
    )
    aligned = bool(i.get("align_corners", True))
    half = bool(i.get("half_pixel_centers", not aligned))
    factors = {height: float(i["scale_factor_height"]), width: float(i["scale_factor_width"])}

    def place(index, size, wanted):
        if aligned:
            return index * (size - 1) / max(wanted - 1, 1)
        step = 1 / factors[wanted]
        return (index + 0.5) * step - 0.5 if half else index * step

    return sampled({**i, "height": height, "width": width}, place)


def resize_bilinear(i):
    mode = i.get("sampling_mode", "DEFAULT")

    def place(index, size, wanted):
        if mode in ("STRICT_ALIGN_CORNERS", "ALIGN_CORNERS"):
            return index * (size - 1) / max(wanted - 1, 1)
        if mode == "UNALIGN_CORNERS":
            return (index + 0.5) * size / wanted - 0.5
        if mode == "OFFSET_CORNERS":
            return (index + 0.5) * size / wanted
        return index * (size - size / wanted) / max(wanted - 1, 1)

    return sampled({**i, "height": int(i["target_size_height"]), "width": int(i["target_size_width"])}, place)


def nearest(i):
    factors = [float(i["scale_factor_height"]), float(i["scale_factor_width"])]
    values = i["x"]
    for axis, factor in zip((2, 3), factors, strict=True):
        places = torch.arange(int(np.floor(values.shape[axis] * factor + 1e-4))).double() / factor
        values = values.index_select(axis, places.floor().long().clamp(max=values.shape[axis] - 1))
    return values


def resize_nearest(i):
    values = i["x"]
    for axis, key in ((2, "target_size_height"), (3, "target_size_width")):
        places = torch.arange(int(i[key])).double() * values.shape[axis] / int(i[key])
        values = values.index_select(axis, places.floor().long())
    return values


def split(i):
    sizes = whole(i["split_sizes"]) if "split_sizes" in i else None
    axis = int(i["axis"])
    if sizes is None:
        return tuple(torch.chunk(i["x"], int(i["num_splits"]), axis))
    return tuple(torch.split(i["x"], sizes, axis))


def reduce(function):
    def reduced(i):
        axes = whole(i["axes"]) if "axes" in i else list(range(i["x"].ndim))
        return function(i["x"], axes, bool(i.get("keep_dims", False)))

    return in_its_type(reduced)


def reshape(i):
    shape = [size or i["x"].shape[axis] for axis, size in enumerate(whole(i["shape"]))]
    return i["x"].reshape(shape)


def matmul(i):
    x, y = (i[key].mT if bool(i.get(f"transpose_{key}", False)) else i[key] for key in "xy")
    return x @ y


def linear(i):
    return functional.linear(i["x"], i["weight"], i.get("bias"))


def expanded(i):
    axes = {axis % (i["x"].ndim + len(whole(i["axes"]))) for axis in whole(i["axes"])}
    return [None if axis in axes else slice(None) for axis in range(i["x"].ndim + len(axes))]


def crop(i):
    (top, bottom), (left, right) = whole(i["crop_height"]), whole(i["crop_width"])
    height, width = i["x"].shape[2:]
    return i["x"][:, :, top : height - bottom, left : width - right]


def prelu(i):
    slope = by_channel(i["alpha"], i["x"].ndim)
    return torch.where(i["x"] >= 0, i["x"], i["x"] * slope)


def tile(i):
    return i["x"].repeat(whole(i["reps"]))


def pixel_shuffle(i):
    """Depth to space as the reference draws it: channel c * r * r + dy * r + dx goes to (dy, dx)."""
    n, c, h, w = i["x"].shape
    r = int(i["upscale_factor"])
    apart = i["x"].reshape(n, c // (r * r), r, r, h, w)
    return apart.permute(0, 1, 4, 2, 5, 3).reshape(n, c // (r * r), h * r, w * r)


def gather(i):
    axis, indices = int(i.get("axis", 0)), i["indices"].long()
    found = i["x"].index_select(axis, indices.reshape(-1))
    return found.reshape(*i["x"].shape[:axis], *indices.shape, *i["x"].shape[axis + 1 :])


def power(i):
    return i["x"] ** i["y"]


def both(function):
    return lambda i: function(i["x"], i["y"])


def one(function):
    return in_its_type(lambda i: function(i["x"]))


OPERATORS = {
    "const": lambda i: i["val"],
    "constexpr_affine_dequantize": dequantize,
    "quantize": quantize,
    "dequantize": lambda i: (
        (i["input"].to(i["scale"].dtype) - i["zero_point"].to(i["scale"].dtype)) * i["scale"]
    ),
    "slice_by_index": slice_by_index,
    "conv": conv,
    "conv_transpose": conv_transpose,
    "linear": in_its_type(linear),
    "matmul": in_its_type(matmul),
    "avg_pool": avg_pool,
    "max_pool": lambda i: pool(i, -torch.inf, lambda values, _: values.amax(-1)),
    "batch_norm": in_its_type(batch_norm),
    "layer_norm": in_its_type(layer_norm),
    "instance_norm": in_its_type(instance_norm),
    "pad": pad,
    "upsample_bilinear": upsample_bilinear,
    "resize_bilinear": resize_bilinear,
    "upsample_nearest_neighbor": nearest,
    "resize_nearest_neighbor": resize_nearest,
    "pixel_shuffle": pixel_shuffle,
    "expand_dims": lambda i: i["x"][tuple(expanded(i))],
    "squeeze": lambda i: i["x"].squeeze(tuple(whole(i["axes"]))) if "axes" in i else i["x"].squeeze(),
    "reshape": reshape,
    "transpose": lambda i: i["x"].permute(whole(i["perm"])),
    "concat": concat,
    "stack": lambda i: torch.stack(i["values"], int(i["axis"])),
    "split": split,
    "tile": tile,
    "gather": gather,
    "crop": crop,
    "reverse": lambda i: i["x"].flip(whole(i["axes"]) if "axes" in i else list(range(i["x"].ndim))),
    "identity": lambda i: i["x"],
    "select": lambda i: torch.where(i["cond"], i["a"], i["b"]),
    "real_div": both(torch.div),
    "floor_div": both(lambda x, y: torch.div(x, y, rounding_mode="floor")),
    "mod": both(torch.remainder),
    "pow": power,
    "maximum": both(torch.maximum),
    "minimum": both(torch.minimum),
    "greater": both(torch.gt),
    "greater_equal": both(torch.ge),
    "less": both(torch.lt),
    "less_equal": both(torch.le),
    "equal": both(torch.eq),
    "not_equal": both(torch.ne),
    "logical_and": both(torch.logical_and),
    "logical_or": both(torch.logical_or),
    "logical_not": lambda i: torch.logical_not(i["x"]),
    "leaky_relu": in_its_type(lambda i: torch.where(i["x"] >= 0, i["x"], i["x"] * i["alpha"])),
    "prelu": in_its_type(prelu),
    "elu": in_its_type(lambda i: torch.where(i["x"] > 0, i["x"], i["alpha"] * torch.expm1(i["x"]))),
    "gelu": in_its_type(gelu),
    "sigmoid": one(torch.sigmoid),
    "silu": one(lambda x: x * torch.sigmoid(x)),
    "tanh": one(torch.tanh),
    "softplus": one(functional.softplus),
    "softsign": one(functional.softsign),
    "erf": one(torch.erf),
    "exp": one(torch.exp),
    "log": in_its_type(lambda i: torch.log(i["x"] + i.get("epsilon", 1e-45))),
    "sqrt": one(torch.sqrt),
    "rsqrt": in_its_type(lambda i: torch.rsqrt(i["x"] + i.get("epsilon", 1e-12))),
    "inverse": in_its_type(lambda i: 1 / (i["x"] + i.get("epsilon", 1e-4))),
    "abs": one(torch.abs),
    "sign": one(torch.sign),
    "square": one(torch.square),
    "ceil": one(torch.ceil),
    "round": one(torch.round),
    "sin": one(torch.sin),
    "cos": one(torch.cos),
    "reduce_sum": reduce(lambda x, axes, keep: x.sum(axes, keepdim=keep)),
    "reduce_max": reduce(lambda x, axes, keep: x.amax(axes, keepdim=keep)),
    "reduce_min": reduce(lambda x, axes, keep: x.amin(axes, keepdim=keep)),
    "reduce_sum_square": reduce(lambda x, axes, keep: x.square().sum(axes, keepdim=keep)),
    "reduce_l2_norm": reduce(lambda x, axes, keep: x.square().sum(axes, keepdim=keep).sqrt()),
    "reduce_l1_norm": reduce(lambda x, axes, keep: x.abs().sum(axes, keepdim=keep)),
    "reduce_log_sum_exp": reduce(lambda x, axes, keep: torch.logsumexp(x, axes, keepdim=keep)),
    "add": lambda i: i["x"] + i["y"],
    "sub": lambda i: i["x"] - i["y"],
    "mul": lambda i: i["x"] * i["y"],
    "floor": lambda i: torch.floor(i["x"]),
    "relu": lambda i: torch.relu(i["x"]),
    "relu6": lambda i: torch.clamp(i["x"], 0, 6),
    "clip": lambda i: torch.clamp(i["x"], float(i["alpha"]), float(i["beta"])),
    "thresholded_relu": lambda i: torch.where(i["x"] >= i["alpha"], i["x"], torch.zeros_like(i["x"])),
    "sigmoid_hard": in_its_type(lambda i: torch.clamp(i["x"] * i["alpha"] + i["beta"], 0, 1)),
    "reduce_mean": reduce(lambda x, axes, keep: x.mean(axes, keepdim=keep)),
    "softmax": in_its_type(lambda i: torch.softmax(i["x"], int(i["axis"]))),
    "cast": lambda i: i["x"].to(TORCH[i["dtype"]]),
    "classify": lambda i: (None, i["probabilities"]),
}
