"""The cable at every point: what is said, what is kept, what stays on the device, and what the next run repeats."""

import json

import pytest

from fer_edge.bench.targets.errors import DeviceError

# Where the fault strikes: the request that it answers, which one of them, and what the journal holds then.
TOOL = {
    "properties": ("echo @maker", 1, []),
    "look for the program": ("mkdir -p", 1, []),
    "push of the program": ("^SEND .*benchmark_model", 1, []),
    "proof of the program": ("mkdir -p", 2, []),
    "cool-down": ("echo @thermalservice", 1, ["started"]),
    "push of the model": ("^SEND .*tflite", 1, ["started"]),
    "proof of the model": ("mkdir -p", 4, ["started"]),
    "first run": ("--graph=", 1, ["started"]),
    "last run": ("--graph=", 3, ["started"]),
    "temperatures after": ("echo @thermalservice", 2, ["started"]),
    "second variant": ("--graph=", 5, ["started", "done", "started"]),
}
APP = {
    "properties": ("echo @maker", 1, []),
    "look for the app": ("pm path", 1, []),
    "cool-down": ("echo @thermalservice", 1, ["started"]),
    "start": ("am start", 1, ["started"]),
    "wait": ("pidof", 1, ["started"]),
    "hash of the result": ("sha256sum .*json", 1, ["started"]),
    "pull": ("^RECV", 1, ["started"]),
    "temperatures after": ("echo @thermalservice", 2, ["started"]),
    "second variant": ("am start", 2, ["started", "done", "started"]),
}
FAULTS = {
    "unplug": "unplugged",
    "offline": "offline",
    "unauthorized": "unauthorized",
    "recovery": "other-state",
    "no permissions": "no-permissions",
    "cut": "connection-lost",
    "reboot": "rebooted",
}
POINTS = [
    pytest.param(runner, *where, action, kind, id=f"{runner}-{action}-{stage}")
    for runner, stages in (("tool", TOOL), ("app", APP))
    for stage, where in stages.items()
    for action, kind in FAULTS.items()
    # Before the first look nobody knows the boot id.
    if not (action == "reboot" and stage == "properties")
]
RUNS = {"tool": 3, "app": 1}


def states(bench):
    return [json.loads(line)["state"] for line in bench.journal.read_text().splitlines()]


@pytest.mark.parametrize(("runner", "pattern", "nth", "journal", "action", "kind"), POINTS)
def test_a_broken_connection_leaves_no_partial_result(bench, runner, pattern, nth, journal, action, kind):
    rule = bench.server.inject(pattern, action, nth)
    with pytest.raises(DeviceError) as caught:
        bench.measure(runner)
    assert rule.fired
    assert caught.value.kind == kind, str(caught.value)
    assert caught.value.exit_code == 1
    assert "A1B2 (Phone 1)" in str(caught.value)
    assert states(bench) == journal
    if action in ("cut", "reboot"):
        assert bench.device.left == []
    else:
        assert any("could not be removed" in line for line in bench.told)

    # The cable is back: what was done stays done, what was in flight is repeated, nothing remains.
    bench.device.state = "device"
    bench.server.devices[:] = [bench.device]
    before = bench.device.runs
    result = bench.measure(runner)
    done = journal.count("done")
    assert bench.device.runs - before == RUNS[runner] * (2 - done)
    assert [record.variant for record in result.stage("inference")] == ["tflite-fp32", "tflite-int8"]
    assert result.complete
    assert states(bench) == [*journal, *["started", "done"] * (2 - done)]
    assert bench.device.left == []


@pytest.mark.parametrize(("runner", "pattern"), [("tool", "--graph="), ("app", "pidof")])
def test_a_restart_that_the_cable_did_not_show_is_found(bench, runner, pattern):
    bench.server.inject(pattern, "reboot-unseen")
    with pytest.raises(DeviceError) as caught:
        bench.measure(runner)
    assert caught.value.kind == "rebooted"
    assert states(bench) == ["started"]


def test_a_clock_that_runs_backwards_tells_a_restart_where_no_boot_id_is_shown(bench):
    boot = bench.device.root / "proc/sys/kernel/random/boot_id"
    boot.unlink()
    bench.server.inject("--graph=", lambda device: device.file("proc/uptime", "10.00 5.00\n"))
    with pytest.raises(DeviceError) as caught:
        bench.measure()
    assert caught.value.kind == "rebooted"


def test_no_boot_id_and_no_clock_is_no_verdict(bench):
    (bench.device.root / "proc/sys/kernel/random/boot_id").unlink()
    (bench.device.root / "proc/uptime").unlink()
    result = bench.measure()
    assert result.trusted
    assert result.artifacts[0].extra["after"]["uptime"] == "unknown"


@pytest.mark.parametrize(("runner", "pattern"), [("tool", "--graph="), ("app", "pidof")])
def test_a_device_that_hangs_is_given_up(bench, runner, pattern, monkeypatch):
    if runner == "app":  # waits a minute longer than the app may take
        monkeypatch.setattr("fer_edge.bench.targets.demo_app.GRACE", 0.0)
    bench.server.inject(pattern, "hang")
    with pytest.raises(DeviceError) as caught:
        bench.measure(runner, device_timeout="1")
    assert caught.value.kind == "timeout"
    assert states(bench) == ["started"]
    assert bench.device.left == []
