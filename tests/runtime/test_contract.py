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
from support.refused_documents import HOSTILE_CONTRACTS, REFUSED_CONTRACTS

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


@pytest.mark.parametrize("case", REFUSED_CONTRACTS, ids=lambda case: case.replace(" ", "-"))
def test_refused_with_key_and_value(case):
    document, message = REFUSED_CONTRACTS[case]
    with pytest.raises(ContractError, match=message):
        Contract.parse(sealed(document))


@pytest.mark.parametrize("key", DOCUMENT)
def test_missing_key(key):
    with pytest.raises(ContractError, match=f"lacks {key}"):
        Contract.parse(sealed({name: value for name, value in DOCUMENT.items() if name != key}))


@pytest.mark.parametrize("case", HOSTILE_CONTRACTS, ids=lambda case: case.replace(" ", "-"))
def test_hostile_text_is_a_contract_error(case):
    with pytest.raises(ContractError) as caught:
        Contract.parse(HOSTILE_CONTRACTS[case])
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
