"""Each operator against torch's own, loops written out, or the examples of the MIL reference."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from fer_edge.runtime.errors import EngineError, UnknownOperator
from fer_edge.runtime.mil.operators import OPERATORS

GENERATOR = torch.Generator().manual_seed(5)
X = torch.randn(2, 6, 7, 9, generator=GENERATOR)
CHANNEL = torch.randn(6, generator=GENERATOR)
POSITIVE = torch.rand(6, generator=GENERATOR) + 0.2


def compute(operator, *positional, **named):
    return OPERATORS[operator].compute(*positional, **named)


def close(found, wanted, tolerance=1e-5):
    wanted = torch.as_tensor(wanted)
    assert found.shape == wanted.shape
    assert (found.double() - wanted.double()).abs().max() <= tolerance


SIGMOID = 1 / (1 + np.exp(-X.numpy().astype(np.float64)))
WIDE = X.double().numpy()
ONE = {
    "relu": np.maximum(WIDE, 0),
    "relu6": np.clip(WIDE, 0, 6),
    "sigmoid": SIGMOID,
    "silu": WIDE * SIGMOID,
    "softplus": np.log1p(np.exp(WIDE)),
    "softsign": WIDE / (1 + np.abs(WIDE)),
    "tanh": np.tanh(WIDE),
    "abs": np.abs(WIDE),
    "ceil": np.ceil(WIDE),
    "floor": np.floor(WIDE),
    "round": np.rint(WIDE),
    "sign": np.sign(WIDE),
    "square": WIDE**2,
    "exp": np.exp(WIDE),
    "exp2": 2**WIDE,
    "sin": np.sin(WIDE),
    "cos": np.cos(WIDE),
    "atan": np.arctan(WIDE),
    "erf": np.vectorize(math.erf)(WIDE),
}


@pytest.mark.parametrize("operator", ONE)
def test_arithmetic_of_one(operator):
    close(compute(operator, X), ONE[operator])


PARAMETERS = {
    "leaky_relu": ({"alpha": 0.2}, np.where(WIDE >= 0, WIDE, 0.2 * WIDE)),
    "elu": ({"alpha": 0.7}, np.where(WIDE > 0, WIDE, 0.7 * (np.exp(WIDE) - 1))),
    "clamped_relu": ({"alpha": 0.3, "beta": 1.1}, np.minimum(1.1, np.where(WIDE >= 0, WIDE, 0.3 * WIDE))),
    "thresholded_relu": ({"alpha": 0.5}, np.where(WIDE >= 0.5, WIDE, 0)),
    "sigmoid_hard": ({"alpha": 0.3, "beta": 0.4}, np.clip(0.3 * WIDE + 0.4, 0, 1)),
    "scaled_tanh": ({"alpha": 1.7, "beta": 0.6}, 1.7 * np.tanh(0.6 * WIDE)),
    "linear_activation": ({"alpha": 1.7, "beta": 0.6}, 1.7 * WIDE + 0.6),
    "clip": ({"alpha": -0.5, "beta": 0.25}, np.clip(WIDE, -0.5, 0.25)),
    "threshold": ({"alpha": -0.5}, np.maximum(WIDE, -0.5)),
    "inverse": ({"epsilon": 9.0}, 1 / (WIDE + 9)),
    "log": ({"epsilon": 9.0}, np.log(WIDE + 9)),
    "rsqrt": ({"epsilon": 9.0}, 1 / np.sqrt(WIDE + 9)),
}


@pytest.mark.parametrize("operator", PARAMETERS)
def test_arithmetic_with_parameters(operator):
    named, wanted = PARAMETERS[operator]
    close(compute(operator, X, **named), wanted)


def test_gelu_has_three_formulas():
    close(compute("gelu", X), WIDE * 0.5 * (1 + np.vectorize(math.erf)(WIDE / 2**0.5)))
    tanh = 0.5 * WIDE * (1 + np.tanh((2 / np.pi) ** 0.5 * (WIDE + 0.044715 * WIDE**3)))
    close(compute("gelu", X, mode="TANH_APPROXIMATION"), tanh)
    close(compute("gelu", X, mode="SIGMOID_APPROXIMATION"), WIDE / (1 + np.exp(-1.702 * WIDE)))
    with pytest.raises(EngineError, match="EXACT"):
        compute("gelu", X, mode="FAST")


def test_slopes_and_softplus_of_each_channel():
    close(compute("prelu", X, CHANNEL), functional.prelu(X, CHANNEL))
    alpha, beta = CHANNEL.reshape(6, 1, 1), POSITIVE.reshape(6, 1, 1)
    close(compute("softplus_parametric", X, CHANNEL, POSITIVE), alpha * torch.log1p(torch.exp(beta * X)))


def test_division():
    whole = torch.tensor([7, -7, 8], dtype=torch.int32)
    assert compute("real_div", whole, torch.tensor(2, dtype=torch.int32)).tolist() == [3, -3, 4]
    assert compute("floor_div", whole, torch.tensor(2, dtype=torch.int32)).tolist() == [3, -4, 4]
    assert compute("mod", torch.tensor([5.5, -5.5]), torch.tensor(2.0)).tolist() == [1.5, 0.5]
    assert compute("round", torch.tensor([0.5, 1.5, 2.5])).tolist() == [0, 2, 2]
    assert compute("cast", torch.tensor([1.9, -1.9, 0.0]), dtype="int32").tolist() == [1, -1, 0]
    assert compute("cast", torch.tensor([1.9, 0.0]), dtype="bool").tolist() == [True, False]


# Products and windows, by loops.


def around(x, pairs, value):
    return np.pad(x, [(0, 0), (0, 0), *pairs], constant_values=value)


def pairs_of(kind, custom, sizes, spans, strides):
    """As TensorFlow's documentation of SAME has it."""
    if kind == "valid":
        return [(0, 0)] * len(sizes)
    if kind == "custom":
        return [tuple(custom[2 * axis : 2 * axis + 2]) for axis in range(len(sizes))]
    found = []
    for size, span, stride in zip(sizes, spans, strides, strict=True):
        rest = size % stride
        total = max(span - (stride if rest == 0 else rest), 0)
        half = total // 2
        found.append((half, total - half) if kind == "same" else (total - half, half))
    return found


