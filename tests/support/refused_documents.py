"""Contracts and manifests that every reader must refuse, in Python and in TypeScript, and documents changed at random."""

import copy
import json

from support.contracts import DOCUMENT, changed, seal_text, sealed

REFUSED_CONTRACTS = {
    "schema of the future": (changed(schema="fer-edge-contract/2"), "schema"),
    "no labels": (changed(labels=[]), "labels"),
    "labels no list": (changed(labels="neutral"), "labels"),
    "empty label": (changed(labels=["neutral", ""]), r"labels\[1\]"),
    "blank label": (changed(labels=["neutral", "  "]), r"labels\[1\]"),
    "label with a line break": (changed(labels=["neutral\nhappy"]), r"labels\[0\]"),
    "label number": (changed(labels=["neutral", 3]), r"labels\[1\]"),
    "label twice": (changed(labels=["a", "b", "a"]), "labels is 'a'"),
    "label face_id": (changed(labels=["face_id"]), "face_id"),
    "label bbox": (changed(labels=["a", "bbox"]), "bbox"),
    "label probabilities": (changed(labels=["probabilities", "a"]), "probabilities"),
    "model empty": (changed(model=""), "model"),
    "model with a slash": (changed(model="../x"), "model"),
    "model no text": (changed(model=7), "model"),
    "interface": (changed(input__interface="pixels"), "input.interface"),
    "width zero": (changed(input__width=0), "input.width is 0"),
    "width negative": (changed(input__width=-8), "input.width is -8"),
    "width huge": (changed(input__width=10**9), "input.width"),
    "width digits without end": (changed(input__width=10**400), "input.width is an integer of 1329 bits"),
    "width float": (changed(input__width=8.0), "input.width is 8.0"),
    "width true": (changed(input__width=True), "input.width is True"),
    "height text": (changed(input__height="6"), "input.height is '6'"),
    "channels two": (changed(input__channels=2), "input.channels is 2"),
    "channels true": (changed(input__channels=True), "input.channels is True"),
    "layout": (changed(input__layout="HWC"), "input.layout is 'HWC'"),
    "dtype": (changed(input__dtype="float16"), "input.dtype is 'float16'"),
    "dtype list": (changed(input__dtype=["float32"]), "input.dtype"),
    "input null": (changed(input=None), "input is None"),
    "spec two": (changed(camera__spec=2), "camera.spec is 2"),
    "spec true": (changed(camera__spec=True), "camera.spec is True"),
    "margin negative": (changed(camera__crop_margin=-0.1), "camera.crop_margin is -0.1"),
    "margin beyond float": (changed(camera__crop_margin=10**400), "camera.crop_margin"),
    "margin text": (changed(camera__crop_margin="0.1"), "camera.crop_margin"),
    "mirror number": (changed(camera__mirror=0), "camera.mirror is 0"),
    "mean too long": (changed(normalization__mean=[0.5, 0.5]), "normalization.mean"),
    "mean null": (changed(normalization__mean=None), "normalization.mean is None; allowed: a list of 1 to 3"),
    "std too short": (changed(normalization__std=[]), "normalization.std"),
    "std zero": (changed(normalization__std=[0]), r"normalization\.std\[0\] is 0"),
    "std negative": (changed(normalization__std=[-1.0]), r"normalization\.std\[0\] is -1\.0"),
    "std zero in float32": (changed(normalization__std=[1e-60]), "normalization.std"),
    "mean boolean": (changed(normalization__mean=[True]), r"normalization\.mean\[0\] is True"),
    "mean beyond float32": (changed(normalization__mean=[1e39]), "normalization.mean"),
    "int8 without scale": (changed(input__dtype="int8"), "quantization.input is None"),
    "scale with float32": (
        changed(quantization__input={"scale": 0.5, "zero_point": 0}),
        "allowed: null where input.dtype is float32",
    ),
    "scale zero": (
        changed(input__dtype="int8", quantization__input={"scale": 0.0, "zero_point": 0}),
        "quantization.input.scale",
    ),
    "zero point too large": (
        changed(input__dtype="int8", quantization__input={"scale": 0.5, "zero_point": 128}),
        "quantization.input.zero_point is 128",
    ),
    "zero point float": (
        changed(input__dtype="int8", quantization__input={"scale": 0.5, "zero_point": 1.0}),
        "quantization.input.zero_point is 1.0",
    ),
    "image with one channel": (changed(input__interface="image", normalization=None), "input.channels"),
    "image with normalization": (
        changed(input__interface="image", input__channels=3, normalization={"mean": [0] * 3, "std": [1] * 3}),
        "normalization",
    ),
    "image as int8": (
        changed(input__interface="image", input__channels=3, normalization=None, input__dtype="int8"),
        "input.dtype",
    ),
    "output kind": (changed(output__kind="softmax"), "output.kind"),
    "output name empty": (changed(output__name=""), "output.name"),
    "unknown key": ({**DOCUMENT, "modle": "x"}, "did you mean model"),
    "unknown key inside": (changed(camera__margin=1), "unknown key in camera"),
    "member order": (dict(reversed(DOCUMENT.items())), "order of members"),
    "order inside": (
        changed(camera=dict(reversed(DOCUMENT["camera"].items()))),
        "order of members in camera",
    ),
    "lone surrogate": (changed(labels=["\ud800"]), "UTF-8"),
}


