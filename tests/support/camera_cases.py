"""The cases of the golden vectors, without what they must give."""

import base64
import hashlib


def noise(count, seed):
    """Bytes that look random and are the same everywhere and for ever."""
    blocks = (hashlib.sha256(f"{seed}/{number}".encode()).digest() for number in range(count // 32 + 1))
    return b"".join(blocks)[:count]


def ramp(count, seed):
    """Smooth bytes, as in a photograph."""
    return bytes((seed * 37 + (number * number) // 97 + number * 3) % 256 for number in range(count))


def text(data):
    return base64.b64encode(data).decode()


def rgba(width, height, *, pad=0, short=True, fill=noise, seed="rgba"):
    stride = 4 * width + pad
    length = stride * (height - 1) + (4 * width if short else stride)
    return {
        "kind": "rgba", "width": width, "height": height, "row_stride": stride, "data": text(fill(length, seed)),
    }  # fmt: skip


def yuv(width, height, kind, *, pad=0, chroma_pad=0, short=True, fill=noise, seed=1):
    """A frame as a phone lays it out: I420 planes, or one interleaved plane seen from its first and second byte."""
    columns, rows = (width + 1) // 2, (height + 1) // 2
    step = 1 if kind == "i420" else 2
    y_stride, uv_stride = width + pad, columns * step + chroma_pad
    y = fill(y_stride * (height - 1) + (width if short else y_stride), seed)
    need = uv_stride * (rows - 1) + (columns - 1) * step + 1
    if kind == "i420":
        length = need if short else uv_stride * rows
        u, v = fill(length, seed + 1), fill(length, seed + 2)
    else:
        both = fill(need + 1 if short else uv_stride * rows, seed + 3)
        first, second = (both[:-1] if short else both), both[1:]
        u, v = (first, second) if kind == "nv12" else (second, first)
    return {
        "kind": "yuv420", "width": width, "height": height,
        "y": {"data": text(y), "row_stride": y_stride, "pixel_stride": 1},
        "u": {"data": text(u), "row_stride": uv_stride, "pixel_stride": step},
        "v": {"data": text(v), "row_stride": uv_stride, "pixel_stride": step},
    }  # fmt: skip


GRAY = {"channels": 1, "mean": [0.5], "std": [0.5]}
RGB = {"channels": 3, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}


def target(width, height, look=None, *, layout="NCHW", dtype="float32", quantization=(None, None)):
    scale, zero_point = quantization
    return {
        "width": width, "height": height, "layout": layout, "dtype": dtype,
        **(look or GRAY), "scale": scale, "zero_point": zero_point,
    }  # fmt: skip


def raw(channels):
    return {"channels": channels, "mean": None, "std": None}


def case(name, frame, wanted, *, rotation=0, mirror=False, box=None, crop_margin=0.0):
    return {
        "name": name, "frame": frame, "rotation": rotation, "mirror": mirror, "box": box,
        "crop_margin": crop_margin, "target": wanted,
    }  # fmt: skip


def cases():
    """Every case; names are unique."""
    return [
        *layouts(), *turns(), *boxes(), *sizes(), *tensors(), *faults(),
    ]  # fmt: skip


def layouts():
    """The layout of a frame's bytes."""
    small = target(16, 16, RGB)
    for kind in ("i420", "nv12", "nv21"):
        yield case(f"{kind}-even", yuv(32, 24, kind), small)
        yield case(f"{kind}-odd", yuv(37, 29, kind), target(37, 29, RGB))
        yield case(f"{kind}-odd-width", yuv(31, 24, kind), small)
        yield case(f"{kind}-odd-height", yuv(32, 23, kind), small)
        yield case(f"{kind}-padded", yuv(30, 22, kind, pad=18, chroma_pad=17), small)
        yield case(
            f"{kind}-padded-full-last-row", yuv(30, 22, kind, pad=2, chroma_pad=34, short=False), small
        )
        yield case(f"{kind}-smooth", yuv(40, 30, kind, fill=ramp, seed=5), target(24, 24))
    yield case("nv21-stride-without-last-byte", yuv(33, 21, "nv21", chroma_pad=-1), small)
    yield case("i420-one-pixel", yuv(1, 1, "i420"), target(5, 5, RGB))
    yield case("nv12-one-pixel", yuv(1, 1, "nv12"), target(3, 4, RGB))
    yield case("nv21-one-column", yuv(1, 9, "nv21"), target(4, 6, RGB))
    yield case("i420-one-row", yuv(9, 1, "i420"), target(6, 4, RGB))
    yield case("rgba-even", rgba(32, 24), small)
    yield case("rgba-odd", rgba(37, 29), target(37, 29, RGB))
    yield case("rgba-padded", rgba(30, 22, pad=40), small)
    yield case("rgba-padded-odd-bytes", rgba(15, 11, pad=3), small)
    yield case("rgba-padded-full-last-row", rgba(30, 22, pad=8, short=False), small)
    yield case("rgba-one-pixel", rgba(1, 1), target(5, 3, RGB))
    yield case("luma-steps", luma_steps(), target(256, 1, RGB))
    yield case("luma-zero", luma_zero(), target(32, 32, RGB))


def luma_steps():
    """Every Y value once, chroma in the middle."""
    frame = yuv(256, 1, "i420")
    frame["y"]["data"] = text(bytes(range(256)))
    frame["u"]["data"] = frame["v"]["data"] = text(bytes([128] * 128))
    return frame


def luma_zero():
    """Y = 0 is the one value whose rounding differs; every fourth chroma value beside it."""
    frame = yuv(32, 32, "i420")
    frame["y"]["data"] = text(bytes(1024))
    frame["u"]["data"] = text(bytes(number for number in range(256)))
    frame["v"]["data"] = text(bytes((number * 7 + 3) % 256 for number in range(256)))
    return frame


def turns():
    """Rotation, mirror and both."""
    for rotation in (0, 90, 180, 270):
        for mirror in (False, True):
            tail = f"rot{rotation}{'-mirror' if mirror else ''}"
            yield case(
                f"nv21-odd-{tail}", yuv(37, 29, "nv21"), target(48, 48), rotation=rotation, mirror=mirror
            )
            yield case(
                f"rgba-box-{tail}", rgba(26, 19, pad=12), target(11, 13, RGB, layout="NHWC"),
                rotation=rotation, mirror=mirror, box=[2.5, 3.0, 17.2, 18.9],
            )  # fmt: skip
    for rotation in (90, 270):
        yield case(f"i420-padded-rot{rotation}", yuv(21, 33, "i420", pad=11, chroma_pad=5), target(20, 30, RGB),
                   rotation=rotation)  # fmt: skip


def boxes():
    """Float boxes, margins, and boxes that stick out."""
    frame = yuv(64, 48, "nv21", fill=ramp, seed=9)
    wanted = target(24, 24)
    for name, box in (
        ("whole-as-box", [0, 0, 64, 48]),
        ("floats", [10.25, 8.75, 40.5, 33.125]),
        ("odd-origin", [11, 7, 42, 40]),
        ("out-left-top", [-10.5, -3.25, 30.0, 20.0]),
        ("out-right-bottom", [40.0, 30.5, 90.25, 70.0]),
        ("out-all-around", [-5, -5, 100, 100]),
        ("one-pixel", [20, 20, 21, 21]),
        ("thin", [5.5, 1.0, 6.5, 47.0]),
        ("just-inside", [63.5, 47.5, 70.0, 60.0]),
        ("negative-zero", [-0.0, -0.0, 12.0, 12.0]),
    ):
        yield case(f"box-{name}", frame, wanted, box=box)
    for margin in (0.1, 0.25, 1.0):
        yield case(f"margin-{margin}", frame, wanted, box=[20.0, 12.5, 40.75, 30.0], crop_margin=margin)
    yield case("margin-out", frame, wanted, box=[2.0, 2.0, 30.0, 30.0], crop_margin=0.5)
    # In float64 1.1 - 0.1*(12.1-1.1) is a hair above or below a whole number; float32 decides otherwise.
    yield case("margin-float64", frame, wanted, box=[1.1, 2.2, 12.1, 24.2], crop_margin=0.1)
    yield case("margin-float64-second", frame, wanted, box=[3.3, 1.7, 20.3, 18.7], crop_margin=0.3)
    yield case("margin-rot90-mirror", frame, wanted, rotation=90, mirror=True,
               box=[8.5, 20.25, 31.0, 49.5], crop_margin=0.1)  # fmt: skip
    yield case("margin-without-box", frame, wanted, crop_margin=0.5)
    yield case("box-brought-in-by-margin", frame, wanted, box=[-8.0, 10.0, 0.0, 30.0], crop_margin=0.2)


def sizes():
    """Up, down, equal, wide, tiny."""
    frame = rgba(37, 29, fill=ramp, seed=3)
    for width, height in (
        (37, 29),
        (48, 48),
        (74, 58),
        (36, 28),
        (38, 30),
        (18, 14),
        (5, 4),
        (1, 1),
        (1, 29),
        (37, 1),
    ):
        yield case(f"scale-37x29-to-{width}x{height}", frame, target(width, height, RGB))
    strip = yuv(61, 7, "nv12")
    for width in (127, 128, 129, 254, 255, 300, 400):
        yield case(f"wide-61-to-{width}", strip, target(width, 9))
    yield case("tall-61-to-300", strip, target(9, 300), rotation=90)
    yield case("wide-equal-260", rgba(260, 3), target(260, 3, RGB))
    yield case("wide-down-500-to-260", yuv(500, 4, "nv21"), target(260, 4))
    yield case("wide-down-333-to-200", yuv(333, 6, "i420"), target(200, 5), box=[1, 0, 332, 6])
    yield case("down-320x240-to-48", yuv(320, 240, "nv21", fill=ramp, seed=11), target(48, 48), rotation=270)
    yield case("down-320x240-to-224-rgb", yuv(320, 240, "nv12"), target(224, 224, RGB), rotation=90)
    yield case("up-9x7-to-224-rgb", rgba(9, 7), target(224, 224, RGB, layout="NHWC"))


def tensors():
    """Channels, layouts, dtypes and normalizations."""
    frame = yuv(41, 35, "nv21", fill=noise, seed=21)
    for layout in ("NCHW", "NHWC"):
        for look, word in ((GRAY, "gray"), (RGB, "rgb")):
            words = f"{word}-{layout.lower()}"
            yield case(f"float32-{words}", frame, target(20, 18, look, layout=layout))
            yield case(
                f"uint8-{words}", frame, target(20, 18, raw(look["channels"]), layout=layout, dtype="uint8")
            )
            yield case(f"float32-raw-{words}", frame, target(20, 18, raw(look["channels"]), layout=layout))
            yield case(
                f"int8-{words}", frame,
                target(20, 18, look, layout=layout, dtype="int8", quantization=(0.0186584480106831, -14)),
            )  # fmt: skip
    yield case("uint8-ignores-normalization", frame, target(20, 18, RGB, layout="NHWC", dtype="uint8"))
    yield case("int8-half-to-even", steps(), int8_target([0.0], [1.0], 2 / 255, -128))
    yield case("int8-clamped", steps(), int8_target([0.5], [0.1], 0.01, 3))
    yield case("int8-unit-range", steps(), int8_target([0.0], [1.0], 0.003921568859368563, -128))
    yield case("int8-signed-range", steps(), int8_target([0.5], [0.5], 0.007843137718737125, -1))
    yield case("float32-mean-zero", steps(), target(256, 1, {"channels": 1, "mean": [0.0], "std": [1.0]}))
    yield case("float32-ferplus", steps(), target(256, 1, {"channels": 1, "mean": [0.507], "std": [0.255]}))
    yield case("float32-zero-to-255", steps(),
               target(256, 1, {"channels": 1, "mean": [0.0], "std": [0.00392156862745098]}))  # fmt: skip


def steps():
    """Every gray value once."""
    frame = rgba(256, 1)
    frame["data"] = text(b"".join(bytes([value, value, value, 255]) for value in range(256)))
    return frame


def int8_target(mean, std, scale, zero_point):
    look = {"channels": 1, "mean": mean, "std": std}
    return target(256, 1, look, dtype="int8", quantization=(scale, zero_point))


def faults():
    """What must be refused; each case has one fault."""
    wanted = target(8, 8)
    for plane in "yuv":
        for kind in ("i420", "nv21"):
            yield case(f"error-short-{plane}-{kind}", shortened(yuv(12, 10, kind, pad=4), plane), wanted)
    yield case("error-empty-u", emptied(yuv(12, 10, "i420"), "u"), wanted)
    yield case("error-short-rgba", {**rgba(12, 10), "data": rgba(12, 10)["data"][:-4]}, wanted)
    yield case("error-empty-rgba", {**rgba(12, 10), "data": ""}, wanted)
    frame = rgba(12, 10)
    for name, box in (
        ("right-of-image", [12, 0, 20, 5]), ("left-of-image", [-9.5, 0, -1.0, 5]), ("above-image", [0, -8, 5, -2]),
        ("below-image", [0, 10, 5, 14]), ("reversed-x", [9, 2, 3, 8]), ("reversed-y", [2, 8, 9, 3]),
        ("empty", [4, 4, 4, 4]),
    ):  # fmt: skip
        yield case(f"error-box-{name}", frame, wanted, box=box)
    yield case("error-box-outside-rotated", frame, wanted, rotation=90, box=[10, 0, 12, 5])
    yield case("error-box-margin-too-small", frame, wanted, box=[-9, 0, -4, 5], crop_margin=0.5)
    for rotation in (45, 360, -90, 1):
        yield case(f"error-rotation-{rotation}", frame, wanted, rotation=rotation)
    yield case("error-size-width-0", {**frame, "width": 0}, wanted)
    yield case("error-size-height-0", {**frame, "height": 0}, wanted)
    yield case("error-size-negative", {**yuv(12, 10, "i420"), "width": -12}, wanted)
    yield case("error-size-target-width-0", frame, target(0, 8))
    yield case("error-size-target-height-0", frame, target(8, 0))
    yield case("error-stride-rgba", {**frame, "row_stride": 47}, wanted)
    yield from stride_faults(wanted)


def stride_faults(wanted):
    for name, changes in (
        ("y-row", {"y": {"row_stride": 11}}),
        ("uv-row", {"u": {"row_stride": 5}, "v": {"row_stride": 5}}),
        ("rows-differ", {"v": {"row_stride": 7}}),
        ("pixels-differ", {"u": {"pixel_stride": 2, "row_stride": 12}, "v": {"row_stride": 12}}),
        ("pixel-3", {"u": {"pixel_stride": 3, "row_stride": 40}, "v": {"pixel_stride": 3, "row_stride": 40}}),
        ("pixel-0", {"u": {"pixel_stride": 0}, "v": {"pixel_stride": 0}}),
        ("y-pixel-2", {"y": {"pixel_stride": 2, "row_stride": 24}}),
    ):
        frame = yuv(12, 10, "i420")
        for plane, members in changes.items():
            # Long enough, so that the stride is the only fault.
            frame[plane] = {**frame[plane], "data": text(noise(512, name)), **members}
        yield case(f"error-stride-{name}", frame, wanted)


def shortened(frame, plane):
    """One byte less than the last addressed sample needs."""
    rows = frame["height"] if plane == "y" else (frame["height"] + 1) // 2
    columns = frame["width"] if plane == "y" else (frame["width"] + 1) // 2
    stride, step = frame[plane]["row_stride"], frame[plane]["pixel_stride"]
    need = stride * (rows - 1) + (columns - 1) * step + 1
    data = base64.b64decode(frame[plane]["data"])[: need - 1]
    return {**frame, plane: {**frame[plane], "data": text(data)}}


def emptied(frame, plane):
    return {**frame, plane: {**frame[plane], "data": ""}}
