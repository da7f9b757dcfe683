"""The camera specification as plain loops over single pixels: slow, obvious, and independent of the code under test.

Works on the JSON of a golden vector. Floats of step 6 and 8 are numpy.float32 scalars, since Python has none.
"""

import base64
import hashlib
import math
import struct
from fractions import Fraction

from numpy import float32 as F


class Fault(Exception):
    """A case that must be refused; the message is the word of ``expect.error``."""


def expectation(case):
    """What ``expect`` of a golden vector must say."""
    try:
        upright = mirrored(rotated(colors(case["frame"]), case["rotation"]), case["mirror"])
        small = scaled(cropped(upright, case["box"], case["crop_margin"]), case["target"])
        tensor = packed(small, case["target"])
    except Fault as fault:
        return {"error": str(fault)}
    return {
        "upright_sha256": digest(rgb_bytes(upright)),
        "scaled_sha256": digest(rgb_bytes(small)),
        "tensor_sha256": digest(tensor),
    }


def digest(data):
    return hashlib.sha256(data).hexdigest()


def rgb_bytes(picture):
    return bytes(value for row in picture for pixel in row for value in pixel)


# Step 1 and 2: bytes and color. A picture is a list of rows of (R, G, B).


def colors(frame):
    if frame["width"] < 1 or frame["height"] < 1:
        raise Fault("size")
    if frame["kind"] == "rgba":
        return rgba_colors(frame)
    return yuv_colors(frame)


def rgba_colors(frame):
    width, height, stride = frame["width"], frame["height"], frame["row_stride"]
    if stride < 4 * width:
        raise Fault("stride")
    data = base64.b64decode(frame["data"])
    if len(data) < stride * (height - 1) + 4 * width:
        raise Fault("rgba")
    return [
        [tuple(data[y * stride + 4 * x : y * stride + 4 * x + 3]) for x in range(width)]
        for y in range(height)
    ]


