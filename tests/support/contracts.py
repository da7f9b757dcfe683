"""Legal contracts to start from, as documents and as sealed text written without the code under test."""

import copy
import hashlib
import json

DOCUMENT = {
    "schema": "fer-edge-contract/1",
    "model": "tiny",
    "labels": ["neutral", "happiness", "surprise"],
    "input": {
        "name": "image", "interface": "tensor", "width": 8, "height": 6, "channels": 1, "layout": "NCHW",
        "dtype": "float32",
    },
    "camera": {"spec": 1, "crop_margin": 0.1, "mirror": False},
    "normalization": {"mean": [0.5], "std": [0.5]},
    "quantization": {"input": None, "output": None},
    "output": {"name": "probabilities", "kind": "probabilities"},
}  # fmt: skip


def changed(**members):
    """The document with members replaced, by dotted path written with two underscores: input__width=3."""
    document = copy.deepcopy(DOCUMENT)
    for path, value in members.items():
        *folders, last = path.split("__")
        place = document
        for folder in folders:
            place = place[folder]
        place[last] = value
    return document


def sealed(document):
    """The stored text: compact, with the hash of what stands before it."""
    body = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    return seal_text(body)


def seal_text(body):
    digest = hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
    return f'{body[:-1]},"sha256":"{digest}"}}'
