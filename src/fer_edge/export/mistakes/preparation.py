"""What an app makes of one camera frame: the camera path, with a mistake at any step."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.mistakes.catalog import RIGHT, Steps
from fer_edge.export.mistakes.colors import to_rgb
from fer_edge.export.mistakes.crops import CROPS, Place, turn
from fer_edge.export.mistakes.resizes import Scaled, resize
from fer_edge.export.mistakes.values import LEVELS, SCALINGS, Numbers, lay_out, quantize, store, to_channels
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import FrameError
from fer_edge.runtime.golden import StoredFrame

T = TypeVar("T")
_PICTURES, _PARTS, _SMALL = 3, 8, 64
"""How many results of each stage are kept: neighbors in the list of hypotheses share them."""


class _Kept:
    """The last few results of a stage."""

    def __init__(self, most: int) -> None:
        self._most, self._found = most, OrderedDict[Hashable, Any]()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        if key not in self._found:
            self._found[key] = make()
            while len(self._found) > self._most:
                self._found.popitem(last=False)
        self._found.move_to_end(key)
        found: T = self._found[key]
        return found


@dataclass
class Preparation:
    """One frame, a face in it, and the artifact's contract.

    Attributes:
        frame: as the camera gave it; sound, see ``StoredFrame.make``.
        rotation: degrees clockwise to upright: 0, 90, 180 or 270.
        box: of the face, in the upright picture (after the mirror, where the contract has one); None: the whole picture.
        contract: of the artifact.
    """

    frame: StoredFrame
    rotation: int
    box: tuple[float, ...] | None
    contract: Contract
    _pictures: _Kept = field(default_factory=lambda: _Kept(_PICTURES), repr=False)
    _parts: _Kept = field(default_factory=lambda: _Kept(_PARTS), repr=False)
    _small: _Kept = field(default_factory=lambda: _Kept(_SMALL), repr=False)

    def scaled(self, steps: Steps = RIGHT) -> Scaled:
        """The face's part in the model's size, (height, width, 3) RGB, 0 to 255; with right steps these are integers.

        Raises:
            FrameError: nothing is left of the box.
        """
        key = steps.stride, steps.chroma, steps.matrix, steps.crop, steps.turn, steps.resize
        size = self.contract.input
        return self._small.get(key, lambda: resize(self._part(steps), steps.resize, size.width, size.height))

    def tensor(self, steps: Steps = RIGHT) -> NDArray[Any]:
        """What the engine gets, in the contract's shape and dtype; with right steps the same bytes as ``prepare``.

        Raises:
            FrameError: nothing is left of the box.
        """
        return make_tensor(self.scaled(steps), steps, self.contract)

    def _part(self, steps: Steps) -> NDArray[np.uint8]:
        colors = steps.stride, steps.chroma, steps.matrix
        stored = self._pictures.get(colors, lambda: to_rgb(self.frame, *colors))
        return self._parts.get(
            (*colors, steps.crop, steps.turn),
            lambda: turn(self._cut(stored, steps.crop), steps.turn, self.rotation),
        )

    def _cut(self, stored: NDArray[np.uint8], crop: str) -> NDArray[np.uint8]:
        camera = self.contract.camera
        upright = np.rot90(stored, -self.rotation // 90)
        place = Place(stored, upright[:, ::-1] if camera.mirror else upright, self.box, camera.crop_margin)
        part = CROPS[crop](place)
        if not part.size:
            raise FrameError("nothing is left of the box")
        return part


def make_tensor(scaled: Scaled, steps: Steps, contract: Contract) -> NDArray[Any]:
    """The engine's input of a scaled picture, by the steps that follow the scale.

    Args:
        scaled: (height, width, 3) RGB, 0 to 255.
        steps: which mistakes are made.
        contract: of the artifact.
    """
    values = to_channels(scaled, steps.order, steps.gray, contract.input.channels)
    if contract.input.channels == 1:
        values = np.rint(values)  # a gray picture is bytes
    real = SCALINGS[steps.scaling](LEVELS[steps.levels](values), Numbers.of(contract)).astype(np.float32)
    laid = lay_out(quantize(real, steps.quantization, contract), steps.layout, contract)
    return store(laid, steps.memory)
