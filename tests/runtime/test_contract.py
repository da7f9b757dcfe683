import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.runtime import ContractError
from fer_edge.runtime.contract import (
    CameraSpec,
    Contract,
    InputSpec,
    Normalization,
    OutputSpec,
    Quantization,
    QuantizationParameters,
)
from support.contracts import DOCUMENT, changed, seal_text, sealed

# Written by hand from the schema, byte for byte; the hash by sha256sum over the text before it plus "}".
STORED = (
    '{"schema":"fer-edge-contract/1","model":"fer-mini","labels":["neutral","happiness"],'
    '"input":{"name":"image","interface":"tensor","width":64,"height":64,"channels":1,"layout":"NHWC","dtype":"float32"},'
    '"camera":{"spec":1,"crop_margin":0.1,"mirror":false},"normalization":{"mean":[0.5],"std":[0.5]},'
    '"quantization":{"input":null,"output":null},"output":{"name":"probabilities","kind":"probabilities"},'
    '"sha256":"HASH"}'
)


def build(**changes):
    arguments = {
        "model": "fer-mini",
        "labels": ("neutral", "happiness"),
        "input": InputSpec("image", "tensor", 64, 64, 1, "NHWC", "float32"),
        "camera": CameraSpec(1, 0.1, mirror=False),
        "normalization": Normalization((0.5,), (0.5,)),
        "quantization": Quantization(),
        "output": OutputSpec("probabilities", "probabilities"),
    }
    return Contract.build(**{**arguments, **changes})


def test_build_writes_the_stored_form():
    contract = build()
    assert contract.text == STORED.replace("HASH", contract.sha256)
    assert contract.sha256 == "5156974c2442e356ebfdb99098526d4d0c66a8cad263f0f7994e393204164b60"


def test_parse_reads_every_member():
    contract = Contract.parse(sealed(DOCUMENT))
    assert contract.labels == ("neutral", "happiness", "surprise")
    assert contract.input == InputSpec("image", "tensor", 8, 6, 1, "NCHW", "float32")
    assert contract.camera == CameraSpec(1, 0.1, mirror=False)
    assert contract.normalization == Normalization((0.5,), (0.5,))
    assert contract.quantization == Quantization(None, None)
    assert contract.output == OutputSpec("probabilities", "probabilities")
    assert contract.input.shape == (1, 1, 6, 8)


def test_parse_keeps_the_text_and_takes_bytes():
    text = sealed(DOCUMENT)
    assert Contract.parse(text).text == text
    assert Contract.parse(text.encode()).text == text


def test_readers_hash_the_bytes_and_never_write_numbers_again():
    # Another language may write 0.1 as 1e-1 and 0.5 as 0.50, or escape letters.
    body = json.dumps(DOCUMENT, separators=(",", ":")).replace("0.1", "1e-1").replace("[0.5]", "[0.50]")
    body = body.replace("neutral", "n\\u0065utral")
    contract = Contract.parse(seal_text(body))
    assert contract.camera.crop_margin == 0.1
    assert contract.labels[0] == "neutral"


@given(
    labels=st.lists(
        st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=12),
        min_size=1,
        max_size=9,
        unique=True,
    ),
    margin=st.floats(0, 1e6),
    mean=st.floats(-10, 10),
    std=st.floats(1e-3, 100),
    sides=st.tuples(st.integers(1, 8192), st.integers(1, 8192)),
)
def test_build_and_parse_agree(labels, margin, mean, std, sides):
    reserved = {"face_id", "bbox", "probabilities"}
    labels = [label for label in labels if label not in reserved] or ["one"]
    contract = build(
        labels=labels,
        camera=CameraSpec(1, margin, mirror=True),
        normalization=Normalization((mean,), (std,)),
        input=InputSpec("image", "tensor", *sides, 1, "NHWC", "float32"),
    )
    assert Contract.parse(contract.text) == contract


def test_scale_is_stored_as_the_float32_of_the_artifact():
    contract = build(
        input=InputSpec("image", "tensor", 64, 64, 1, "NHWC", "int8"),
        quantization=Quantization(QuantizationParameters(0.1, -128), None),
    )
    # 0.1 in float32 is 13421773 / 2^27.
    assert '"input":{"scale":0.10000000149011612,"zero_point":-128}' in contract.text
    assert contract.quantization.input == QuantizationParameters(13421773 / 2**27, -128)


def test_whole_numbers_and_floats_give_the_same_bytes():
    one = build(camera=CameraSpec(1, 0, mirror=False), normalization=Normalization((0,), (1,)))
    other = build(camera=CameraSpec(1, 0.0, mirror=False), normalization=Normalization((0.0,), (1.0,)))
    assert one.text == other.text


def test_numbers_of_numpy_are_stored_as_numbers():
    values = np.array([0.1, 2], np.float32)
    normalization = Normalization((values[0],), (np.int64(2),))
    built = build(camera=CameraSpec(1, values[0], mirror=False), normalization=normalization)
    # The nearest float32 to 0.1, as its shortest decimal in float64.
    assert '"normalization":{"mean":[0.10000000149011612],"std":[2.0]}' in built.text
    assert '"crop_margin":0.10000000149011612,' in built.text


def test_image_interface():
    document = changed(
        input__interface="image",
        input__channels=3,
        input__layout="NHWC",
        input__dtype="uint8",
        normalization=None,
    )
    contract = Contract.parse(sealed(document))
    assert contract.normalization is None
    assert contract.input.shape == (1, 6, 8, 3)


REFUSED = {
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


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.replace(" ", "-"))
def test_refused_with_key_and_value(case):
    document, message = REFUSED[case]
    with pytest.raises(ContractError, match=message):
        Contract.parse(sealed(document))


@pytest.mark.parametrize("key", DOCUMENT)
def test_missing_key(key):
    with pytest.raises(ContractError, match=f"lacks {key}"):
        Contract.parse(sealed({name: value for name, value in DOCUMENT.items() if name != key}))


def text_with(old, new):
    body = json.dumps(DOCUMENT, separators=(",", ":"))
    assert old in body
    return seal_text(body.replace(old, new))


HOSTILE = {
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


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case.replace(" ", "-"))
def test_hostile_text_is_a_contract_error(case):
    with pytest.raises(ContractError) as caught:
        Contract.parse(HOSTILE[case])
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 600


@given(st.binary(max_size=200))
def test_any_bytes_give_a_contract_error(data):
    with pytest.raises(ContractError):
        Contract.parse(data)


@given(st.data())
def test_any_changed_byte_is_noticed(data):
    stored = bytearray(sealed(DOCUMENT).encode())
    position = data.draw(st.integers(0, len(stored) - 1))
    stored[position] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(ContractError):
        Contract.parse(bytes(stored))


@pytest.mark.parametrize(
    "changes",
    [
        {"labels": ()},
        {"labels": ("a", "a")},
        {"model": "a/b"},
        {"model": "\ud800"},
        {"camera": CameraSpec(1, float("nan"), mirror=False)},
        {"camera": CameraSpec(1, float("inf"), mirror=False)},
        {"normalization": Normalization((0.5, 0.5), (0.5, 0.5))},
        {"quantization": Quantization(QuantizationParameters(1e60, 0), None)},
    ],
)
def test_build_refuses_too(changes):
    with pytest.raises(ContractError):
        build(**changes)