def text_with(old, new):
    body = json.dumps(DOCUMENT, separators=(",", ":"))
    assert old in body
    return seal_text(body.replace(old, new))


HOSTILE_CONTRACTS = {
    "not a number": text_with('"crop_margin":0.1', '"crop_margin":NaN'),
    "infinity": text_with('"crop_margin":0.1', '"crop_margin":-Infinity'),
    "infinity by exponent": text_with('"crop_margin":0.1', '"crop_margin":1e999'),
    "duplicate key": text_with('"model":"tiny"', '"model":"tiny","model":"other"'),
    "duplicate key inside": text_with('"spec":1', '"spec":1,"spec":1'),
    "escaped lone surrogate": text_with('"neutral"', '"\\ud800"'),
    "blank between members": text_with('"model":"tiny"', '"model": "tiny"'),
    "line break between members": text_with('"model":"tiny"', '"model":"tiny"\n'),
    "integer of 6000 digits": text_with('"width":8', f'"width":{"9" * 6000}'),
    "newline at the end": sealed(DOCUMENT) + "\n",
    "bytes after the end": sealed(DOCUMENT) + "{}",
    "byte order mark": "\ufeff" + sealed(DOCUMENT),
    "two contracts": sealed(DOCUMENT) * 2,
    "hash in capitals": sealed(DOCUMENT)[:-66] + sealed(DOCUMENT)[-66:-2].upper() + '"}',
    "changed label": sealed(DOCUMENT).replace("happiness", "happyness"),
    "changed hash": sealed(DOCUMENT)[:-3] + ("0" if sealed(DOCUMENT)[-3] != "0" else "1") + '"}',
    "no hash": json.dumps(DOCUMENT, separators=(",", ":")),
    "deep list": "[" * 100_000,
    "deep objects": '{"a":' * 100_000,
    "deep in a label": text_with('"neutral"', "[" * 5000 + "]" * 5000),
    "empty": "",
    "null": "null",
    "list": "[]",
    "number": "12",
    "bytes that are no text": b'{"schema":"\xff\xfe"}',
    "two megabytes": b" " * (2 << 20),
    "zero bytes": b"\0" * 64,
    "no text at all": 12,
}


def spoil(*path, value):
    def change(manifest):
        place = manifest
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    return change


