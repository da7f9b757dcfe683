"""Pools in plain forms: equal to torch's own for every flag, and only where a converter needs it."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from fer_edge.export.rewrites.pooling import COREML, ONNX, TFLITE, replace_pools
from fer_edge.export.rewrites.replacing import Replaced

sides = st.tuples(st.integers(5, 11), st.integers(5, 11))
windows = {
    "kernel": st.tuples(st.integers(1, 4), st.integers(1, 4)),
    "stride": st.tuples(st.integers(1, 4), st.integers(1, 4)),
    "padding": st.tuples(st.integers(0, 2), st.integers(0, 2)),
}


def image_of(*shape):
    """float64 around -1, so that zeros from nowhere would win every maximum."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 1


def slow_windows(side, kernel, stride, padding, dilation, ceil):
    """Each window's places, those in the padding included; the rule for their number is PyTorch's documentation."""
    found = []
    start = -padding
    while True:
        places = [start + step * dilation for step in range(kernel)]
        inside = places[-1] < side + padding
        if not (inside or (ceil and start < side)):
            return found
        if not inside and found and found[-1][-1] >= side + padding - 1:  # the one before reaches the end
            return found
        found.append(places)
        start += stride


def slow_pool(image, answer, arguments):
    """``answer(values, places of the rows, places of the columns)`` of each window, value by value."""
    rows, columns = (
        slow_windows(side, *(numbers[place] for numbers in arguments[:-1]), arguments[-1])
        for place, side in enumerate(image.shape[-2:])
    )
    found = [[[answer(plane, high, wide) for wide in columns] for high in rows] for plane in image[0]]
    return torch.tensor(found, dtype=torch.float64)[None]


def within(plane, high, wide):
    return [
        float(plane[row, column])
        for row, column in itertools.product(high, wide)
        if 0 <= row < plane.shape[0] and 0 <= column < plane.shape[1]
    ]


def legal(kernel, padding):
    return all(2 * pad <= size for size, pad in zip(kernel, padding, strict=True))


@settings(max_examples=150, deadline=None)
@given(side=sides, dilation=st.tuples(st.integers(1, 2), st.integers(1, 2)), ceil=st.booleans(), **windows)
def test_maximum_is_that_of_each_window(side, kernel, stride, padding, dilation, ceil):
    image = image_of(1, 2, *side)
    if not legal(kernel, padding):
        return
    try:
        expected = functional.max_pool2d(image, kernel, stride, padding, dilation, ceil)
    except RuntimeError:  # the window is larger than the picture
        return
    network = nn.MaxPool2d(kernel, stride, padding, dilation, ceil_mode=ceil)
    found = replace_pools(network, image, TFLITE)(image)
    assert torch.equal(found, expected)
    if torch.isfinite(expected).all():
        slow = slow_pool(image, lambda *where: max(within(*where)), (kernel, stride, padding, dilation, ceil))
        assert torch.equal(found, slow)


@settings(max_examples=150, deadline=None)
@given(side=sides, ceil=st.booleans(), counted=st.booleans(), divisor=st.sampled_from((None, 5)), **windows)
def test_average_divides_by_what_pytorch_counts(side, kernel, stride, padding, ceil, counted, divisor):
    image = image_of(1, 2, *side)
    if not legal(kernel, padding):
        return
    expected = functional.avg_pool2d(image, kernel, stride, padding, ceil, counted, divisor)
    network = nn.AvgPool2d(kernel, stride, padding, ceil, counted, divisor)
    assert torch.allclose(replace_pools(network, image, TFLITE)(image), expected, rtol=0, atol=1e-12)


def test_average_by_hand():
    """Side 5, kernel 3, stride 2, padding 1: windows 0..1, 1..3, 3..4; with the padding each has three places."""
    image = torch.tensor([1.0, 2, 3, 4, 5], dtype=torch.float64).reshape(1, 1, 1, 5)
    uncounted = replace_pools(nn.AvgPool2d((1, 3), 2, (0, 1), count_include_pad=False), image, TFLITE)
    assert uncounted(image).flatten().tolist() == pytest.approx([1.5, 3, 4.5], rel=1e-12)
    # Kernel 4, stride 3, rounded up: places 0..3 and 3..4; what hangs over is never counted.
    over = replace_pools(nn.AvgPool2d((1, 4), 3, ceil_mode=True), image, TFLITE)
    assert over(image).flatten().tolist() == pytest.approx([2.5, 4.5], rel=1e-12)


