"""Errors of devices: one sentence for each kind, so that a person knows which cable to touch.

:data:`SENTENCES` is the whole list (``docs/devices.md`` is compared with it). All end with exit code 1: a run that did not
come to its end has no figure that could be trusted or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fer_edge.runtime.errors import FerEdgeError

SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        # Before anything runs.
        "adb-missing": "the program adb was not found: install it (Debian: apt-get install adb) or put it into PATH",
        "adb-server": "the adb server does not answer and could not be started: {detail}; try adb kill-server, then adb devices",
        "no-device": "no Android device is connected: plug one in, allow USB debugging on it, and look at adb devices",
        "no-such-device": "no device has the serial {wanted}; connected: {found}",
        "several-devices": "{count} devices are connected, and none was named: {found}; choose one with --target adb:SERIAL",
        "unauthorized": "{device} has not allowed this computer{during}: unlock it and accept the question about USB debugging",
        "offline": "{device} is offline{during}: unplug and plug it again, or turn USB debugging off and on",
        "no-permissions": "this user may not open {device}{during}: install the udev rules (Debian: android-sdk-platform-tools-common)",
        "other-state": "{device} is in the state {state}{during}; needed: a started Android (adb reboot leads back to it)",
        "unplugged": "{device} went away{during}: unplugged or restarting; nothing of this run is kept, connect it and run again",
        "connection-lost": "the connection to {device} broke{during}, though it is there again; nothing of this run is kept, run again",
        "rebooted": "{device} restarted{during} (its boot id changed); nothing of this run is kept, run again",
        "timeout": "{device} did not finish {what} within {seconds:g} s{during}; nothing of this run is kept",
        # Files.
        "storage-full": "the storage of {device} is full: {path} needs {bytes} bytes; free some and run again",
        "permission-denied": "{device} does not let us write {path}: {detail}",
        "push-failed": "{path} could not be copied to {device}: {detail}",
        "pull-failed": "{path} could not be copied from {device}: {detail}",
        "hash-mismatch": "{path} on {device} has SHA-256 {found} after copying, but {wanted} was sent; try another cable or port",
        "hash-unreadable": "{device} cannot compute SHA-256 (sha256sum: {detail}), so that no copied file can be proven",
        # The runner.
        "taskset-missing": "{device} has no taskset, so that cores cannot be chosen: use --cores all",
        "topology-unreadable": "{device} does not show which cores are fast (no cpu_capacity, no cpuinfo_max_freq): use --cores all",
        "one-kind-of-core": "all {count} cores of {device} are of one kind: use --cores all",
        "too-few-cores": "{threads} threads do not fit the {count} {kind} cores of {device}: fewer --threads, or --cores all",
        "pinning-refused": "{device} refused to run on the {kind} cores (taskset {mask}: {detail}): use --cores all",
        "app-cores": "an app's process cannot be given cores without root: use --cores all, or --benchmark-model PATH",
        "runner-unreadable": "--benchmark-model {path} cannot be read: {detail}",
        "not-executable": "--benchmark-model {path} is not a program for Linux or Android (no ELF file)",
        "wrong-architecture": "--benchmark-model {path} is built for {found}, but {device} needs {wanted}",
        "not-startable": "{device} cannot start {runner}: {detail}",
        "runner-format": "{runner} runs none of {found}; allowed: {allowed} (choose with --variant)",
        "runner-engine": "{runner} does not take the engine {engine}; allowed: {allowed}",
        "runner-mode": "{runner} cannot measure --{mode}; allowed: {allowed}",
        "runner-crashed": "{runner} crashed on {device} ({ending}): {detail}",
        "runner-failed": "{runner} stopped on {device} with exit code {code}: {detail}",
        "app-missing": "the app {package} is not installed on {device}: adb install android_demo/app/target/fer-edge-arm64.apk",
        "app-not-started": "{device} did not start the app's benchmark: {detail}",
        "app-refused": "the app on {device} could not measure {variant}: {detail}",
        "app-gone": "the app on {device} ended before it wrote its result (closed, or stopped for memory); run again",
        "other-bundle": "the app on {device} holds another bundle ({found}) than the one to be measured ({wanted}): pack it anew",
        "python-missing": "{device} has no {python}: install Python 3.11 or newer there, or name one with --remote-python",
        "python-old": "{python} on {device} is {found}; needed: 3.11 or newer (name another with --remote-python)",
        "library-missing": "{device} lacks a Python library: {detail}; install numpy and ai-edge-litert (or tflite-runtime) there",
        # The result.
        "result-truncated": "the result from {device} is not whole ({detail}); nothing of this run is kept, run again",
        "result-other": "the result from {device} is not what was asked for: {detail}",
        # By ssh.
        "ssh-missing": "the program ssh was not found: install it (Debian: apt-get install openssh-client)",
        "host-unknown": "the host {device} cannot be found: {detail}",
        "host-unreachable": "the host {device} does not answer: {detail}",
        "host-key": "the key of {device} is not the known one, or none is known: connect once with ssh {device} and compare it",
        "not-admitted": "{device} did not admit this user without a password: {detail}; set a key up (ssh-copy-id {device})",
    }
)


class DeviceError(FerEdgeError):
    """A device, its cable or its runner is at fault.

    Attributes:
        kind: key of :data:`SENTENCES`.
    """

    def __init__(self, kind: str, /, **values: object) -> None:
        """Fill the kind's sentence in; ``stage`` becomes ``during``, empty without one."""
        stage = values.pop("stage", "")
        super().__init__(SENTENCES[kind].format(during=f" during the {stage}" if stage else "", **values))
        self.kind = kind


def last_line(text: str, otherwise: str = "it said nothing") -> str:
    """The last line that says something, short enough for a sentence."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return ascii(lines[-1][:200])[1:-1] if lines else otherwise
