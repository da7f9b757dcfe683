"""Picture files that cost more than they look, and the largest honest ones: bytes, and what must become of them.

Read by the tests and by ``benchmarks/studies/hostile_pictures.py``. Nothing here is random.
"""

import io
import re
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

PNG = b"\x89PNG\r\n\x1a\n"
SIDE = 7093
"""Squared, the largest picture of 50 million pixels."""


def chunk(kind, data=b""):
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def png(width, height, rows, *, color=2, depth=8, before=b"", after=b"", interlaced=0):
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlaced))
    return PNG + head + before + chunk(b"IDAT", zlib.compress(rows, 1)) + after + chunk(b"IEND")


def black_rows(width, height, channels=3):
    return bytes((1 + width * channels) * height)


def encoded(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def texture(width, height, mode="RGB"):
    """Something that does not compress to nothing."""
    small = np.random.default_rng(3).integers(0, 256, (64, 64, len(mode)), dtype=np.uint8)
    return Image.fromarray(small.squeeze(), mode).resize((width, height), Image.Resampling.BICUBIC)


def small_gif(width=11585, height=11585):
    return (
        b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
        + b"!\xf9\x04\x01\0\0\0\0" + b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0" + b";"
    )  # fmt: skip


def gif_comments(extension=b"!\xfe", block=1, count=1_000_000):
    head = b"GIF89a" + struct.pack("<HHBBB", 8, 8, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    return head + extension + (bytes([block]) + b"x" * block) * count + b"\0"


def gif_frames(count=4000):
    frame = b"!\xf9\x04\x01\0\0\0\0" + b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0"
    return (
        b"GIF89a" + struct.pack("<HHBBB", 500, 500, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff" + frame * count + b";"
    )


def jpeg_parts():
    """A progressive JPEG's bytes up to the first scan, that scan, and the rest."""
    data = encoded(texture(1000, 1000), "JPEG", progressive=True, quality=80)
    first = data.index(b"\xff\xda")
    second = data.index(b"\xff\xda", first + 2)
    return data[:first], data[first:second], data[second:]


def jpeg_scans(count=2000):
    """Refinements of one coefficient, again and again."""
    head, first, _ = jpeg_parts()
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x01\x05\x00" + b"\x00" * 4
    return head + first + scan * count + b"\xff\xd9"


def jpeg_segments(count=2000, marker=0xE1, body=b"Exif\0\0" + b"M" * 65000):
    data = encoded(texture(64, 64), "JPEG")
    segment = bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body
    return data[:2] + segment * count + data[2:]


def jpeg_junk(count=8_000_000):
    data = encoded(texture(64, 64), "JPEG")
    return data[:20] + bytes(count) + data[20:]


def jpeg_with_size(width, height, **options):
    data = bytearray(encoded(texture(64, 64), "JPEG", **options))
    frame = min(place for place in (data.find(b"\xff\xc0"), data.find(b"\xff\xc2")) if place > 0)
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def jpeg_closed_early(share=0.01):
    data = encoded(texture(2000, 2000), "JPEG", quality=90)
    return data[: int(len(data) * share) + 700] + b"\xff\xd9"


def jpeg_ends_after(share, image=None, **options):
    """Closed after a share of its first scan's data."""
    data = encoded(image or texture(512, 384), "JPEG", quality=90, **options)
    scan = data.index(b"\xff\xda") + 2
    start = scan + int.from_bytes(data[scan : scan + 2], "big")
    end = re.search(rb"\xff[^\x00\xd0-\xd7]", data[start:]).start() + start
    return data[: start + int((end - start) * share)].rstrip(b"\xff") + b"\xff\xd9"


def gray_below():
    """A picture whose lower half is what decoders fill in for missing data."""
    image = texture(512, 384)
    image.paste((128, 128, 128), (0, 200, 512, 384))
    return image


def tiff(entries, data=b""):
    """Little-endian, one directory; ``entries`` are (tag, type, count, value), ``data`` lies behind them."""
    body = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0\x08\0\0\0" + body + bytes(4) + data


def tiff_of(width, height, *more, data=b"", compression=1, samples=1):
    entries = {
        256: (256, 4, 1, width), 257: (257, 4, 1, height), 258: (258, 3, 1, 8), 259: (259, 3, 1, compression),
        262: (262, 3, 1, 1), 273: (273, 4, 1, 200), 277: (277, 3, 1, samples), 278: (278, 4, 1, height),
        279: (279, 4, 1, len(data)),
    } | {entry[0]: entry for entry in more}  # fmt: skip
    raw = tiff([entries[tag] for tag in sorted(entries)])
    return raw + bytes(max(0, 200 - len(raw))) + data


def tiff_bomb(side):
    """A strip of zeros."""
    return tiff_of(side, side, data=zlib.compress(bytes(side * side), 9), compression=8)


def webp_frames(count):
    frames = [Image.new("RGB", (16, 16), (index % 256, index // 256, 0)) for index in range(3)]
    data = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    first = data.index(b"ANMF")
    size = 8 + int.from_bytes(data[first + 4 : first + 8], "little")
    body = data[12:first] + data[first : first + size] * count
    return b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"WEBP" + body


def webp_canvas(side):
    """An animation of one frame of a pixel on a canvas of millions."""
    data = bytearray(webp_frames(1))
    place = data.index(b"VP8X") + 12
    data[place : place + 6] = (side - 1).to_bytes(3, "little") * 2
    return bytes(data)


def apng_frames(count):
    frame = zlib.compress(black_rows(16, 16))
    control = chunk(b"acTL", struct.pack(">II", count, 0))
    first = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 16, 16, 0, 0, 1, 10, 0, 0))
    rest = b"".join(
        chunk(b"fcTL", struct.pack(">IIIIIHHBB", 2 * index + 1, 16, 16, 0, 0, 1, 10, 0, 0))
        + chunk(b"fdAT", (2 * index + 2).to_bytes(4, "big") + frame)
        for index in range(count - 1)
    )
    return png(16, 16, black_rows(16, 16), before=control + first, after=rest)


def bmp_rle(width, height):
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, 0, 0, 0, 256, 0)
    palette = bytes(1024)
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, 14 + 40 + 1024) + head + palette + b"\0\0" * height + b"\0\1"


def ppm_text(side):
    return b"P3\n%d %d\n255\n" % (side, side) + b"1 " * (3 * side * side)


REFUSED = {
    "43 bytes of GIF, 134 megapixels": ("gif", small_gif),
    "GIF, a million one-byte comments": ("gif", gif_comments),
    "GIF, 200,000 empty comments": ("gif", lambda: gif_comments(block=0, count=0)[:-2] + b"!\xfe\0" * 200_000),
    "GIF, 16 MB of comments": ("gif", lambda: gif_comments(block=255, count=65000)),
    "GIF, cut off in its header": ("gif", lambda: small_gif(8, 8)[:30]),
    "PNG, 10 of 4,000 rows": ("png", lambda: png(4000, 4000, black_rows(4000, 10))),
    "PNG, 10 of 4,000 rows of gray": ("png", lambda: png(4000, 4000, black_rows(4000, 10, 1), color=0)),
    "PNG, interlaced, rows missing": ("png", lambda: png(640, 640, black_rows(640, 300), interlaced=1)),
    "PNG, 400 megapixels": ("png", lambda: png(20000, 20000, black_rows(20000, 10))),
    "PNG, 50 million pixels of gray with alpha": ("png", lambda: png(7200, 7200, black_rows(7200, 10, 2), color=4)),
    "PNG, text of 60 MB": ("png", lambda: png(8, 8, black_rows(8, 8), before=chunk(b"tEXt", b"a\0" + bytes(60 << 20)))),
    "PNG, 200 compressed texts of a megabyte": (
        "png", lambda: png(8, 8, black_rows(8, 8), before=chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1 << 20))) * 200)),
    "PNG, a color profile of 100 MB": (
        "png", lambda: png(8, 8, black_rows(8, 8), before=chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(100 << 20))))),
    "PNG, half a million empty chunks": ("png", lambda: png(8, 8, black_rows(8, 8), before=chunk(b"IDAT") * 500_000)),
    "PNG, no end": ("png", lambda: png(8, 8, black_rows(8, 8))[:-12]),
    "JPEG, 2,000 scans": ("jpg", jpeg_scans),
    "JPEG, 2,000 EXIF segments": ("jpg", jpeg_segments),
    "JPEG, 2,000 comments": ("jpg", lambda: jpeg_segments(marker=0xFE, body=bytes(60000))),
    "JPEG, 8 MB between two segments": ("jpg", jpeg_junk),
    "JPEG, 4,294 megapixels": ("jpg", lambda: jpeg_with_size(65500, 65500)),
    "JPEG, 60 megapixels, progressive": ("jpg", lambda: jpeg_with_size(7800, 7800, progressive=True)),
    "JPEG, 48 megapixels out of 1 kB": ("jpg", lambda: jpeg_with_size(8000, 6000)),
    "JPEG, closed after a hundredth": ("jpg", jpeg_closed_early),
    "JPEG, closed after a half": ("jpg", lambda: jpeg_ends_after(0.5)),
    "JPEG, closed near its end": ("jpg", lambda: jpeg_ends_after(0.99)),
    "JPEG, closed in a gray half": ("jpg", lambda: jpeg_ends_after(0.99, gray_below())),
    "JPEG of gray, closed after a half": ("jpg", lambda: jpeg_ends_after(0.5, texture(512, 384, "L"))),
    "JPEG of CMYK, closed after a half": ("jpg", lambda: jpeg_ends_after(0.5, texture(512, 384).convert("CMYK"))),
    "JPEG with restarts, closed after a half": ("jpg", lambda: jpeg_ends_after(0.5, restart_marker_blocks=1)),
    "JPEG, progressive, closed in its first scan": ("jpg", lambda: jpeg_ends_after(0.5, progressive=True)),
    "JPEG, 50 megapixels, cut off near its end": (
        "jpg", lambda: encoded(texture(8160, 6120), "JPEG", quality=85)[:-5000]),
    "JPEG, cut in half": ("jpg", lambda: (data := encoded(texture(2000, 2000), "JPEG"))[: len(data) // 2]),
    "TIFF, 134 megapixels from 130 kB": ("tif", lambda: tiff_bomb(11585)),
    "TIFF, a tile of 4,294 megapixels": (
        "tif", lambda: tiff_of(64, 64, (322, 4, 1, 65536), (323, 4, 1, 65536), (324, 4, 1, 200), (325, 4, 1, 9),
                               data=zlib.compress(bytes(64)), compression=8)),
    "TIFF, an entry of 400 million numbers": ("tif", lambda: tiff_of(8, 8, (258, 3, 400_000_000, 8))),
    "TIFF, two million strips": (
        "tif", lambda: tiff_of(8, 8, (273, 4, 2_000_000, 200), (279, 4, 2_000_000, 200), data=bytes(8_000_000))),
    "TIFF, LZMA": ("tif", lambda: encoded(texture(600, 600), "TIFF", compression="lzma")),
    "TIFF, cut off": ("tif", lambda: encoded(texture(600, 600), "TIFF")[:-50_000]),
    "TIFF, cut off, compressed": (
        "tif", lambda: (data := encoded(texture(600, 600), "TIFF", compression="tiff_lzw"))[: len(data) // 2]),
    "WebP, a canvas of 268 megapixels": ("webp", lambda: webp_canvas(16383)),
    "WebP, 200,000 frames": ("webp", lambda: webp_frames(200_000)),
    "WebP, cut off": ("webp", lambda: (data := encoded(texture(600, 600), "WEBP"))[: len(data) // 2]),
    "BMP, 100 megapixels": ("bmp", lambda: bmp_rle(10_000, 10_000)),
    "BMP, 16 megapixels in Python": ("bmp", lambda: bmp_rle(4000, 4000)),
    "BMP, cut off": ("bmp", lambda: encoded(texture(600, 600), "BMP")[:-5000]),
    "PPM of text, 4 megapixels": ("ppm", lambda: ppm_text(2000)),
    "PGM, cut off": ("pgm", lambda: b"P5 4000 4000 255\n" + bytes(4000)),
    "JPEG 2000, 100 megapixels": (
        "jp2", lambda: encoded(texture(64, 64), "JPEG2000", no_jp2=True).replace(
            struct.pack(">IIII", 64, 64, 0, 0), struct.pack(">IIII", 10000, 10000, 0, 0))),
    "AVIF, 100 megapixels": (
        "avif", lambda: encoded(texture(64, 64), "AVIF").replace(struct.pack(">II", 64, 64), struct.pack(">II", 10000, 10000))),
    "AVIF, a frame of 16 megapixels in a picture of 90x40": (
        "avif", lambda: encoded(texture(4000, 4000), "AVIF", speed=10).replace(struct.pack(">II", 4000, 4000), struct.pack(">II", 90, 40))),
    "Encapsulated PostScript": ("eps", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n%%EndComments\n showpage\n"),
    "Photoshop": ("psd", lambda: b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 30000, 30000, 8, 3) + bytes(16)),
    "icon": ("ico", lambda: encoded(texture(64, 64, "RGBA"), "ICO")),
    "Apple icon": ("icns", lambda: encoded(texture(64, 64, "RGBA"), "ICNS")),
    "DirectDraw surface": ("dds", lambda: encoded(texture(64, 64, "RGBA"), "DDS")),
    "PCX": ("pcx", lambda: encoded(texture(64, 64), "PCX")),
    "Targa": ("tga", lambda: encoded(texture(64, 64), "TGA")),
    "SGI": ("sgi", lambda: encoded(texture(64, 64), "SGI")),
    "Windows metafile": ("wmf", lambda: b"\xd7\xcd\xc6\x9a\0\0" + struct.pack("<hhhhHI", 0, 0, 9999, 9999, 72, 0) + bytes(200)),
    "FLI": ("fli", lambda: struct.pack("<IHHHHHH", 999, 0xAF12, 9, 9999, 9999, 8, 3) + bytes(900)),
    "PDF": ("pdf", lambda: encoded(texture(64, 64), "PDF")),
    "HEIC": ("heic", lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(400)),
}  # fmt: skip
"""What must be refused: suffix and bytes of each."""

ACCEPTED = {
    "JPEG of a telephone, 50 megapixels": ("jpg", lambda: encoded(texture(8160, 6120), "JPEG", quality=85)),
    "the same, turned by EXIF": ("jpg", lambda: encoded(texture(8160, 6120), "JPEG", quality=85, exif=turned(6))),
    "JPEG, gray below": ("jpg", lambda: encoded(gray_below(), "JPEG", quality=90)),
    "JPEG, gray below, with restarts": ("jpg", lambda: encoded(gray_below(), "JPEG", restart_marker_blocks=1)),
    "JPEG, gray below, progressive": ("jpg", lambda: encoded(gray_below(), "JPEG", progressive=True)),
    "JPEG, 50 megapixels, progressive": (
        "jpg", lambda: encoded(texture(8160, 6120), "JPEG", quality=85, progressive=True)),
    "JPEG, 46 megapixels, CMYK": ("jpg", lambda: encoded(texture(6800, 6800).convert("CMYK"), "JPEG", quality=85)),
    "PNG, 50 megapixels": ("png", lambda: png(SIDE, SIDE, b"\0" + b"\x80" * (black_len := 3 * SIDE) + bytes((SIDE - 1) * (1 + black_len)))),
    "PNG, 46 megapixels with alpha": ("png", lambda: png(6800, 6800, black_rows(6800, 6800, 4), color=6)),
    "PNG, 46 megapixels of gray with alpha": ("png", lambda: png(6800, 6800, black_rows(6800, 6800, 2), color=4)),
    "PNG, 50 megapixels of 16-bit gray": ("png", lambda: png(SIDE, SIDE, black_rows(SIDE, SIDE, 2), color=0, depth=16)),
    "GIF, 50 megapixels": ("gif", lambda: small_gif(SIDE, SIDE)),
    "GIF, 4,000 frames": ("gif", gif_frames),
    "WebP, 24 megapixels": ("webp", lambda: encoded(texture(6000, 4000), "WEBP", quality=80, method=0)),
    "TIFF, 46 megapixels, one compressed strip": ("tif", lambda: tiff_bomb(6800)),
    "BMP, 46 megapixels": ("bmp", lambda: encoded(texture(6800, 6800), "BMP")),
    "AVIF, 12 megapixels": ("avif", lambda: encoded(texture(4000, 3000), "AVIF", speed=10)),
    "JPEG 2000, 12 megapixels": ("jp2", lambda: encoded(texture(4000, 3000), "JPEG2000", irreversible=True, quality_layers=[80])),
    "animated PNG, 4,000 frames": ("png", lambda: apng_frames(4000)),
    "animated WebP, 4,000 frames": ("webp", lambda: webp_frames(4000)),
}  # fmt: skip
"""What must be answered, up to the largest of each kind."""


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def write_sparse(path: Path) -> Path:
    """Half a gigabyte that takes no room on the disk and is no picture."""
    with path.open("wb") as file:
        file.truncate((1 << 29) - 1)
    return path