def windows(x, sizes, strides, dilations=(1, 1)):
    """(row, column) of the answer and the window there."""
    spans = [(size - 1) * gap + 1 for size, gap in zip(sizes, dilations, strict=True)]
    for row, top in enumerate(range(0, x.shape[2] - spans[0] + 1, strides[0])):
        for column, left in enumerate(range(0, x.shape[3] - spans[1] + 1, strides[1])):
            part = x[:, :, top : top + spans[0] : dilations[0], left : left + spans[1] : dilations[1]]
            yield row, column, part


LAYOUT = st.fixed_dictionaries(
    {
        "pad_type": st.sampled_from(["valid", "same", "same_lower", "custom"]),
        "pad": st.lists(st.integers(0, 2), min_size=4, max_size=4),
        "strides": st.lists(st.integers(1, 3), min_size=2, max_size=2),
        "sizes": st.lists(st.integers(1, 3), min_size=2, max_size=2),
        "dilations": st.lists(st.integers(1, 2), min_size=2, max_size=2),
        "groups": st.sampled_from([1, 2]),
        "shape": st.tuples(st.integers(5, 8), st.integers(5, 8)),
    }
)


@given(LAYOUT)
@settings(max_examples=60, deadline=None)
def test_convolution_by_loops(layout):
    sizes, strides, gaps, groups = (layout[key] for key in ("sizes", "strides", "dilations", "groups"))
    random = np.random.default_rng(1)
    x = random.normal(size=(1, 4, *layout["shape"]))
    weight, bias = random.normal(size=(6, 4 // groups, *sizes)), random.normal(size=6)
    spans = [(size - 1) * gap + 1 for size, gap in zip(sizes, gaps, strict=True)]
    pairs = pairs_of(layout["pad_type"], layout["pad"], x.shape[2:], spans, strides)
    answers = {}
    for row, column, part in windows(around(x, pairs, 0), sizes, strides, gaps):
        for output in range(6):
            group = output // (6 // groups) * (4 // groups)
            channels = part[0, group : group + 4 // groups]
            answers[output, row, column] = (channels * weight[output]).sum() + bias[output]
    shape = np.max(list(answers), axis=0) + 1
    wanted = np.zeros(shape)
    for place, value in answers.items():
        wanted[place] = value
    given = {key: layout[key] for key in ("pad_type", "strides", "dilations", "groups")}
    if layout["pad_type"] == "custom":
        given["pad"] = layout["pad"]
    found = compute("conv", *map(torch.from_numpy, (x, weight)), bias=torch.from_numpy(bias), **given)
    close(found[0], wanted, 1e-9)


@given(LAYOUT, st.booleans(), st.sampled_from(["max_pool", "avg_pool", "l2_pool"]))
@settings(max_examples=80, deadline=None)
def test_pools_by_loops(layout, inside, operator):
    sizes, strides = layout["sizes"], layout["strides"]
    x = np.random.default_rng(1).normal(size=(1, 2, *layout["shape"])) - 1
    pairs = pairs_of(layout["pad_type"], layout["pad"], x.shape[2:], sizes, strides)
    there = around(np.ones_like(x), pairs, 0)
    padded = around(x, pairs, 0)
    answers = {}
    for (row, column, part), (_, _, seen) in zip(
        windows(padded, sizes, strides), windows(there, sizes, strides), strict=True
    ):
        for channel in range(2):
            values, known = part[0, channel], seen[0, channel] == 1
            if operator == "max_pool":
                answer = values[known].max(initial=-np.inf)
            elif operator == "avg_pool":
                answer = values.sum() / (max(known.sum(), 0) if inside else values.size)
            else:
                answer = np.sqrt((values**2).sum())
            answers[channel, row, column] = answer
    given = {"pad_type": layout["pad_type"], "strides": strides}
    if layout["pad_type"] == "custom":
        given["pad"] = layout["pad"]
    if operator == "avg_pool":
        given["exclude_padding_from_average"] = inside
    found = compute(operator, torch.from_numpy(x), sizes, **given)[0]
    assert found.numel() == len(answers)
    for place, value in answers.items():
        assert found[place].item() == pytest.approx(value, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("size", [5, 6, 7, 8, 9])
@pytest.mark.parametrize("border", [0, 1])
def test_pools_whose_last_window_overhangs_have_as_many_as_pytorch(size, border):
    x = torch.randn(1, 2, size, size, generator=GENERATOR) - 2
    given = {
        "kernel_sizes": [3, 3],
        "strides": [2, 2],
        "pad_type": "custom",
        "pad": [border] * 4,
        "ceil_mode": True,
    }
    close(compute("max_pool", x, **given), functional.max_pool2d(x, 3, 2, border, ceil_mode=True))
    inside = compute("avg_pool", x, exclude_padding_from_average=True, **given)
    close(inside, functional.avg_pool2d(x, 3, 2, border, True, False))


def test_an_average_counts_the_overhang_unless_padding_is_left_out():
    """Where PyTorch does not: a program that pools so is another network, and is to be told apart."""
    x = torch.ones(1, 1, 4, 4)
    found = compute("avg_pool", x, [3, 3], "valid", strides=[2, 2], ceil_mode=True)
    assert found[0, 0].tolist() == [[1, pytest.approx(2 / 3)], [pytest.approx(2 / 3), pytest.approx(4 / 9)]]
    assert functional.avg_pool2d(x, 3, 2, ceil_mode=True).unique().tolist() == [1]


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_pools_and_convolutions_of_every_rank(rank):
    x = torch.randn(1, 2, *[6] * rank, generator=GENERATOR)
    weight = torch.randn(4, 2, *[3] * rank, generator=GENERATOR)
    given = {"kernel_sizes": [2] * rank, "pad_type": "valid", "strides": [2] * rank}
    close(compute("max_pool", x, **given), getattr(functional, f"max_pool{rank}d")(x, 2))
    close(compute("avg_pool", x, **given), getattr(functional, f"avg_pool{rank}d")(x, 2))
    convolution = getattr(functional, f"conv{rank}d")
    close(
        compute("conv", x, weight, pad_type="custom", pad=[1] * 2 * rank), convolution(x, weight, padding=1)
    )
    transposed = getattr(functional, f"conv_transpose{rank}d")
    back = torch.randn(2, 4, *[3] * rank, generator=GENERATOR)
    found = compute("conv_transpose", x, back, strides=[2] * rank, pad_type="custom", pad=[1] * 2 * rank)
    close(found, transposed(x, back, stride=2, padding=1), 1e-4)


@pytest.mark.parametrize(("stride", "more"), [(1, 0), (2, 0), (2, 1), (3, 2)])
@pytest.mark.parametrize("groups", [1, 2])
def test_transposed_convolutions(stride, more, groups):
    x, weight = X[:1, :4], torch.randn(4, 3, 3, 3, generator=GENERATOR)
    bias = torch.randn(3 * groups, generator=GENERATOR)
    wanted = functional.conv_transpose2d(x, weight, bias, stride, 1, more, groups)
    given = {"strides": [stride] * 2, "pad_type": "custom", "pad": [1] * 4, "groups": groups, "bias": bias}
    close(compute("conv_transpose", x, weight, output_shape=list(wanted.shape), **given), wanted)
    if not more:
        close(compute("conv_transpose", x, weight, **given), wanted)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_a_transposed_convolution_with_same_padding_undoes_the_convolution_with_it(size):
    """It is the gradient of that convolution by its input."""
    weight = torch.randn(3, 2, size, size, generator=GENERATOR)
    image = torch.randn(1, 2, 10, 8, generator=GENERATOR, requires_grad=True)
    around = compute("conv", image, weight, strides=[2, 2], pad_type="same")
    seen = torch.randn(around.shape, generator=GENERATOR)
    (wanted,) = torch.autograd.grad((around * seen).sum(), image)
    close(compute("conv_transpose", seen, weight, strides=[2, 2], pad_type="same"), wanted)


def test_padding_that_does_not_exist():
    with pytest.raises(EngineError, match="same_lower"):
        compute("conv", X, torch.ones(1, 6, 1, 1), pad_type="full")
    with pytest.raises(EngineError, match="two numbers each"):
        compute("max_pool", X, [2, 2], "custom", pad=[1])


def test_matrix_products():
    a, b = torch.randn(2, 3, 4, generator=GENERATOR), torch.randn(5, 4, generator=GENERATOR)
    close(compute("linear", a, b, bias=torch.ones(5)), a @ b.T + 1)
    close(compute("matmul", a, b, transpose_y=True), a @ b.T)
    close(compute("matmul", a, a, transpose_x=True), a.mT @ a)
    close(compute("matmul", torch.ones(4), b, transpose_y=True), b.sum(1))


@pytest.mark.parametrize("equation", ["nchw,nwhu->nchu", "abcd,adce->abce", "a b c d , a d c e -> a b c e"])
def test_einsum_of_four_axes(equation):
    a, b = torch.randn(2, 3, 4, 5, generator=GENERATOR), torch.randn(1, 5, 4, 6, generator=GENERATOR)
    wanted = np.einsum("nchw,nwhu->nchu", a.numpy(), np.broadcast_to(b.numpy(), (2, 5, 4, 6)))
    close(compute("einsum", [a, b], equation), wanted)


def test_einsum_of_three_axes_and_others():
    a, b = torch.randn(3, 4, 5, generator=GENERATOR), torch.randn(5, 4, 6, generator=GENERATOR)
    close(compute("einsum", [a, b], "chw,whr->chr"), np.einsum("chw,whr->chr", a.numpy(), b.numpy()))
    with pytest.raises(EngineError, match="MIL has"):
        compute("einsum", [a, b], "chw,whr->hcr")


@pytest.mark.parametrize("mask", [None, "bool", "float"])
def test_attention(mask):
    query, key = (torch.randn(2, 3, size, 8, generator=GENERATOR) for size in (4, 5))
    value = torch.randn(2, 3, 5, 6, generator=GENERATOR)
    given = None
    if mask:
        given = torch.rand(4, 5, generator=GENERATOR) > 0.3
        given[:, 0] = True
        given = given if mask == "bool" else torch.randn(4, 5, generator=GENERATOR)
    wanted = functional.scaled_dot_product_attention(query, key, value, given)
    close(compute("scaled_dot_product_attention", query, key, value, attn_mask=given), wanted)


# Normalizations.


def test_normalizations():
    given = {"gamma": CHANNEL, "beta": POSITIVE, "epsilon": 1e-3}
    found = compute("batch_norm", X, CHANNEL, POSITIVE, **given)
    shape = (1, -1, 1, 1)
    mean, variance, gamma, beta = (v.reshape(shape) for v in (CHANNEL, POSITIVE, CHANNEL, POSITIVE))
    close(found, gamma * (X - mean) / torch.sqrt(variance + 1e-3) + beta)
    close(
        compute("instance_norm", X, **given),
        functional.instance_norm(X, None, None, CHANNEL, POSITIVE, eps=1e-3),
    )
    gamma, beta = torch.randn(2, 7, 9, generator=GENERATOR)
    wanted = functional.layer_norm(X, (7, 9), gamma, beta, 1e-3)
    close(compute("layer_norm", X, axes=[-2, -1], gamma=gamma, beta=beta, epsilon=1e-3), wanted)
    close(compute("layer_norm", X), (X - X.mean()) / torch.sqrt(X.var(correction=0) + 1e-5))
    close(compute("l2_norm", X, epsilon=0.5), X / torch.sqrt((X**2).sum((1, 2, 3), keepdim=True) + 0.5))
    close(
        compute("local_response_norm", X, 3, alpha=0.1, beta=0.6, k=2.0),
        functional.local_response_norm(X, 3, 0.1, 0.6, 2.0),
    )


def test_a_layer_norm_over_the_channels():
    gamma, beta = CHANNEL, POSITIVE
    moved = functional.layer_norm(X.movedim(1, -1), (6,), gamma, beta, 1e-6).movedim(-1, 1)
    close(compute("layer_norm", X, axes=[1], gamma=gamma, beta=beta, epsilon=1e-6), moved)


# Reductions.


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("axes", [None, [1], [-1, 1], [2, 3]])
def test_reductions(axes, keep):
    where = None if axes is None else tuple(axes)
    by = {
        "reduce_mean": np.mean, "reduce_sum": np.sum, "reduce_max": np.max, "reduce_min": np.min, "reduce_prod": np.prod,
        "reduce_sum_square": lambda x, **how: (x**2).sum(**how),
        "reduce_l1_norm": lambda x, **how: np.abs(x).sum(**how),
        "reduce_l2_norm": lambda x, **how: np.sqrt((x**2).sum(**how)),
        "reduce_log_sum_exp": lambda x, **how: np.log(np.exp(x).sum(**how)),
    }  # fmt: skip
    for operator, function in by.items():
        named = {} if axes is None else {"axes": axes}
        found = compute(operator, X, keep_dims=keep, **named)
        close(found, function(WIDE, axis=where, keepdims=keep), 1e-3)
    close(compute("reduce_log_sum", X.abs(), axes=[1]), np.log(np.abs(WIDE).sum(1)))


def test_places_of_extremes():
    assert (compute("reduce_argmax", X, axis=1).numpy() == WIDE.argmax(1)).all()
    assert compute("reduce_argmin", X, axis=-1, keep_dims=True).shape == (2, 6, 7, 1)


# Resizing: the tables of grid points in the reference.

TWO = torch.tensor([0.0, 1.0]).reshape(1, 1, 1, 2)
TABLE = {
    ("UNALIGN_CORNERS", 5): [0, 0.1, 0.5, 0.9, 1], ("STRICT_ALIGN_CORNERS", 5): [0, 0.25, 0.5, 0.75, 1],
    ("ALIGN_CORNERS", 5): [0, 0.25, 0.5, 0.75, 1], ("DEFAULT", 5): [0, 0.4, 0.8, 1, 1],
    ("OFFSET_CORNERS", 5): [0.1, 0.3, 0.5, 0.7, 0.9], ("UNALIGN_CORNERS", 6): [0, 0, 1 / 3, 2 / 3, 1, 1],
    ("STRICT_ALIGN_CORNERS", 6): [0, 0.2, 0.4, 0.6, 0.8, 1], ("DEFAULT", 6): [0, 1 / 3, 2 / 3, 1, 1, 1],
    ("OFFSET_CORNERS", 6): [1 / 12, 0.25, 5 / 12, 7 / 12, 0.75, 11 / 12],
    ("ALIGN_CORNERS", 1): [0.5], ("STRICT_ALIGN_CORNERS", 1): [0], ("DEFAULT", 1): [0],
}  # fmt: skip


@pytest.mark.parametrize(("mode", "size"), TABLE)
def test_grid_points_of_the_reference(mode, size):
    found = compute("resize_bilinear", TWO, target_size_height=1, target_size_width=size, sampling_mode=mode)
    close(found.reshape(-1), TABLE[mode, size], 1e-6)
    close(compute("resize", TWO, [1, size], 2, sampling_mode=mode).reshape(-1), TABLE[mode, size], 1e-6)


@pytest.mark.parametrize("size", [(3, 4), (14, 18), (15, 11)])
def test_bilinear_as_pytorch(size):
    height, width = size
    aligned = functional.interpolate(X, size, mode="bilinear", align_corners=True)
    plain = functional.interpolate(X, size, mode="bilinear", align_corners=False)
    given = {"target_size_height": height, "target_size_width": width}
    close(compute("resize_bilinear", X, sampling_mode="STRICT_ALIGN_CORNERS", **given), aligned)
    close(compute("resize_bilinear", X, sampling_mode="UNALIGN_CORNERS", **given), plain)
    factors = {"scale_factor_height": (height + 0.01) / 7, "scale_factor_width": (width + 0.01) / 9}
    close(compute("upsample_bilinear", X, **factors), aligned)
    close(compute("upsample_bilinear", X, align_corners=False, **factors), plain)
    close(compute("resize_nearest_neighbor", X, height, width), functional.interpolate(X, size))


def test_sampling_from_the_left_edge():
    given = {"scale_factor_width": 2.0, "align_corners": False, "half_pixel_centers": False}
    assert compute("upsample_bilinear", TWO, **given).reshape(-1).tolist() == [0, 0.5, 1, 1]
    with pytest.raises(EngineError, match="one of them"):
        compute("upsample_bilinear", TWO, align_corners=True, half_pixel_centers=True)


def test_nearest_larger_by_factors():
    found = compute("upsample_nearest_neighbor", X, scale_factor_height=2.0, scale_factor_width=3.0)
    close(found, X.repeat_interleave(2, 2).repeat_interleave(3, 3))
    close(compute("resize", X, [0, 18], 2, interpolation_mode="NEAREST_NEIGHBOR"), X.repeat_interleave(2, 3))
    with pytest.raises(UnknownOperator, match="does not define"):
        compute("resize", X, [4, 4], 2, interpolation_mode="NEAREST_NEIGHBOR", sampling_mode="OFFSET_CORNERS")


# Shapes and places.


def test_shapes():
    assert compute("reshape", X, [0, -1, 9]).shape == (2, 42, 9)
    assert compute("expand_dims", X, [0, -1]).shape == (1, 2, 6, 7, 9, 1)
    assert compute("squeeze", X[:1, :1], axes=[0]).shape == (1, 7, 9)
    assert compute("squeeze", X[:1, :1]).shape == (7, 9)
    assert compute("flatten2d", X, axis=2).shape == (12, 63)
    assert compute("shape", X).tolist() == [2, 6, 7, 9]
    close(compute("transpose", X, [0, 2, 3, 1]), WIDE.transpose(0, 2, 3, 1))
    close(compute("tile", X, [1, 2, 1, 3]), np.tile(WIDE, (1, 2, 1, 3)))
    close(compute("stack", [X, X + 1], 1), np.stack([WIDE, WIDE + 1], 1))
    close(compute("concat", [X, X + 1], -1), np.concatenate([WIDE, WIDE + 1], -1))
    close(compute("concat", [X, X + 1], 1, interleave=True)[:, :2], np.stack([WIDE[:, 0], WIDE[:, 0] + 1], 1))
    close(compute("reverse", X, axes=[2]), WIDE[:, :, ::-1].copy())
    assert [part.shape[1] for part in compute("split", X, 1, split_sizes=[1, 2, 3])] == [1, 2, 3]
    assert [part.shape[1] for part in compute("split", X, 1, num_splits=3)] == [2, 2, 2]
    with pytest.raises(EngineError, match="equal parts"):
        compute("split", X, 1, num_splits=4)


def test_padding_of_values():
    pad = [1, 2, 3, 1]
    close(
        compute("pad", X, pad, constant_val=2.5),
        np.pad(WIDE, [(0, 0), (0, 0), (1, 2), (3, 1)], constant_values=2.5),
    )
    for mode, name in (("reflect", "reflect"), ("replicate", "edge")):
        close(compute("pad", X, pad, mode=mode), np.pad(WIDE, [(0, 0), (0, 0), (1, 2), (3, 1)], name))
    with pytest.raises(EngineError, match="reflects 9"):
        compute("pad", X, [0, 0, 9, 0], mode="reflect")


def test_pixels_between_depth_and_space():
    x = torch.randn(1, 8, 2, 3, generator=GENERATOR)
    close(compute("pixel_shuffle", x, 2), functional.pixel_shuffle(x, 2))
    close(compute("pixel_unshuffle", compute("pixel_shuffle", x, 2), 2), x)
    found = compute("depth_to_space", x, 2)
    assert found[0, 1, 1, 0] == x[0, (1 * 2 + 0) * 2 + 1, 0, 0]  # channel (dy * b + dx) * C + c
    close(compute("space_to_depth", found, 2), x)


def test_bands_windows_and_crops():
    square = torch.arange(1.0, 17).reshape(4, 4)
    numbers = np.arange(4)
    rows, columns = numbers[:, None], numbers[None]
    for lower, upper in [(0, 0), (1, 0), (0, 2), (-1, 0), (0, -1), (1, 1)]:
        kept = (np.logical_or(lower < 0, rows - columns <= lower)) & (
            np.logical_or(upper < 0, columns - rows <= upper)
        )
        close(compute("band_part", square, lower=lower, upper=upper), square.numpy() * kept)
    assert compute("sliding_windows", torch.arange(5), 0, 3, stride=2).tolist() == [[0, 1, 2], [2, 3, 4]]
    close(compute("crop", X, [1, 2], [0, 3]), WIDE[:, :, 1:5, :6])
    assert compute("fill", [2, 3], value=1.5).tolist() == [[1.5] * 3] * 2
    assert compute("range_1d", torch.tensor(7), torch.tensor(1), torch.tensor(2)).tolist() == [1, 3, 5]


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_slices_as_numpy(data):
    x = np.arange(5 * 6).reshape(5, 6)
    begin, end, stride, masks = [], [], [], {"begin_mask": [], "end_mask": [], "squeeze_mask": []}
    where = []
    for size in x.shape:
        begin.append(data.draw(st.integers(-size, size - 1)))
        end.append(data.draw(st.integers(-size - 1, size + 1)))
        stride.append(data.draw(st.sampled_from([1, 2, -1, -2])))
        first, last, single = (data.draw(st.booleans()) for _ in range(3))
        for name, flag in zip(masks, (first, last, single), strict=True):
            masks[name].append(flag)
        where.append(
            begin[-1]
            if single
            else slice(None if first else begin[-1], None if last else end[-1], stride[-1])
        )
    found = compute("slice_by_index", torch.from_numpy(x), begin, end, stride=stride, **masks)
    wanted = x[tuple(where)]
    assert found.shape == wanted.shape
    assert (found.numpy() == wanted).all()


def test_picking():
    indices = torch.tensor([[3, 0], [-1, 1]], dtype=torch.int32)
    close(compute("gather", X, indices, axis=1), np.take(WIDE, indices.numpy(), 1))
    close(compute("gather", X, torch.tensor(2), axis=2), WIDE[:, :, 2])
    along = torch.randint(0, 9, X.shape, generator=GENERATOR)
    close(compute("gather_along_axis", X, along, axis=3), np.take_along_axis(WIDE, along.numpy(), 3))
    pairs = torch.tensor([[0, 1], [1, -1]])
    close(compute("gather_nd", X, pairs), WIDE[[0, 1], [1, -1]])
    close(compute("slice_by_size", X, [0, 1, 2, 3], [2, 2, -1, 1]), WIDE[0:2, 1:3, 2:, 3:4])
    cond = X > 0
    close(compute("select", cond, X, torch.tensor(0.0)), np.maximum(WIDE, 0))
    with pytest.raises(UnknownOperator, match="batch_dims 2"):
        compute("gather", X, indices, axis=2, batch_dims=2)
    with pytest.raises(RuntimeError, match="out of"):
        compute("gather", X, torch.tensor([6]), axis=1)


def test_scattering_as_in_the_reference():
    data, updates = torch.tensor([[1, 2, 3], [4, 5, 6]]), torch.tensor([[5, 6, 7], [8, 9, 10]])
    indices = torch.tensor([1, 0], dtype=torch.int32)
    assert compute("scatter", data, indices, updates, axis=0, mode="add").tolist() == [
        [9, 11, 13],
        [9, 11, 13],
    ]
    with pytest.raises(UnknownOperator, match="mode ''"):
        compute("scatter", data, indices, updates)


def test_scattering_by_numpy():
    """Two updates meet in one place; numpy's ``ufunc.at`` does one after the other."""
    random = np.random.default_rng(3)
    data, updates = random.random((4, 5)) + 0.5, random.random((4, 3)) + 0.5
    indices, single = np.array([[0, 2, 2], [4, -1, 1], [0, 0, 0], [1, 2, 3]]), np.array([2, 0, 2])
    pairs, values = np.array([[0, 1], [3, -1], [0, 1]]), random.random(3) + 0.5
    ways = {
        "add": np.add,
        "sub": np.subtract,
        "mul": np.multiply,
        "div": np.divide,
        "max": np.maximum,
        "min": np.minimum,
    }
    rows = np.arange(4)[:, None]
    for mode, function in ways.items():
        for operator, places, fed, at, more in (
            ("scatter_along_axis", indices, updates, (rows, indices), {"axis": 1}),
            ("scatter", single, updates, (slice(None), single), {"axis": 1}),
            ("scatter_nd", pairs, values, tuple(pairs.T), {}),
        ):
            wanted = data.copy()
            function.at(wanted, at, fed)
            found = compute(operator, *map(torch.from_numpy, (data, places, fed)), mode=mode, **more)
            close(found, wanted, 1e-12)
    wanted = data.copy()
    wanted[:, [3, 0, 1]] = updates
    close(
        compute(
            "scatter", *map(torch.from_numpy, (data, np.array([3, 0, 1]), updates)), axis=1, mode="update"
        ),
        wanted,
    )


def test_sums_up_to_a_place_and_orders():
    x = torch.tensor([1.0, 3, 2])
    assert compute("cumsum", x).tolist() == [1, 4, 6]
    assert compute("cumsum", x, exclusive=True).tolist() == [0, 1, 4]
    assert compute("cumsum", x, reverse=True).tolist() == [6, 5, 2]
    assert compute("argsort", x).tolist() == [1, 2, 0]
    assert compute("argsort", x, ascending=True).tolist() == [0, 2, 1]
    values, places = compute("topk", x, k=2)
    assert (values.tolist(), places.tolist()) == ([3, 2], [1, 2])
    assert compute("one_hot", torch.tensor([1, 0]), 3).tolist() == [[0, 1, 0], [1, 0, 0]]


# Compression: the examples of the reference.


def test_a_table_for_each_group_as_in_the_reference():
    indices = torch.tensor([2, 3, 3, 0, 1, 0, 3, 0, 2, 1, 0, 3]).reshape(6, 2)
    lut = torch.tensor([1.0, 5, 9, 13, 2, 10, 18, 26]).reshape(2, 1, 4, 1)
    found = compute("constexpr_lut_to_dense", indices, lut)
    assert found.tolist() == [[9, 13], [13, 1], [5, 1], [26, 2], [18, 10], [2, 26]]


def test_vectors_in_a_table_as_in_the_reference():
    indices = torch.tensor([[[0, 0], [1, 0]], [[1, 1], [0, 0]]])
    lut = torch.tensor([[1.0, 2, 3], [4, 5, 6]]).reshape(1, 1, 1, 2, 3)
    one = compute("constexpr_lut_to_dense", indices, lut, vector_axis=1)
    assert one[0].tolist() == [[1, 1], [2, 2], [3, 3], [4, 1], [5, 2], [6, 3]]
    assert one[1].tolist() == [[4, 4], [5, 5], [6, 6], [1, 1], [2, 2], [3, 3]]
    two = compute("constexpr_lut_to_dense", indices, lut, vector_axis=2)
    assert two[0].tolist() == [[1, 2, 3, 1, 2, 3], [4, 5, 6, 1, 2, 3]]


def test_packed_indices_as_in_the_reference():
    packed = torch.tensor([0b01101100, 0b00000011], dtype=torch.uint8)
    found = compute("constexpr_lut_to_dense", packed, torch.tensor([0.0, 10, 20, 30]), shape=[5])
    assert found.tolist() == [0, 30, 20, 10, 30]
    mask = torch.tensor([0b00001100], dtype=torch.uint8)
    assert compute("constexpr_sparse_to_dense", torch.tensor([7.0, 8]), mask, shape=[5]).tolist() == [
        0,
        0,
        7,
        8,
        0,
    ]
    with pytest.raises(EngineError, match="3 values for a mask of 2"):
        compute("constexpr_sparse_to_dense", torch.ones(3), mask, shape=[5])


def test_blocks_and_sparse_values_as_in_the_reference():
    data = torch.arange(8, dtype=torch.int8).reshape(2, 4)
    scale = torch.tensor([[1.0, 10.0]])
    offset = torch.tensor([[1, 2]], dtype=torch.int8)
    found = compute("constexpr_blockwise_shift_scale", data, scale, offset=offset)
    assert found.tolist() == [[-1, 0, 0, 10], [3, 4, 40, 50]]
    mask = torch.tensor([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 1], [1, 1, 0, 0]], dtype=torch.uint8)
    values = torch.tensor([10, 11, 3, 4, 5, 6, 7, 8, 9], dtype=torch.int8)
    scale, offset = torch.tensor([[0.1, 0.2, 0.3, 0.4]]), torch.tensor([[1, 2, 3, 4]], dtype=torch.int8)
    kept, found = compute("constexpr_sparse_blockwise_shift_scale", mask, values, scale, offset=offset)
    assert (kept == mask).all()
    close(found, [0.9, 1.8, 0.2, 0.4, 0.6, 0.9, 1.2, 0.7, 1.4], 1e-6)


def test_looked_up_sparse_values():
    mask = torch.tensor([1, 0, 1], dtype=torch.uint8)
    kept, values = compute(
        "constexpr_lut_to_sparse", mask, torch.tensor([1, 0]), torch.tensor([[[5.0], [6]]])
    )
    assert (kept.tolist(), values.tolist()) == ([1, 0, 1], [6, 5])
    lut = torch.tensor([[[5.0, 50], [6, 60]]])
    kept, values = compute("constexpr_lut_to_sparse", mask, torch.tensor([1, 0]), lut, vector_axis=0)
    assert (kept.tolist(), values.tolist()) == ([1, 1, 0, 0, 1, 1], [6, 60, 5, 50])


def test_quantized_activations():
    x = torch.tensor([[0.0, 1.0, -3.0], [100.0, 0.26, float("nan")]])
    given = {"scale": torch.tensor(0.5), "zero_point": torch.tensor(3, dtype=torch.int8)}
    steps = compute("quantize", x, output_dtype="int8", **given)
    assert steps.dtype == torch.int8
    assert steps.tolist() == [[3, 5, -3], [127, 4, 0]]
    assert compute("dequantize", steps, **given).tolist() == [[0, 1, -3], [62, 0.5, -1.5]]
    rows = compute("quantize", x, output_dtype="uint8", scale=torch.tensor([1.0, 2.0]), axis=0)
    assert rows[:, :2].tolist() == [[0, 1], [50, 0]]
    weights = compute(
        "constexpr_affine_dequantize", steps, torch.tensor(3, dtype=torch.int8), torch.tensor([1.0, 2, 4]), 1
    )
    assert weights.tolist() == [[0, 4, -24], [124, 2, -12]]
