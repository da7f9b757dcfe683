"""Images a second of training, and what limits them.

    python benchmarks/studies/training_throughput.py --out results/training_throughput_cpu.json

ResNet-152 at 224x224x3 and ``fer_mini`` at 64x64x1, on the GPU if there is one (precision, memory layout and
``torch.compile`` switched on one after another), else on one CPU thread with few steps and small batches. Three things
run alone: the step (forward, backward, AdamW) on crops that are there already; the augmentation; the crops out of
decoded 640x480 pictures, by worker processes through ``fer_edge.runtime.camera`` and on the device through
``fer_edge.train.data.device_camera``. The slowest of the three limits a training. ``fer-train`` makes crops once, before
the first epoch, so there they cost once a training, not once an epoch; decoding of JPEG files is not in it.

On a CPU, images a CPU second stand beside images a second: a busy machine changes the latter.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import numpy as np
import torch
from machine import machine
from runner import Asked, Document, option, study
from torch import Tensor
from torch.nn import functional

from fer_edge.runtime.camera import scaled as by_the_path
from fer_edge.runtime.frame import Frame
from fer_edge.train.data import device_camera
from fer_edge.train.data.arrays import cores
from fer_edge.train.data.augmentation import augment, augmentation
from fer_edge.train.data.batch_augmentation import BATCHED
from fer_edge.train.models import build

WIDTH, HEIGHT, MARGIN, CLASSES = 640, 480, 0.1, 8


@dataclass(frozen=True)
class Case:
    """A network and how it is trained.

    Attributes:
        network: by name.
        side: of the input.
        channels: of the input.
        batch: images a step.
        precision: ``32-true`` or ``bf16-mixed``.
        channels_last: memory layout.
        compiled: by ``torch.compile``.
    """

    network: str
    side: int
    channels: int
    batch: int
    precision: str = "32-true"
    channels_last: bool = False
    compiled: bool = False


def run(asked: Asked) -> Document:
    """Every network: its step in all cases, then the way of its data."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu":
        torch.set_num_threads(1)
    workers = asked.workers or cores()
    steps, data = [], []
    for name, side, channels, batch in sizes(device):
        for case in cases(Case(name, side, channels, batch), device):
            steps.append(step_row(case, device, asked.steps))
            print(json.dumps(steps[-1]), flush=True)
        data.append(data_row(name, side, channels, batch, device, workers))
        print(json.dumps(data[-1]), flush=True)
    document = {"machine": machine() | accelerator(device), "workers": workers, "steps": steps, "data": data}
    return {**document, "limits": [limit(document, row) for row in data]}


def accelerator(device: torch.device) -> dict[str, Any]:
    """The device and torch's version."""
    if device.type == "cpu":
        return {"gpu": None, "torch": torch.__version__.partition("+")[0], "threads": torch.get_num_threads()}
    return {"gpu": torch.cuda.get_device_name(device), "torch": torch.__version__, "cuda": torch.version.cuda}


def sizes(device: torch.device) -> tuple[tuple[str, int, int, int], ...]:
    """Network, side, channels, batch."""
    if device.type == "cpu":
        return (("fer_mini", 64, 1, 64), ("resnet152", 224, 3, 4))
    return (("fer_mini", 64, 1, 1024), ("resnet152", 224, 3, 128))


def cases(plain: Case, device: torch.device) -> Iterator[Case]:
    """One switch after another; a large network is compiled on a GPU only: on a CPU that takes minutes."""
    yield plain
    yield replace(plain, channels_last=True)
    yield replace(plain, channels_last=True, precision="bf16-mixed")
    if device.type == "cuda" or plain.side <= 64:
        yield replace(plain, channels_last=True, compiled=True)
    if device.type == "cuda":
        yield replace(plain, channels_last=True, precision="bf16-mixed", compiled=True)


def step_row(case: Case, device: torch.device, steps: int) -> dict[str, Any]:
    """Images a second of one case, or why there are none."""
    row = dict(vars(case))
    try:
        return row | rates(
            step_of(case, device), case.batch, device, steps or (30 if device.type == "cuda" else 3)
        )
    except Exception as error:  # noqa: BLE001 - a compiler that is missing is a finding, not a failure
        return row | {"failed": f"{type(error).__name__}: {str(error).splitlines()[0][:160]}"}