@pytest.mark.parametrize("kind", [nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d])
@pytest.mark.parametrize("size", [1, 2, 3, (5, None), (None, 4), (7, 10), (14, 3)])
def test_adaptive_windows(kind, size):
    image = image_of(2, 3, 7, 10)
    network = kind(size)
    assert torch.allclose(replace_pools(network, image, TFLITE)(image), network(image), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "pool",
    [
        nn.MaxPool1d(3, 2, 1, 2, ceil_mode=True),
        nn.MaxPool1d(3, 2, ceil_mode=True),
        nn.AvgPool1d(3, 2, 1, ceil_mode=True, count_include_pad=False),
        nn.AdaptiveAvgPool1d(5),
        nn.AdaptiveMaxPool1d(5),
    ],
)
def test_pools_along_one_side(pool):
    image = image_of(1, 2, 12)
    plain = replace_pools(pool, image, TFLITE)
    assert isinstance(plain, Replaced)
    assert torch.allclose(plain(image), pool(image), rtol=0, atol=1e-12)


class Functions(nn.Module):
    """Calls by keyword and by the short names, whatever a value says."""

    def forward(self, image):
        found = torch.max_pool2d(image, 3, 2, ceil_mode=True)
        found = functional.max_pool2d(input=found, kernel_size=(3, 2), stride=1, padding=(1, 0))
        return functional.avg_pool2d(found, 2, divisor_override=3) if found.sum() > -1e9 else found


def test_functions_are_met_where_no_graph_can_be_drawn():
    image = image_of(1, 2, 12, 13)
    network = Functions()
    plain = replace_pools(network, image, TFLITE)
    assert isinstance(plain, Replaced)
    assert torch.allclose(plain(image), network(image), rtol=0, atol=1e-12)


@pytest.mark.parametrize("kinds", [TFLITE, COREML, ONNX])
@pytest.mark.parametrize(
    "pool",
    [
        nn.MaxPool2d(2),
        nn.MaxPool2d(3, 2, ceil_mode=True),  # 13 = 6 * 2 + 1: nothing hangs over
        nn.AvgPool2d(3, 2, 1),
        nn.AdaptiveAvgPool2d(1),
        nn.AdaptiveAvgPool2d((13, 13)),
        nn.MaxPool2d(2, return_indices=True),
    ],
)
def test_what_every_converter_gets_right_is_left(pool, kinds):
    assert replace_pools(pool, image_of(1, 2, 13, 13), kinds) is pool


def test_each_format_replaces_what_it_gets_wrong():
    """Seen with litert-torch 0.10, coremltools 9.0 and onnxruntime 1.31."""
    image = image_of(1, 2, 12, 12)
    replaced = {
        name: [
            isinstance(replace_pools(pool, image, kinds), Replaced)
            for pool in (
                nn.MaxPool2d(3, 2, 1),
                nn.MaxPool2d(3, 2, ceil_mode=True),
                nn.MaxPool2d(3, 5, 1, ceil_mode=True),  # the fourth window would begin at 14, behind all
                nn.MaxPool2d(2, 1, dilation=2),
                nn.AvgPool2d(3, 2, ceil_mode=True),
                nn.AvgPool2d(3, 2, divisor_override=4),
                nn.AdaptiveMaxPool2d(1),
            )
        ]
        for name, kinds in {"tflite": TFLITE, "coreml": COREML, "onnx": ONNX}.items()
    }
    assert replaced["tflite"] == [True] * 7
    assert replaced["coreml"] == [False, *[True] * 6]
    assert replaced["onnx"] == [False, False, True, False, False, True, True]


def test_the_network_stays_as_it_was():
    network = nn.Sequential(nn.Conv2d(2, 2, 1), nn.MaxPool2d(3, 2, 1)).double()
    plain = replace_pools(network, image_of(1, 2, 8, 8), TFLITE)
    assert plain is not network
    assert [type(child) for child in network] == [nn.Conv2d, nn.MaxPool2d]
    assert {id(tensor) for tensor in plain.parameters()} == {id(tensor) for tensor in network.parameters()}


@pytest.mark.parametrize(
    ("kernel", "padding", "more"), [(3, 1, 1), (3, 1, 0), (5, (2, 1), 1), (4, 1, 1), (2, 1, 0)]
)
@pytest.mark.parametrize(("groups", "dilation"), [(1, 1), (2, 1), (1, 2)])
def test_transposed_convolutions_are_cut(kernel, padding, more, groups, dilation):
    torch.manual_seed(0)
    layer = nn.ConvTranspose2d(4, 6, kernel, 2, padding, more, groups, dilation=dilation).double()
    image = image_of(1, 4, 5, 6)
    plain = replace_pools(layer, image, TFLITE)
    assert isinstance(plain, Replaced)
    assert torch.allclose(plain(image), layer(image), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "layer", [nn.ConvTranspose2d(4, 6, 4, 2, 1), nn.ConvTranspose2d(4, 6, 2, 2), nn.ConvTranspose2d(4, 4, 3)]
)
def test_transposed_convolutions_that_tflite_serves_are_left(layer):
    assert replace_pools(layer.double(), image_of(1, 4, 5, 6), TFLITE) is layer
