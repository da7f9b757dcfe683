"""Energy that the processor package counted (RAPL, Linux powercap), where this process may read it."""

from __future__ import annotations

from pathlib import Path


class Energy:
    """The counters of all packages.

    Args:
        root: of the file system; another one in tests.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        folder = root / "sys/class/powercap"
        # intel-rapl:0 is a package (AMD's carry the name too); intel-rapl:0:1 is a part of it and would count twice.
        found = sorted(folder.glob("intel-rapl:*")) if folder.is_dir() else []
        self._packages = [zone for zone in found if zone.name.count(":") == 1]
        if self.read() is None:
            self._packages = []

    @property
    def shown(self) -> bool:
        """True where there is a counter to read."""
        return bool(self._packages)

    def read(self) -> list[int] | None:
        """Microjoules of each package so far; None where nothing may be read."""
        try:
            values = [int((zone / "energy_uj").read_text(encoding="ascii")) for zone in self._packages]
        except (OSError, ValueError):
            return None
        return values or None

    def joules(self, before: list[int] | None, after: list[int] | None) -> float | None:
        """Energy between two readings; a counter that wrapped counts from its range."""
        if before is None or after is None:
            return None
        total = 0
        for zone, first, last in zip(self._packages, before, after, strict=True):
            total += last - first if last >= first else last + self._range(zone) - first
        return total * 1e-6

    def _range(self, zone: Path) -> int:
        try:
            return int((zone / "max_energy_range_uj").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return 0
