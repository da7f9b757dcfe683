"""A scripted Android device: a folder as its storage, a real shell for its commands, small scripts as its programs."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "io.github.feredge.app"
FILES = f"/sdcard/Android/data/{PACKAGE}/files"
_ROOTED = re.compile(r"(?<![\w.])/(data|sdcard|sys|proc)/")
_TOOL = re.compile(r"(\S*-benchmark_model)(?= --)")
_HOST_PROGRAMS = (
    "sh",
    "cat",
    "rm",
    "mkdir",
    "chmod",
    "wc",
    "tr",
    "date",
    "sleep",
    "true",
    "sha256sum",
    "sed",
    "kill",
)

PROPERTIES = {
    "ro.product.manufacturer": "Acme", "ro.product.model": "Phone 1", "ro.build.version.release": "14",
    "ro.build.version.sdk": "34", "ro.product.cpu.abi": "arm64-v8a", "ro.hardware": "acme", "ro.soc.model": "AC1",
}  # fmt: skip

BENCHMARK_MODEL = r"""#!/bin/sh
# What benchmark_model of TensorFlow 2.16 prints.
for word in "$@"; do case $word in
--graph=*) graph=${word#*=};; --num_runs=*) runs=${word#*=};; --report_peak_memory_footprint=*) memory=${word#*=};;
--num_threads=*) threads=${word#*=};; esac; done
echo run >>"$ROOT/runs"; n=$(wc -l <"$ROOT/runs"); n=$((n))
[ -f "$graph" ] || { echo "ERROR: Could not open '$graph'."; echo "ERROR: Benchmarking failed."; exit 1; }
echo "INFO: STARTING!"
echo "INFO: Num threads: [$threads]"
echo "INFO: Loaded model $graph"
echo "INFO: Initialized session in 4.521ms."
echo "INFO: Running benchmark for at least 1 iterations and at least 0.5 seconds but terminate if exceeding 150 seconds."
echo "INFO: count=34 first=2823 curr=1410 min=1402 max=2823 avg=1480.5 std=240 p5=1403 median=1425 p95=1800"
echo
echo "INFO: Running benchmark for at least $runs iterations and at least 0 seconds but terminate if exceeding 150 seconds."
if [ "$runs" = 1 ]; then echo "INFO: count=1 curr=$((1400 + n))"
else echo "INFO: count=$runs first=1500 curr=1390 min=1390 max=1500 avg=$((1400 + n)) std=21 p5=1391 median=1399 p95=1490"; fi
echo
echo "INFO: Inference timings in us: Init: 4521, First inference: 2823, Warmup (avg): 1480.5, Inference (avg): $((1400 + n))"
echo "INFO: Note: as the benchmark tool itself affects memory footprint, the following is only APPROXIMATE to the actual memory footprint of the model at runtime. Take the information at your discretion."
echo "INFO: Memory footprint delta from the start of the tool (MB): init=2.5 overall=8.25"
[ "$memory" = true ] && echo "INFO: Overall peak memory footprint (MB) via periodic monitoring: 13.5"
exit 0
"""

AM = r"""#!/bin/sh
[ "$1" = force-stop ] && { rm -f "$ROOT/running"; exit 0; }
while [ $# -gt 0 ]; do case $1 in
-n) component=$2; shift;; --es|--ei) eval "$2=\$3"; shift 2;; esac; shift; done
echo "Starting: Intent { cmp=$component }"
[ -f "$ROOT/no-activity" ] && { echo "Error type 3"; echo "Error: Activity class {$component} does not exist."; exit 1; }
echo run >>"$ROOT/runs"
touch "$ROOT/running"
folder="$ROOT/sdcard/Android/data/io.github.feredge.app/files"; mkdir -p "$folder"
[ -f "$ROOT/app-dies" ] && rm -f "$ROOT/running"
[ -f "$ROOT/app-refuses" ] && echo "variant $variant is not in this bundle" >"$folder/$output.error"
[ -f "$ROOT/app-dies" ] || [ -f "$ROOT/app-refuses" ] || [ -f "$ROOT/app-hangs" ] ||
    . "$ROOT/bin/app-result" >"$folder/$output"