SPOILED_MANIFESTS = {
    "schema": spoil("schema", value="fer-edge-manifest/3"),
    "unknown key": spoil("dates", value=1),
    "unknown key in artifact": spoil("artifacts", 0, "size", value=1),
    "unknown key in parity": spoil("artifacts", 0, "parity", "min", value=1),
    "unknown key in file": spoil("files", "labels.txt", "date", value=1),
    "hash": spoil("files", "labels.txt", "sha256", value="A" * 64),
    "hash no text": spoil("files", "labels.txt", "sha256", value=0),
    "bytes negative": spoil("files", "labels.txt", "bytes", value=-1),
    "bytes true": spoil("files", "labels.txt", "bytes", value=True),
    "files list": spoil("files", value=[]),
    "artifacts object": spoil("artifacts", value={}),
    "artifact null": spoil("artifacts", 0, value=None),
    "variant": spoil("artifacts", 0, "variant", value="onnx-fp16"),
    "variant illegal": spoil("artifacts", 0, "variant", value="torchscript-int8"),
    "variant twice": lambda manifest: manifest["artifacts"].append(manifest["artifacts"][0]),
    "path twice": lambda manifest: manifest["artifacts"].append(
        {**manifest["artifacts"][0], "variant": "onnx-fp16", "precision": "fp16"}
    ),
    "format": spoil("artifacts", 0, "format", value="onxx"),
    "verdict": spoil("artifacts", 0, "parity", "verdict", value="passed"),
    "verdict null": spoil("artifacts", 0, "parity", "verdict", value=None),
    "not-run without reason": spoil("artifacts", 0, "parity", "verdict", value="not-run"),
    "pass without figures": spoil("artifacts", 0, "parity", "max_abs", value=None),
    "parity null": spoil("artifacts", 0, "parity", value=None),
    "parity without a member of version 2": lambda manifest: manifest["artifacts"][0]["parity"].pop(
        "p99_abs"
    ),
    "code unknown": spoil("artifacts", 0, "parity", "code", value="because"),
    "faithful a word": spoil("artifacts", 0, "faithful", value="pass"),
    "faithful fails without reason": spoil("artifacts", 0, "faithful", "verdict", value="fail"),
    "faithful of weights true": spoil("artifacts", 0, "faithful", "weights", "wrong", value=True),
    "weakest layer without its name": spoil(
        "artifacts", 0, "faithful", "layers", "weakest", "module", value=None
    ),
    "agreement above 1": spoil("artifacts", 0, "parity", "top1_agreement", value=1.5),
    "interval of three": spoil("artifacts", 0, "accuracy", "drop_interval", value=[0, 0, 0]),
    "classes list": spoil("artifacts", 0, "calibration", "classes", value=["anger"]),
    "tools number": spoil("tools", "torch", value=2),
    "extra list": spoil("extra", value=[]),
    "source": spoil("source", value="fer_mini"),
    "skipped": spoil("skipped", value=[["tflite-int8", "x"]]),
    "missing": lambda manifest: manifest.pop("skipped"),
}


HOSTILE_MANIFESTS = {
    "empty": b"", "null": b"null", "list": b"[]", "not text": b"\xff\xfe{}", "deep": b"[" * 200_000,
    "deep object": b'{"schema":' * 50_000, "nan": b'{"schema": NaN}', "digits": b'{"schema": ' + b"9" * 5000 + b"}",
    "twice": b'{"schema": 1, "schema": 1}', "surrogate": b'{"\\ud800": 1}', "cut": b'{"schema": "fer-edge-manif',
    "large": b" " * (17 << 20),
    # Comparing each key with all others would take minutes.
    "twice among many": b"{" + b",".join(b'"%d":0' % (number % 199_999) for number in range(200_000)) + b"}",
}  # fmt: skip


UNSAFE_PATHS = [
    "/etc/passwd", "../outside", "a/../../b", "a/./b", "./a", "a//b", "a/", "", ".", "..", "a\\b", "C:/x", "c:x",
    "a\0b", "a\nb", "manifest.json",
]  # fmt: skip


VALUES = [None, True, 0, -1, 1e308, 10**400, "", "x" * 2000, [], {}, [[]], {"a": 1}, "\ud800", 1.5, "../x"]


def mutated(document, rng):
    place = result = copy.deepcopy(document)
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = rng.choice(keys)
        if isinstance(place[key], dict | list) and place[key] and rng.random() < 0.8:
            place = place[key]
            continue
        what = rng.random()
        if isinstance(place, dict) and what < 0.15:
            del place[key]
        elif isinstance(place, dict) and what < 0.25:
            place["another"] = 1
        else:
            place[key] = rng.choice(VALUES)
        return result
