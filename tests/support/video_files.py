"""A film for Chromium's fake camera: Y4M, one picture again and again."""

import numpy as np
from PIL import Image


def planes_of(picture, *, full_range):
    """Y, U and V of an RGB picture with even sides, BT.601, chroma as the mean of four pixels."""
    y, u, v = (np.asarray(band, np.float64) for band in picture.convert("YCbCr").split())
    if not full_range:
        y, u, v = y * 219 / 255 + 16, (u - 128) * 224 / 255 + 128, (v - 128) * 224 / 255 + 128
    halved = (band.reshape(band.shape[0] // 2, 2, -1, 2).mean((1, 3)) for band in (u, v))
    return [np.rint(band).clip(0, 255).astype(np.uint8) for band in (y, *halved)]


def write_y4m(path, pictures, *, full_range=True, rate=30):
    """Pictures of one size, even sides."""
    width, height = pictures[0].size
    word = "FULL" if full_range else "LIMITED"
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F{rate}:1 Ip A1:1 C420jpeg XCOLORRANGE={word}\n".encode())
        for picture in pictures:
            file.write(b"FRAME\n")
            for plane in planes_of(picture, full_range=full_range):
                file.write(plane.tobytes())
    return path


def on_camera(picture, width=640, height=480):
    """A photograph as a camera of that size would see it."""
    seen = Image.new("RGB", (width, height), (90, 100, 110))
    side = min(width, height)
    seen.paste(
        picture.convert("RGB").resize((side, side), Image.Resampling.BILINEAR), ((width - side) // 2, 0)
    )
    return seen