echo "Status: ok"; echo "LaunchState: COLD"; echo "TotalTime: 312"; echo "Complete"
"""

APP_RESULT = r"""
samples() { printf '0.00%s' $((1000 + $1)); i=1; while [ $i -lt "$2" ]; do printf ',0.00%s' $((1000 + i)); i=$((i + 1)); done; }
record() { printf '{"variant":"%s","engine":"TensorFlow Lite 2.16.1, cpu","threads":%s,"stage":"%s","unit":"seconds","samples":[%s],"trusted":true,"reasons":[]}' "$variant" "$threads" "$1" "$(samples 7 "$2")"; }
printf '{"schema":"fer-edge-bench/1","bundle_sha256":"%s","environment":{"device":"Acme Phone 1, Android 14 (SDK 34)","cores":8},"records":[' "$(cat "$ROOT/bundle")"
record load 1; printf ,; record first 1; printf ,; record inference "$runs"; printf ,; record camera "$runs"; printf ,; record whole "$runs"
printf ']}'
"""

TOOLS = {
    "uname": '[ "$1" = -m ] && echo aarch64 || echo 5.15.0',
    "getprop": 'sed -n "s/^$1=//p" "$ROOT/properties"',
    "settings": "echo 0",
    "input": ":",
    "dumpsys": 'cat "$ROOT/dumpsys-$1" 2>/dev/null || echo "Can\'t find service: $1"',
    "pm": '[ -f "$ROOT/no-app" ] && exit 1; echo package:/data/app/base.apk',
    "pidof": '[ -f "$ROOT/running" ] && echo 4711',
    "taskset": 'mask=$1; shift; echo "$mask" >>"$ROOT/masks"; exec "$@"',
    # Android's kernel would start the pushed program; here a script stands for it, with the file's rights kept.
    "start-tool": '[ -x "$1" ] || { echo "sh: $1: Permission denied"; exit 126; }; exec "$ROOT/bin/benchmark_model" "$@"',
}


@dataclass
class FakeDevice:
    """The device; tests change its files, state and programs."""

    root: Path
    serial: str = "A1B2"
    model: str = "Phone_1"
    features: str = "shell_v2,cmd,stat_v2,ls_v2,fixed_push_mkdir"
    state: str = "device"

    def __post_init__(self):
        (self.root / "bin").mkdir(parents=True)
        for name, text in TOOLS.items():
            self.program(name, f"#!/bin/sh\n{text}\n")
        self.program("benchmark_model", BENCHMARK_MODEL)
        self.program("am", AM)
        self.program("app-result", APP_RESULT)
        for name in _HOST_PROGRAMS:
            (self.root / "bin" / name).symlink_to(shutil.which(name))
        self.file("properties", "".join(f"{name}={value}\n" for name, value in PROPERTIES.items()))
        self.file("data/local/tmp/.keep", "")
        self.boots = 0
        self.reboot()
        self.file("proc/uptime", "1000.00 5000.00\n")
        self.file("proc/loadavg", "0.50 0.40 0.30 1/500 4711\n")
        self.cores([(250, 1800000)] * 4 + [(800, 2400000)] * 3 + [(1024, 2900000)])
        self.celsius(30.0)

    # -- how it is

    def file(self, path, text):
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        return place

    def program(self, name, text):
        place = self.root / "bin" / name
        place.unlink(missing_ok=True)
        place.write_text(text)
        place.chmod(0o755)

    def reboot(self):
        self.boots += 1
        self.file("proc/sys/kernel/random/boot_id", f"00000000-0000-4000-8000-{self.boots:012d}\n")

    def cores(self, kinds):
        shutil.rmtree(self.root / "sys/devices/system/cpu", ignore_errors=True)
        for number, (capacity, frequency) in enumerate(kinds):
            core = f"sys/devices/system/cpu/cpu{number}"
            self.file(f"{core}/online", "1\n")
            if capacity is not None:
                self.file(f"{core}/cpu_capacity", f"{capacity}\n")
            if frequency is not None:
                self.file(f"{core}/cpufreq/cpuinfo_max_freq", f"{frequency}\n")
                self.file(f"{core}/cpufreq/scaling_max_freq", f"{frequency}\n")
                self.file(f"{core}/cpufreq/scaling_cur_freq", f"{frequency}\n")

    def celsius(self, value, status=0):
        self.file("dumpsys-thermalservice",
            f"IsStatusOverride: false\nThermal Status: {status}\nCached temperatures:\n"
            f"\tTemperature{{mValue=99.0, mType=3, mName=skin, mStatus=0}}\nHAL Ready: true\nCurrent temperatures from HAL:\n"
            f"\tTemperature{{mValue=55.5, mType=0, mName=CPU0, mStatus=0}}\n"
            f"\tTemperature{{mValue={value}, mType=3, mName=skin, mStatus=0}}\n")  # fmt: skip
        self.file("dumpsys-battery", "Current Battery Service state:\n  level: 80\n  temperature: 285\n")

    @property
    def runs(self):
        place = self.root / "runs"
        return len(place.read_text().splitlines()) if place.exists() else 0

    @property
    def left(self):
        """What of ours lies on it."""
        ours = self.root / "data/local/tmp/fer-edge-bench"
        results = self.root / FILES[1:]
        return [path.name for folder in (ours, results) if folder.exists() for path in folder.iterdir()]

    # -- what the server asks

    def line(self):
        if self.state == "no permissions":
            reason = "no permissions (missing udev rules? user is in the plugdev group); see [http://developer.android.com/tools/device.html]"
            return f"{self.serial:<22} {reason} usb:1-1 transport_id:1\n"
        product = f" product:acme model:{self.model} device:acme" if self.state == "device" else ""
        return f"{self.serial:<22} {self.state} usb:1-1{product} transport_id:1\n"

    def shell(self, command):
        text = _TOOL.sub(r"start-tool \1", command)
        text = _ROOTED.sub(lambda found: f"{self.root}/{found[1]}/", text)
        environment = {"PATH": f"{self.root}/bin", "ROOT": str(self.root)}
        done = subprocess.run(
            ["/bin/sh", "-c", text], capture_output=True, env=environment, check=False, cwd=self.root
        )
        out, error = (part.replace(str(self.root).encode(), b"") for part in (done.stdout, done.stderr))
        return out, error, done.returncode if done.returncode >= 0 else 128 - done.returncode

    def _place(self, path):
        return self.root / path.lstrip("/")

    def read_file(self, path):
        place = self._place(path)
        return place.read_bytes() if place.is_file() else None

    def write_file(self, path, data, mode):
        place = self._place(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        place.chmod(mode & 0o777)