def yuv_colors(frame):
    width, height = frame["width"], frame["height"]
    y_plane, u_plane, v_plane = frame["y"], frame["u"], frame["v"]
    if y_plane["pixel_stride"] != 1 or u_plane["pixel_stride"] not in (1, 2):
        raise Fault("stride")
    for name in ("row_stride", "pixel_stride"):
        if u_plane[name] != v_plane[name]:
            raise Fault("stride")
    y_data = plane_bytes("y", y_plane, width, height)
    u_data = plane_bytes("u", u_plane, (width + 1) // 2, (height + 1) // 2)
    v_data = plane_bytes("v", v_plane, (width + 1) // 2, (height + 1) // 2)
    picture = []
    for y in range(height):
        row = []
        for x in range(width):
            luma = y_data[y * y_plane["row_stride"] + x]
            chroma = (y >> 1) * u_plane["row_stride"] + (x >> 1) * u_plane["pixel_stride"]
            row.append(yuv_to_rgb(luma, u_data[chroma], v_data[chroma]))
        picture.append(row)
    return picture


def plane_bytes(name, plane, columns, rows):
    if plane["row_stride"] < (columns - 1) * plane["pixel_stride"] + 1:
        raise Fault("stride")
    data = base64.b64decode(plane["data"])
    if len(data) < (rows - 1) * plane["row_stride"] + (columns - 1) * plane["pixel_stride"] + 1:
        raise Fault(name)
    return data


def yuv_to_rgb(y, u, v):
    y1 = ((y * 257 * 16320) >> 16) + 32
    return (
        clamp255((y1 + 90 * (v - 128)) >> 6),
        clamp255((y1 - 22 * (u - 128) - 46 * (v - 128)) >> 6),
        clamp255((y1 + 113 * (u - 128)) >> 6),
    )


def clamp255(value):
    return min(max(value, 0), 255)


# Step 3 to 5: rotation, mirror, crop.


def rotated(picture, degrees):
    if degrees not in (0, 90, 180, 270):
        raise Fault("rotation")
    for _ in range(degrees // 90):
        picture = clockwise(picture)
    return picture


def clockwise(picture):
    """The left column, read upwards, becomes the first row."""
    return [[row[x] for row in reversed(picture)] for x in range(len(picture[0]))]


def mirrored(picture, wanted):
    return [list(reversed(row)) for row in picture] if wanted else picture


def cropped(picture, box, margin):
    if box is None:
        return picture
    x0, y0, x1, y1 = (float(value) for value in box)
    if x1 < x0 or y1 < y0:
        raise Fault("box")
    left, right = math.floor(x0 - margin * (x1 - x0)), math.ceil(x1 + margin * (x1 - x0))
    top, bottom = math.floor(y0 - margin * (y1 - y0)), math.ceil(y1 + margin * (y1 - y0))
    left, right = max(left, 0), min(right, len(picture[0]))
    top, bottom = max(top, 0), min(bottom, len(picture))
    if left >= right or top >= bottom:
        raise Fault("box")
    return [row[left:right] for row in picture[top:bottom]]


# Step 6: the scaler.


def scaled(picture, target):
    width, height = target["width"], target["height"]
    if width < 1 or height < 1:
        raise Fault("size")
    xs = x_axis(len(picture[0]), width)
    ys = y_axis(len(picture), height)
    return [
        [tuple(blend(picture, x, y, channel) for channel in range(3)) for x in xs]
        for y in ys
    ]  # fmt: skip


def blend(picture, x, y, channel):
    (x0, x1, wx), (y0, y1, wy) = x, y
    upper = picture[y0][x0][channel] * (16 - wx) + picture[y0][x1][channel] * wx
    lower = picture[y1][x0][channel] * (16 - wx) + picture[y1][x1][channel] * wx
    return (upper * (16 - wy) + lower * wy) >> 8


def times_2_32(value):
    """int64(value * 2^32), exactly: truncated toward zero, all values here are positive."""
    return math.floor(Fraction(float(value)) * 2**32)


def x_axis(source, target):
    inverse = F(1) / (F(target) / F(source))
    step = times_2_32(inverse)
    found = []
    for start in range(0, target, 127):
        position = times_2_32((F(start) + F(0.5)) * inverse) - 2**31
        for k in range(min(127, target - start)):
            found.append(neighbors((position + k * step) >> 16, source))
    return found


def y_axis(source, target):
    inverse = F(1) / (F(target) / F(source))
    return [neighbors((times_2_32((F(y) + F(0.5)) * inverse) - 2**31) >> 16, source) for y in range(target)]


def neighbors(grid, length):
    first = grid >> 16
    return min(max(first, 0), length - 1), min(max(first + 1, 0), length - 1), (grid >> 12) & 15


# Step 7 to 9: gray, normalization, layout.


def packed(picture, target):
    channels = target["channels"]
    planes = [[gray(pixel) for row in picture for pixel in row]] if channels == 1 else [
        [pixel[channel] for row in picture for pixel in row] for channel in range(3)
    ]  # fmt: skip
    tables = [table(target, channel) for channel in range(channels)]
    if target["layout"] == "NCHW":
        return b"".join(tables[channel][value] for channel in range(channels) for value in planes[channel])
    count = len(planes[0])
    return b"".join(tables[channel][planes[channel][n]] for n in range(count) for channel in range(channels))


def gray(pixel):
    red, green, blue = pixel
    return (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16


def table(target, channel):
    """The bytes that each value 0 to 255 becomes."""
    return [element(target, channel, value) for value in range(256)]


def element(target, channel, value):
    if target["dtype"] == "uint8":
        return bytes([value])
    real = F(value)
    if target["mean"] is not None:
        real = F(F(F(value) / F(255)) - F(target["mean"][channel])) / F(target["std"][channel])
    if target["dtype"] == "float32":
        return struct.pack("<f", real)
    # Python's round is half to even, and float() of a float32 is exact.
    integer = round(float(real) / target["scale"]) + target["zero_point"]
    return struct.pack("<b", min(max(integer, -128), 127))
