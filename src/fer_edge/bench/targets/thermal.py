"""Temperatures, thermal status and frequencies before and after a run, and the wait until a device is cool."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fer_edge.bench.targets.connection import Connection
from fer_edge.bench.targets.device import UNKNOWN, split_sections

STATUS = ("none", "light", "moderate", "severe", "critical", "emergency", "shutdown")
"""Android's words for thermal status 0 to 6 (``PowerManager.THERMAL_STATUS_*``); light already throttles."""
START_CELSIUS = {"skin": 38.0, "battery": 38.0, "zone": 55.0}
"""Cool enough to begin, by what is measured: the case and the battery lag behind, a chip's own zones idle at 40 to 50."""
_HOTTEST = 150.0
_SCRIPT = """
echo @boot; cat /proc/sys/kernel/random/boot_id 2>/dev/null
echo @uptime; cat /proc/uptime 2>/dev/null
echo @load; cat /proc/loadavg 2>/dev/null
echo @thermalservice; dumpsys thermalservice 2>/dev/null
echo @battery; dumpsys battery 2>/dev/null
echo @throttled; vcgencmd get_throttled 2>/dev/null
echo @zones; for zone in /sys/class/thermal/thermal_zone*; do
echo "$(cat $zone/type 2>/dev/null || echo -)" "$(cat $zone/temp 2>/dev/null || echo -)"; done
echo @frequencies; for core in /sys/devices/system/cpu/cpu[0-9]*/cpufreq; do
echo "$(cat $core/scaling_cur_freq 2>/dev/null || echo -)" "$(cat $core/scaling_max_freq 2>/dev/null || echo -)"; done
"""


@dataclass(frozen=True, slots=True)
class ThermalState:
    """One look at the device; None where it does not show something.

    Attributes:
        boot: changes with each start.
        uptime: seconds since then.
        source: what ``celsius`` is of: ``skin``, ``battery`` or ``zone`` (the hottest).
        celsius: its temperature.
        status: Android's thermal status, 0 to 6.
        throttled: a Raspberry Pi's flags of now (under-voltage, capped, throttled, soft limit).
        battery_percent: its charge.
        load: processes that wait or run, mean of the last minute.
        frequencies: kHz now, by core.
        limits: kHz allowed at most now, by core.
    """

    boot: str | None = None
    uptime: float | None = None
    source: str | None = None
    celsius: float | None = None
    status: int | None = None
    throttled: int | None = None
    battery_percent: int | None = None
    load: float | None = None
    frequencies: tuple[int, ...] = ()
    limits: tuple[int, ...] = ()

    def members(self) -> dict[str, Any]:
        """For ``extra``: what is not shown reads ``unknown``; the boot id is nobody else's business."""
        return {
            name: UNKNOWN if value is None or value == () else value
            for name, value in asdict(self).items()
            if name != "boot"
        }


def read_state(connection: Connection, stage: str) -> ThermalState:
    """Look once.

    Raises:
        DeviceError: the connection broke.
    """
    return parse(connection.run(_SCRIPT, stage=stage).out)


def parse(text: str) -> ThermalState:
    """The state in the script's output; nonsense counts as not shown."""
    said = split_sections(text)
    service, battery = said.get("thermalservice", ""), said.get("battery", "")
    source, celsius = _temperature(service, battery, said.get("zones", ""))
    pairs = [line.split() for line in said.get("frequencies", "").splitlines()]
    complete = [pair for pair in pairs if len(pair) == 2 and all(word.isdecimal() for word in pair)]
    status = _number(r"Thermal Status: (\d)\b", service)
    throttled = re.search(r"throttled=0x([0-9a-fA-F]{1,8})\b", said.get("throttled", ""))
    charge = _number(r"(?m)^\s*level: (\d{1,3})$", battery)
    uptime, load = (_number(r"\A(\d+(?:\.\d+)?)\s", said.get(name, "")) for name in ("uptime", "load"))
    return ThermalState(
        boot=said.get("boot") or None,
        uptime=uptime,
        source=source,
        celsius=celsius,
        status=None if status is None or status >= len(STATUS) else int(status),
        throttled=int(throttled[1], 16) & 0xF if throttled else None,
        battery_percent=None if charge is None or charge > 100 else int(charge),
        load=load,
        frequencies=tuple(int(pair[0]) for pair in complete),
        limits=tuple(int(pair[1]) for pair in complete),
    )


def _number(pattern: str, text: str) -> float | None:
    found = re.search(pattern, text)
    return float(found[1]) if found else None


def _temperature(service: str, battery: str, zones: str) -> tuple[str | None, float | None]:
    # The current values come last: a section of cached ones stands before it.
    skins = [float(value) for value in re.findall(r"mValue=(-?\d+(?:\.\d+)?), mType=3\b", service)]
    tenths = _number(r"(?m)^\s*temperature: (-?\d{1,4})$", battery)
    celsius = [
        int(value) / 1000 if abs(int(value)) > 1000 else float(value)
        for value in re.findall(r"(?m)\s(-?\d{1,6})$", zones)
    ]
    sane = [value for value in celsius if 0 < value < _HOTTEST]
    for source, value in (
        ("skin", skins[-1] if skins else None),
        ("battery", None if tenths is None else tenths / 10),
        ("zone", max(sane) if sane else None),
    ):
        if value is not None and 0 < value < _HOTTEST:
            return source, value
    return None, None


def cool_down(
    connection: Connection,
    start: float | None,
    seconds: float,
    tell: Callable[[str], None],
    *,
    every: float = 5.0,
) -> ThermalState:
    """Wait until the device is cool, at most ``seconds``.

    Args:
        connection: to the device.
        start: degrees Celsius; None: by what is measured, ``START_CELSIUS``.
        seconds: the longest wait.
        tell: is told what is waited for.
        every: seconds between looks.

    Returns:
        The last state, which is that before the run; where no temperature is shown, at once.

    Raises:
        DeviceError: the connection broke.
    """
    end = time.monotonic() + seconds
    while True:
        found = read_state(connection, "wait for a cool device")
        limit = start_limit(found, start)
        if found.celsius is None or limit is None or found.celsius <= limit or time.monotonic() >= end:
            return found
        tell(f"{connection.label}: {found.source} {found.celsius:.1f} C; waiting for {limit:.1f} C")
        time.sleep(min(every, max(0.0, end - time.monotonic())))


def start_limit(state: ThermalState, start: float | None) -> float | None:
    """The temperature below which a run may begin."""
    return start if start is not None else START_CELSIUS.get(state.source or "")


def find_doubts(before: ThermalState, after: ThermalState, start: float | None) -> list[str]:
    """Reasons not to trust what ran between the two; what is not shown is no verdict."""
    found = []
    limit = start_limit(before, start)
    if before.celsius is not None and limit is not None and before.celsius > limit:
        found.append(
            f"the run began at {before.celsius:.1f} C ({before.source}) though {limit:.1f} C was wanted: "
            "wait longer (--cool-down), or cool the device"
        )
    for name, look in (("before", before), ("after", after)):
        if look.status:
            found.append(
                f"thermal status {look.status} ({STATUS[look.status]}) {name} the run: let the device cool and measure again"
            )
        if look.throttled:
            found.append(
                f"the board was throttled {name} the run (flags 0x{look.throttled:x}): check power supply and cooling"
            )
    if _fell(before.limits, after.limits):
        found.append("the frequency limit fell during the run: let the device cool and measure again")
    return found


def _fell(before: Sequence[int], after: Sequence[int]) -> bool:
    return len(before) == len(after) and any(then > now for then, now in zip(before, after, strict=True))
