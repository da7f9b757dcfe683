"""A trained CycleGAN as a file: both generators and what they were trained for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from fer_edge.runtime.atomic import write_bytes
from fer_edge.runtime.errors import CheckpointError
from fer_edge.train.checkpoint.safetensors_file import parse, serialize
from fer_edge.train.cyclegan.choices import Choices, Origin
from fer_edge.train.cyclegan.networks import Generator

if TYPE_CHECKING:
    from fer_edge.train.cyclegan.training import CycleGan

MODEL = "cyclegan.safetensors"
KEY = "fer_edge_cyclegan"
SCHEMA = "fer-edge-cyclegan/1"
LIBRARIES = ("torch", "numpy")


@dataclass(frozen=True)
class Direction:
    """One of a CycleGAN's two ways.

    Attributes:
        source: class that it begins with.
        target: class of what it makes.
        network: the generator.
    """

    source: str
    target: str
    network: nn.Module


@dataclass(frozen=True)
class Model:
    """A trained CycleGAN, as ``ambiguous`` and ``generate`` need it.

    Attributes:
        choices: of the training.
        origin: of the faces that it was trained on.
        directions: there and back.
        sha256: of the file.
    """

    choices: Choices
    origin: Origin
    directions: tuple[Direction, Direction]
    sha256: str

    def away_from(self, only: str | None) -> tuple[Direction, ...]:
        """The directions that begin with a class; both if ``only`` is None."""
        return tuple(way for way in self.directions if only in (None, way.source))


def write_model(folder: Path, gan: CycleGan, origin: Origin, data_sha256: str) -> Path:
    """Write ``cyclegan.safetensors``: equal weights and choices give equal bytes.

    Args:
        folder: an existing one.
        gan: trained.
        origin: of its faces.
        data_sha256: of the split.
    """
    state = {
        f"{name}.{key}": tensor
        for name in ("forward", "backward")
        for key, tensor in getattr(gan, name).state_dict().items()
    }
    about = {
        "schema": SCHEMA,
        "choices": asdict(gan.choices),
        "origin": asdict(origin),
        "data_sha256": data_sha256,
        "epochs": gan.epoch,
        "tools": {name: metadata.version(name) for name in LIBRARIES},
    }
    path = folder / MODEL
    write_bytes(path, serialize(state, {KEY: json.dumps(about, sort_keys=True)}))
    return path


def read_model(folder: Path) -> Model:
    """The model in a folder that ``fer-train cyclegan`` wrote.

    Raises:
        CheckpointError: absent, not sound, or not one of ours.
    """
    path = folder if folder.is_file() else folder / MODEL
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be read: {error.strerror}; fer-train cyclegan writes it after its last epoch"
        ) from error
    state, text = parse(data, str(path))
    try:
        about: dict[str, Any] = json.loads(text[KEY])
        choices, origin = Choices(**about["choices"]), _origin(about["origin"])
        networks = [_generator(choices, state, name) for name in ("forward", "backward")]
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path} is no CycleGAN of this project ({type(error).__name__})") from error
    there = Direction(choices.source, choices.target, networks[0])
    back = Direction(choices.target, choices.source, networks[1])
    return Model(choices, origin, (there, back), hashlib.sha256(data).hexdigest())


def _origin(stored: dict[str, Any]) -> Origin:
    return Origin(**{**stored, "classes": tuple(stored["classes"]), "settings": tuple(stored["settings"])})


def _generator(choices: Choices, state: dict[str, Any], name: str) -> Generator:
    network = Generator(choices.channels, choices.width, choices.blocks)
    prefix = f"{name}."
    own = {key.removeprefix(prefix): tensor for key, tensor in state.items() if key.startswith(prefix)}
    network.load_state_dict(own)
    return network.eval()
