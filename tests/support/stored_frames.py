"""Frames as golden vectors store them, and back."""

from dataclasses import dataclass

from fer_edge.runtime import BundleError
from fer_edge.runtime.golden import StoredFrame, store_frame
from fer_edge.runtime.schema import Document


@dataclass(frozen=True)
class Holder:
    """A document with nothing but a frame."""

    frame: StoredFrame


DOCUMENT = Document(Holder, "frame", BundleError)


def frame_of(stored, rotation):
    return DOCUMENT.read_members({"frame": stored}).frame.make(rotation)


def frame_json(frame):
    return DOCUMENT.members(Holder(store_frame(frame)))["frame"]
