"""Random camera frames and what is done with them, as golden vectors: for comparing one language's camera path with another's."""

import base64

import numpy as np

SIDES = (1, 2, 3, 5, 8, 17, 31, 48, 64, 97)


def random_vectors(count, seed):
    """Cases without an expectation; about one in ten asks for something impossible."""
    rng = np.random.default_rng(seed)
    return [random_vector(rng, f"random-{seed}-{number}") for number in range(count)]


def random_vector(rng, name):
    width, height = _side(rng), _side(rng)
    rotation = int(rng.choice((0, 90, 180, 270)))
    upright = (width, height) if rotation in (0, 180) else (height, width)
    return {
        "name": name,
        "frame": _rgba(rng, width, height) if rng.random() < 0.4 else _yuv(rng, width, height),
        "rotation": rotation,
        "mirror": bool(rng.random() < 0.5),
        "box": _box(rng, *upright),
        "crop_margin": float(rng.choice((0, 0.1, 0.25, rng.random() * 2))),
        "target": _target(rng),
        "expect": {"error": "box"},
    }


def _side(rng):
    return int(rng.choice(SIDES)) if rng.random() < 0.5 else int(rng.integers(1, 180))


def _plane(rng, rows, row_bytes, step=1):
    """Padding between rows now and then; the last row may be short, or have one byte too few."""
    stride = row_bytes + int(rng.choice((0, 0, 1, 7, 64)))
    need = (rows - 1) * stride + row_bytes
    length = need + int(rng.choice((0, 0, 0, stride - row_bytes))) - int(rng.random() < 0.01)
    data = rng.integers(0, 256, max(length, 0), dtype=np.uint8).tobytes()
    return {"data": base64.b64encode(data).decode(), "row_stride": stride, "pixel_stride": step}


def _rgba(rng, width, height):
    plane = _plane(rng, height, 4 * width)
    return {
        "kind": "rgba",
        "width": width,
        "height": height,
        "row_stride": plane["row_stride"],
        "data": plane["data"],
    }


def _yuv(rng, width, height):
    columns, rows, step = (width + 1) // 2, (height + 1) // 2, int(rng.choice((1, 2)))
    u = _plane(rng, rows, (columns - 1) * step + 1, step)
    v = dict(u)
    data = bytearray(base64.b64decode(u["data"]))
    v["data"] = base64.b64encode(bytes(rng.permutation(np.frombuffer(bytes(data), np.uint8)))).decode()
    return {
        "kind": "yuv420",
        "width": width,
        "height": height,
        "y": _plane(rng, height, width),
        "u": u,
        "v": v,
    }


def _box(rng, width, height):
    if rng.random() < 0.2:
        return None
    x = np.sort(rng.uniform(-0.3, 1.3, 2)) * width
    y = np.sort(rng.uniform(-0.3, 1.3, 2)) * height
    box = [float(x[0]), float(y[0]), float(x[1]), float(y[1])]
    if rng.random() < 0.3:
        box = [float(round(value)) for value in box]
    if rng.random() < 0.03:
        box[0], box[2] = box[2], box[0]
    return box


def _target(rng):
    channels = int(rng.choice((1, 3)))
    dtype = str(rng.choice(("float32", "float32", "int8", "uint8")))
    plain = dtype == "uint8" or rng.random() < 0.2
    large = rng.random() < 0.05
    return {
        "width": int(rng.integers(1, 420 if large else 70)),
        "height": int(rng.integers(1, 300 if large else 70)),
        "channels": channels,
        "layout": str(rng.choice(("NCHW", "NHWC"))),
        "dtype": dtype,
        "mean": None if plain else [float(value) for value in rng.uniform(-1, 1, channels)],
        "std": None if plain else [float(value) for value in rng.uniform(1e-3, 2, channels)],
        "scale": float(np.float32(rng.uniform(1e-3, 0.2))) if dtype == "int8" else None,
        "zero_point": int(rng.integers(-128, 128)) if dtype == "int8" else None,
    }
