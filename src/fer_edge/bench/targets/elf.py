"""For which processor a program is built: the first bytes of an ELF file (System V ABI, chapter 4, ``e_machine``)."""

from __future__ import annotations

from pathlib import Path

from fer_edge.bench.targets.faults import DeviceFault

MACHINES = {3: "i686", 40: "armv7l", 62: "x86_64", 183: "aarch64", 243: "riscv64"}
"""``e_machine`` by what ``uname -m`` calls it."""
_OLDER = {"aarch64": ("armv8l", "armv7l"), "x86_64": ("i686",)}
"""Programs of the shorter word that a processor may run too."""


def machine_of(path: Path) -> str:
    """The processor.

    Raises:
        DeviceFault: not readable, or no ELF program.
    """
    try:
        with path.open("rb") as file:
            head = file.read(20)
    except OSError as error:
        raise DeviceFault("runner-unreadable", path=path, detail=error.strerror or error) from None
    if len(head) < 20 or head[:4] != b"\x7fELF" or head[5] not in (1, 2):
        raise DeviceFault("not-executable", path=path)
    number = int.from_bytes(head[18:20], "little" if head[5] == 1 else "big")
    return MACHINES.get(number, f"ELF machine {number}")


def check_machine(path: Path, machine: str, device: str) -> None:
    """Refuse a program that the device cannot run; a device that does not say what it is tries.

    Raises:
        DeviceFault: of another processor.
    """
    found = machine_of(path)
    known = machine in MACHINES.values() or machine in ("armv8l", "arm64")
    wanted = "aarch64" if machine == "arm64" else machine
    if known and found not in (wanted, *_OLDER.get(wanted, ())):
        raise DeviceFault("wrong-architecture", path=path, found=found, device=device, wanted=wanted)