def step_of(case: Case, device: torch.device) -> Callable[[], object]:
    """One step on crops that are there already."""
    torch.manual_seed(0)
    layout = torch.channels_last if case.channels_last else torch.contiguous_format
    network = build(case.network, num_classes=CLASSES, channels=case.channels).to(device)
    network.to(memory_format=layout)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4)
    images = torch.randn(case.batch, case.channels, case.side, case.side, device=device).to(
        memory_format=layout
    )
    labels = torch.full((case.batch, CLASSES), 1 / CLASSES, device=device)
    if case.compiled:
        network.compile()
    mixed = case.precision == "bf16-mixed"

    def step() -> None:
        with _autocast(device, mixed=mixed):
            loss = functional.cross_entropy(network(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def _autocast(device: torch.device, *, mixed: bool) -> AbstractContextManager[Any]:
    return torch.autocast(device.type, torch.bfloat16) if mixed else nullcontext()


def rates(action: Callable[[], object], images: int, device: torch.device, times: int) -> dict[str, Any]:
    """Median over ``times`` calls after two (CPU: one) that warm up."""
    for _ in range(2 if device.type == "cuda" else 1):
        action()
    wall, busy = [], []
    for _ in range(times):
        _wait(device)
        started, used = time.perf_counter(), time.process_time()
        action()
        _wait(device)
        wall.append(time.perf_counter() - started)
        busy.append(time.process_time() - used)
    found = {"images_a_second": _round(images / median(wall)), "repeats": times}
    return found | ({"images_a_cpu_second": _round(images / median(busy))} if device.type == "cpu" else {})


def data_row(
    name: str, side: int, channels: int, batch: int, device: torch.device, workers: int
) -> dict[str, Any]:
    """Crops by worker processes, crops on the device, augmentation: each alone."""
    count = min(batch, 64)
    pictures = torch.randint(0, 256, (count, HEIGHT, WIDTH, 3), dtype=torch.uint8).to(device)
    boxes = [box(number) for number in range(count)]
    crops = device_camera.scaled(pictures, boxes, side, side, margin=MARGIN)
    crops = device_camera.gray(crops) if channels == 1 else crops
    transform = augmentation()
    form = (lambda: augment(crops, transform)) if device.type == "cpu" else (lambda: BATCHED["camera"](crops))

    def cut() -> Tensor:
        found = device_camera.scaled(pictures, boxes, side, side, margin=MARGIN)
        return device_camera.gray(found) if channels == 1 else found

    return {
        "network": name,
        "side": side,
        "channels": channels,
        "crops_by_workers": by_workers(side, workers) | {"processes": workers},
        "crops_on_device": rates(cut, count, device, 10),
        "augmentation": rates(form, count, device, 10),
    }


def box(number: int) -> tuple[float, float, float, float]:
    """Of a face in picture ``number``: 180 to 300 pixels wide."""
    x, y, width = 40 + 7 * (number % 16), 30 + 5 * (number % 8), 180 + 8 * (number % 16)
    return (float(x), float(y), float(x + width), float(y + width))


def by_workers(side: int, workers: int, seconds: float = 3.0) -> dict[str, float]:
    """The camera path in ``workers`` processes, crops sent back; a CPU second is one of all processes together."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        list(pool.map(cut_many, [(side, 2)] * workers))  # the processes' start
        started, done, busy = time.perf_counter(), 0, 0.0
        while time.perf_counter() - started < seconds:
            for crops, used in pool.map(cut_many, [(side, 64)] * workers):
                done, busy = done + len(crops), busy + used
        wall = time.perf_counter() - started
    return {"images_a_second": _round(done / wall), "images_a_cpu_second": _round(done / busy)}


def cut_many(task: tuple[int, int]) -> tuple[np.ndarray[Any, np.dtype[np.uint8]], float]:
    """The work of one process: crops of one decoded picture, (count, side, side, 3), and the CPU seconds they took."""
    side, count = task
    if "frame" not in _KEPT:
        pixels = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
        _KEPT["frame"] = Frame.from_rgb(pixels)
    frame, used = _KEPT["frame"], time.process_time()
    crops = np.stack([by_the_path(frame, side, side, box=box(n), crop_margin=MARGIN) for n in range(count)])
    return crops, time.process_time() - used


_KEPT: dict[str, Frame] = {}


def limit(document: Document, data: Document) -> Document:
    """The fastest step against the parts of the data's way; ``limited_by`` is the slowest.

    On a CPU in images a CPU second, since all parts share its cores; on a GPU in images a second, since the parts
    run beside each other.
    """
    unit = "images_a_second" if document["machine"]["gpu"] else "images_a_cpu_second"
    steps = [row for row in document["steps"] if row["network"] == data["network"] and "failed" not in row]
    parts = {
        "step": max(row[unit] for row in steps),
        "augmentation": data["augmentation"][unit],
        "crops by worker processes, made anew each epoch": data["crops_by_workers"][unit],
        "crops on the device, made anew each epoch": data["crops_on_device"][unit],
    }
    return {"network": data["network"], unit: parts, "limited_by": min(parts, key=parts.__getitem__)}


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _round(value: float) -> float:
    return float(f"{value:.3g}")


if __name__ == "__main__":
    study(
        run,
        option("--steps", 0, "measured steps of each case; GPU: 30, CPU: 3"),
        option("--workers", 0, "processes that make crops; one a core"),
        result="training_throughput_gpu" if torch.cuda.is_available() else "training_throughput_cpu",
    )
