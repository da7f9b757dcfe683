"""The walk over protobuf against protobuf itself: what we accept, it reads as we do."""

import io

import onnx
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from fer_edge.runtime import BundleError, ContractError
from fer_edge.runtime.containers.embedded import read_embedded_contract
from fer_edge.runtime.containers.wire import integers
from support import tiny_artifacts as tiny

TEXT = tiny.contract_text()


def outside_tensor(name="outside"):
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[1])
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "/etc/hostname"
    return tensor.SerializeToString()


def longer(number, more):
    """The tag of a length-delimited field with bits above the 32nd, which protobuf drops."""
    return tiny.varint((number << 3 | 2) | more << 32)


def graph_with(tensor, tag):
    return tag(5) + tiny.varint(len(tensor)) + tensor


SOUND = tiny.onnx_bytes(TEXT)


def read_by_us(folder, data):
    path = folder / "model.onnx"
    path.write_bytes(data)
    return read_embedded_contract(path)


def has_outside_data(message):
    """Any tensor anywhere with external data, by reflection."""
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for part in value if field.is_repeated else [value]:
            if part.DESCRIPTOR.name == "TensorProto" and part.external_data:
                return True
            if has_outside_data(part):
                return True
    return False


@pytest.mark.parametrize("more", [1, 2, 7, 1 << 2])
@pytest.mark.parametrize("place", ["tensor", "graph", "external data"])
def test_tags_of_more_than_32_bits_do_not_hide_a_tensor_in_another_file(tmp_path, place, more):
    """protobuf drops the upper bits: field 5 by another spelling."""
    tensor = outside_tensor()
    if place == "external data":
        pair = tiny.block(1, b"location") + tiny.block(2, b"/etc/hostname")
        tensor = (
            b"\x08\x01"
            + tiny.block(8, b"outside")
            + longer(13, more)
            + tiny.varint(len(pair))
            + pair
            + b"\x70\x01"
        )
    tag = (lambda n: longer(n, more)) if place == "tensor" else (lambda n: tiny.varint(n << 3 | 2))
    graph = graph_with(tensor, tag)
    model_tag = longer(7, more) if place == "graph" else tiny.varint(7 << 3 | 2)
    data = SOUND + model_tag + tiny.varint(len(graph)) + graph
    with pytest.raises(BundleError):
        read_by_us(tmp_path, data)


ODD = {
    "field 0": b"\x02\x00",
    "tag over five bytes": b"\xba\x80\x80\x80\x80\x00\x00",
    "tag of 33 bits": b"\xba\x80\x80\x80\x10\x00",
    "group": b"\x3b\x3c",
    "end of a group alone": b"\x3c",
    "wire type 6": b"\x3e\x00",
    "wire type 7": b"\x3f\x00",
    "length over five bytes": b"\x3a\x80\x80\x80\x80\x80\x00",
    "length of 32 bits": b"\x3a\x80\x80\x80\x80\x08",
    "length over the end": b"\x3a\x05abc",
    "number without end": b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    "cut tag": b"\xba",
    "cut 64-bit number": b"\x09\x00\x00",
    "cut 32-bit number": b"\x0d\x00",
}


@pytest.mark.parametrize("case", ODD)
def test_bytes_that_protobuf_refuses_or_reads_otherwise(tmp_path, case):
    with pytest.raises(BundleError):
        read_by_us(tmp_path, SOUND + ODD[case])


PIECES = st.sampled_from([
    *ODD.values(), outside_tensor(), tiny.block(5, outside_tensor()), tiny.block(7, tiny.block(5, outside_tensor())),
    longer(5, 1) + tiny.varint(len(outside_tensor())) + outside_tensor(), longer(7, 1), b"\x3a", b"\x2a", b"\x6a\x00",
    b"\x80", b"\x00", b"\xff" * 5, tiny.block(14, tiny.block(1, tiny.KEY.encode()) + tiny.block(2, b"{}")),
])  # fmt: skip


@given(st.data())
@settings(max_examples=1500)
def test_whatever_we_accept_protobuf_reads_as_we_do(tmp_path_factory, data):
    """Flips, cuts and pieces put in anywhere, lengths of the outer message right or wrong."""
    folder = tmp_path_factory.getbasetemp()
    mutant = bytearray(SOUND)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(mutant)))
        kind = data.draw(st.sampled_from(["flip", "put", "cut", "end"]))
        if kind == "flip" and place < len(mutant):
            mutant[place] = data.draw(st.integers(0, 255))
        elif kind == "put":
            mutant[place:place] = data.draw(PIECES)
        elif kind == "end":
            mutant += data.draw(PIECES)
        else:
            del mutant[place : place + data.draw(st.integers(1, 9))]
    try:
        ours = read_by_us(folder, bytes(mutant))
    except (BundleError, ContractError):
        return
    try:
        theirs = onnx.ModelProto.FromString(bytes(mutant))
    except DecodeError:
        return
    assert not has_outside_data(theirs)
    assert [entry.value for entry in theirs.metadata_props if entry.key == tiny.KEY] == [ours]


def test_the_check_by_reflection_sees_outside_data():
    model = onnx.load_from_string(SOUND)
    assert not has_outside_data(model)
    tensor = TensorProto.FromString(outside_tensor())
    branch = helper.make_graph([helper.make_node("Constant", [], ["c"], value=tensor)], "branch", [], [])
    model.graph.node.append(helper.make_node("If", ["yes"], ["a"], then_branch=branch, else_branch=branch))
    assert has_outside_data(model)


@given(
    st.lists(st.integers(-(2**63), 2**63 - 1), max_size=8), st.lists(st.integers(0, 2**63 - 1), max_size=8)
)
def test_integers_are_read_each_by_itself_or_packed(dims, more):
    tensor = TensorProto(dims=dims, data_type=7, name="other fields").SerializeToString()
    packed = b"".join(map(tiny.varint, more))
    data = tensor + tiny.varint(1 << 3 | 2) + tiny.varint(len(packed)) + packed
    found = [*integers(io.BytesIO(data), (0, len(data)), 1)]
    assert found == [value % 2**64 for value in dims] + more
    assert [*integers(io.BytesIO(data), (0, len(data)), 2)] == [7]
