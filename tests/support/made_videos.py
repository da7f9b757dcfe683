"""Videos made by OpenCV, with what only a phone or another program writes put in by hand."""

import struct

import cv2
import numpy as np


def gray_video(path, values, *, rate=10, size=(64, 48), code="mp4v"):
    """A video whose frames are gray, each of its value in 0..255, with a white corner at the top left."""
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*code), rate, size)
    assert writer.isOpened()
    for value in values:
        frame = np.full((size[1], size[0], 3), value, np.uint8)
        frame[:16, :16] = 255
        writer.write(frame)
    writer.release()
    return path


def boxes(data, start=0, end=None):
    """Kind, begin and end of each box of an ISO media file at one level."""
    at, end = start, len(data) if end is None else end
    while at < end:
        size = struct.unpack_from(">I", data, at)[0]
        yield bytes(data[at + 4 : at + 8]), at, at + size
        at += size


def find(data, *kinds):
    """Begin and end of the first box at this path."""
    start, end = -8, len(data)
    for kind in kinds:
        start, end = next((b, e) for found, b, e in boxes(data, start + 8, end) if found == kind)
    return start, end


def turn(path, degrees):
    """Store the rotation that players apply, clockwise, as a phone does: in the track's matrix."""
    data = bytearray(path.read_bytes())
    start, _ = find(data, b"moov", b"trak", b"tkhd")
    one = 1 << 16
    a, b, c, d = {90: (0, one, -one, 0), 180: (-one, 0, 0, -one), 270: (0, -one, one, 0)}[degrees]
    struct.pack_into(">9i", data, start + 8 + 40, a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


def stretch(path, durations):
    """Give each frame a duration of its own, in units of the track's clock: a variable frame rate."""
    data = bytearray(path.read_bytes())
    for kinds, offset in (((b"mvhd",), 16), ((b"trak", b"tkhd"), 20), ((b"trak", b"mdia", b"mdhd"), 16)):
        struct.pack_into(">I", data, find(data, b"moov", *kinds)[0] + 8 + offset, 1 << 20)
    struct.pack_into(">I", data, find(data, b"moov", b"trak", b"edts", b"elst")[0] + 16, 1 << 20)
    start, end = find(data, b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stts")
    table = struct.pack(">II", 0, len(durations)) + b"".join(
        struct.pack(">II", 1, each) for each in durations
    )
    box = struct.pack(">I", 8 + len(table)) + b"stts" + table
    grown = len(box) - (end - start)
    assert find(data, b"mdat")[0] < start, "sample offsets would move"
    data[start:end] = box
    for depth in range(1, 6):
        at, _ = find(data, *(b"moov", b"trak", b"mdia", b"minf", b"stbl")[:depth])
        struct.pack_into(">I", data, at, struct.unpack_from(">I", data, at)[0] + grown)
    path.write_bytes(data)
