"""The system while samples were taken: shares over the measuring windows only, not over the start-up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fer_edge.bench.measure.environment import UNKNOWN, MachineState, read_state


@dataclass(slots=True)
class SystemMonitor:
    """Readings before and after each window.

    Attributes:
        read: takes one reading.
        windows: begin and end of each.
    """

    read: Callable[[], MachineState] = read_state
    windows: list[tuple[MachineState, MachineState]] = field(default_factory=list)

    @contextmanager
    def window(self) -> Iterator[None]:
        """While the block runs, samples are taken."""
        begin = self.read()
        try:
            yield
        finally:
            self.windows.append((begin, self.read()))

    @property
    def seconds(self) -> float:
        """Of all windows."""
        return sum(end.at - begin.at for begin, end in self.windows)

    def pressure(self, resource: str) -> float | None:
        """Share of the time in which some task waited for the resource, 0 to 1; None: not shown."""
        pairs = [(begin.pressure.get(resource), end.pressure.get(resource)) for begin, end in self.windows]
        waits = [last - first for first, last in pairs if first is not None and last is not None]
        return sum(waits) / self.seconds if waits and self.seconds > 0 else None

    def steal(self) -> float | None:
        """Share of CPU time that a hypervisor gave to others, 0 to 1; None: not shown."""
        stolen = ticks = 0
        for begin, end in self.windows:
            if None in (begin.steal, end.steal, begin.ticks, end.ticks):
                return None
            stolen += (end.steal or 0) - (begin.steal or 0)
            ticks += (end.ticks or 0) - (begin.ticks or 0)
        return stolen / ticks if ticks > 0 else None

    def throttles(self) -> int | None:
        """Events in which the processor slowed itself down; None: not shown."""
        if not self.windows:
            return None
        first, last = self.windows[0][0].throttles, self.windows[-1][1].throttles
        return None if first is None or last is None else last - first

    def frequency_fall(self) -> float | None:
        """By what share the fastest CPU at the end is slower than at the end of the first window; None: not shown."""
        if not self.windows:
            return None
        first, last = self.windows[0][1].frequency, self.windows[-1][1].frequency
        return 1 - max(last) / max(first) if first and last and max(first) > 0 else None

    def warming(self) -> float | None:
        """Degrees Celsius a minute of the zone that warms up fastest; None: no zone is shown."""
        if not self.windows:
            return None
        begin, end = self.windows[0][0], self.windows[-1][1]
        minutes = (end.at - begin.at) / 60
        rises = [end.celsius[zone] - start for zone, start in begin.celsius.items() if zone in end.celsius]
        return max(rises) / minutes if rises and minutes > 0 else None

    def document(self) -> dict[str, Any]:
        """For the result's environment."""
        return {
            "measuring_seconds": round(self.seconds, 3),
            "pressure": {name: _shown(self.pressure(name), 4) for name in ("cpu", "memory", "io")},
            "steal": _shown(self.steal(), 5),
            "throttle_events": _shown(self.throttles(), 0),
            "frequency_mhz": self._ends(lambda state: list(state.frequency)),
            "thermal_zones_celsius": self._ends(lambda state: dict(state.celsius)),
            "celsius_a_minute": _shown(self.warming(), 2),
        }

    def _ends(self, show: Callable[[MachineState], object]) -> dict[str, object]:
        if not self.windows:
            return {"before": UNKNOWN, "after": UNKNOWN}
        return {"before": show(self.windows[0][0]) or UNKNOWN, "after": show(self.windows[-1][1]) or UNKNOWN}


def _shown(value: float | None, digits: int) -> float | str:
    return UNKNOWN if value is None else round(value, digits)
