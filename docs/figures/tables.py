"""The tables: what each row says of which result. A new study is a row, or a table of its own with a line in ``TABLES``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import networks
from results import Results


@dataclass(frozen=True)
class Row:
    """A line of a table of figures.

    Attributes:
        what: was measured.
        result: the file's name in benchmarks/results.
        figure: its words, from the results.
        goal: what was wanted; empty: nothing.
        missed: the goal was not reached, by the document or by the reader's own comparison.
    """

    what: str
    result: str
    figure: Callable[[Results], str]
    goal: str = ""
    missed: Callable[[Results], bool] = lambda _: False


def percent(share: float, digits: int = 1) -> str:
    """A share in the pages' words."""
    return f"{share * 100:.{digits}f} %"


def figures(*rows: Row) -> Callable[[Results], list[str]]:
    """A table of what, measured, goal, and the file behind it with the load of the machine.

    A row whose study has not been run yet is left out.
    """

    def lines(results: Results) -> list[str]:
        head = ["| what | measured | goal | result, load |", "|---|---|---|---|"]
        stored = [_line(results, row) for row in rows if results.has(row.result)]
        return head + stored if stored else ["Not stored yet."]

    return lines


def _line(results: Results, row: Row) -> str:
    figure = row.figure(results) + (", **missed**" if row.missed(results) else "")
    source = ", ".join(filter(None, (results.link(row.result), results.load(row.result))))
    return f"| {row.what} | {figure} | {row.goal} | {source} |"


def _import(statement: str) -> Callable[[Results], str]:
    return lambda r: f"{r.row('import_time', 'rows', statement=statement)['median_ratio']:.2f}"


def _camera(picture: str) -> Callable[[Results], str]:
    def words(results: Results) -> str:
        row = results.row("camera_path", "rows", picture=picture, way="fer_edge.runtime.prepare")
        return f"{row['median_seconds'] * 1e3:.2f} ms; {row['differing_bytes']}"

    return words


def _export_all(r: Results) -> str:
    found = r["export_time"]["all_variants_cold"]
    return f"{found['seconds']:.1f} s; {found['peak_pss_bytes'] / 1e9:.1f} GB"


def _mutants(r: Results) -> str:
    rows = {row["precision"]: row for row in r["mutation_score"]["precisions"]}
    words = {name: f"{row['caught']} of {row['matter']}" for name, row in rows.items()}
    planted = r["mutation_score"]["planted"]
    return f"{words['fp32']}; {', '.join(words[name] for name in ('fp16', 'w8', 'dynamic', 'int8'))}; of {planted} planted"


def _named_layers(r: Results) -> str:
    found = r["mutation_score"]["layer"]
    return f"{found['named']} of {found['asked']}" if found["asked"] else "not asked"


def _alarms(r: Results) -> str:
    return f"{r['false_alarms']['alarms']} of {r['false_alarms']['exports']}"


def _diagnosed(r: Results) -> str:
    rows = r["diagnose"]["rows"]
    kinds = [kind for row in rows for kind in row["kinds"].values()]
    named, judged = (sum(kind[word] for kind in kinds) for word in ("named", "judged"))
    return f"{named} of {judged}; worst row {percent(min(row['share'] for row in rows))}"


def _peers(r: Results) -> str:
    rows = r["int8_peers"]["rows"]
    return f"{sum(row.get('met', False) for row in rows)} of {len(rows)}"


def _export_cost(r: Results) -> str:
    found = r["export_cost"]
    return f"{found['cpu']['ratio']:.2f}; {found['memory']['ratio']:.2f}"


def _export_one(r: Results) -> str:
    found = r["export_time"]["tflite_fp32_cold"]
    seconds = sorted(found["fer_export_seconds"])
    return f"{found['ratio_of_medians']:.2f} ({seconds[len(seconds) // 2]:.1f} s)"


def _export_cpu(r: Results) -> str:
    found = r["export_cpu"]
    return f"{found['faces_drawn_anew_seconds'][0]:.0f} s; {found['faces_kept_seconds'][0]:.0f} s"


def _verify_time(r: Results) -> str:
    row = r["verify_time"]["rows"][0]
    return f"{max(row['cpu_seconds']):.0f} s ({', '.join(f'`{name}`' for name in row['variants'])})"


def _refused(r: Results) -> str:
    worst = r["hostile_pictures"]["worst"]
    number = sum(row["wanted"] == "refused" for row in r["hostile_pictures"]["rows"])
    return f"{number} refused; {worst['refused_mb']:.0f} MB, {worst['refused_seconds']:.2f} s"


def _largest(r: Results) -> str:
    turned = r.row("hostile_pictures", "rows", name="the same, turned by EXIF")["mb"]
    others = [
        row["mb"]
        for row in r["hostile_pictures"]["rows"]
        if row["wanted"] == "accepted" and row["name"] != "the same, turned by EXIF"
    ]
    return f"{turned:.1f} MB; {max(others):.0f} MB"


def _predict(r: Results) -> str:
    return "; ".join(f"{r.row('predict_cost', 'rows', side=side)['ratio']:.2f}" for side in (512, 2048))


def _int8_accuracy(r: Results) -> str:
    rows = [row for row in r["int8_accuracy"]["rows"] if "plain" not in row]
    worst = (min(row["ratio"] for row in rows if row["format"] == name) for name in ("tflite", "onnx"))
    return f"{', '.join(map(percent, worst))}; {sum(row['met'] for row in rows)} of {len(rows)}"


def _rules(r: Results) -> str:
    pays = r["int8_rules"]["pays"]
    return f"{pays['halfway']}; {pays['mse']}, {pays['mse beside halfway']}; {pays['bias']}"


def _rescaled(r: Results) -> str:
    rows = [row for row in r["int8_accuracy"]["rows"] if "plain" in row]
    pairs = (f"{percent(row['ratio'])} ({percent(row['plain'] / row['fp32'])})" for row in rows)
    return ", ".join(pairs)


def _is_missed(r: Results, *, rescaled: bool) -> bool:
    return any(not row["met"] for row in r["int8_accuracy"]["rows"] if ("plain" in row) == rescaled)


def _boxes(r: Results) -> str:
    """The worse of larger and smaller, over all models."""

    def share(*boxes: str) -> str:
        found = r["face_boxes"]
        rows = [row for model in found["models"] for row in model["changes"] if row["box"] in boxes]
        return percent(max(row["other_first_guess"] for row in rows) / found["faces"], 0)

    return f"{share('90 %', '110 %')}; {share('80 %', '120 %')}"


def _clear(r: Results) -> str:
    found = r["fer-mini.training"]["test"]["clear"]
    return f"{percent(found['top1'])}, {percent(min(found['per_class'].values()))}"


def _people(r: Results) -> str:
    found = r["photographs"]["models"]["built-in"]
    return f"{percent(found['agreement'])}; {percent(found['by_class']['neutral']['share'])}"


def _imports(r: Results) -> str:
    rows = r["imports"]["rows"]
    met = [row["max_abs"] for row in rows if row["met"]]
    return f"{len(met)} of {len(rows)}; {max(met):.1e}"


GENERAL = figures(
    Row("`import fer_edge.runtime` / `import numpy` (names load when first used)", "import_time",
        _import("import fer_edge.runtime"), "1.25"),
    Row("the same with `Frame, load, prepare`", "import_time",
        _import("from fer_edge.runtime import Frame, load, prepare")),
    Row("camera path, NV21 640x480 rotated to 224 RGB, crop; bytes that differ", "camera_path",
        _camera("crop 200x200"), "2 ms; 0"),
    Row("the same, whole picture", "camera_path", _camera("whole picture"), "5 ms; 0"),
    Row("`fer-export --format tflite`, cold / a bare litert-torch script", "export_time", _export_one, "1.25"),
    Row("all 33 variants of the built-in model, cold; summed PSS", "export_time", _export_all, "75 s; 3 GB"),
    Row("CPU time of an export in all 33 variants, each with its accuracy on 2,000 drawn faces: faces drawn anew; kept from before (`FER_EDGE_CACHE`)", "export_cpu",
        _export_cpu, "60 s", lambda r: not r["export_cpu"]["met"]),
    Row("`fer-verify` over the demo bundle, both verdicts, cold: CPU time", "verify_time", _verify_time, "60 s",
        lambda r: not r["verify_time"]["met"]),
    Row("networks of others, read from a Keras file and from ONNX files of other tools, that answer as the file in its own runtime (where "
        "rounding hides it, in float64) to 1e-5 with all first labels; the largest difference of these", "imports", _imports, "all",
        lambda r: not all(row["met"] for row in r["imports"]["rows"])),
    Row("int8 / fp32 accuracy on held-out drawn faces, built-in architectures under 15 M parameters: the lowest in TFLite, in ONNX; "
        "files that reach the goal", "int8_accuracy", _int8_accuracy, "99.5 %", partial(_is_missed, rescaled=False)),
    Row("the same of ResNet18 with channels rescaled by up to 10,000: TFLite, ONNX (the quantizers' own examples)", "int8_accuracy",
        _rescaled, "99 %", partial(_is_missed, rescaled=True)),
    Row("planted conversion faults that move a probability more than ten times as far as the right file, caught: fp32; fp16, w8, "
        "dynamic, int8", "mutation_score", _mutants, "99 %; 97 %; 600", lambda r: not r["mutation_score"]["enough"]["met"] or any(
            row.get("met") is False for row in r["mutation_score"]["precisions"])),
    Row("of those that the numbers of the file gave away: the right layer named", "mutation_score", _named_layers, "90 %",
        lambda r: r["mutation_score"]["layer"].get("met") is False),
    Row("right exports that the checks call wrong", "false_alarms", _alarms, "0 of 300", lambda r: not r["false_alarms"]["met"]),
    Row("mistakes of apps, made in seeded dumps, that `fer-verify diagnose` names first, with what is none", "diagnose", _diagnosed,
        "95 %", lambda r: any(row["share"] < 0.95 for row in r["diagnose"]["rows"])),
    Row("calibration of int8: networks whose mean difference falls by a tenth or more by ranges halfway (built); by least squares, beside halfway; by "
        "corrected biases", "int8_rules", _rules),
    Row("int8 beside plain ai-edge-quantizer, onnx2tf and `quantize_static` on unseen faces: rows (a network in a format) that are not worse",
        "int8_peers", _peers, "all", lambda r: not all(row.get("met") for row in r["int8_peers"]["rows"])),
    Row("TFLite and ONNX in one export / a bare script of the same converters: CPU time; memory", "export_cost", _export_cost,
        "1.25; 1.5", lambda r: not (r["export_cost"]["cpu"]["met"] and r["export_cost"]["memory"]["met"])),
    Row("hostile pictures (bombs, floods, cut files, other formats): memory and CPU time above idle, the worst",
        "hostile_pictures", _refused, "250 MB, 0.25 s"),
    Row("the largest pictures that are read: 50 megapixels turned by EXIF; all other kinds", "hostile_pictures",
        _largest, "400 MB", lambda r: r["hostile_pictures"]["worst"]["accepted_mb"] > 400),
    Row("`fer-predict` / a bare script without checks, CPU time, a JPEG of 512 px; of 2,048 px", "predict_cost",
        _predict, "1.15", lambda r: not r["predict_cost"]["met"]),
    Row("the built-in model on clear held-out drawn faces: right first guesses; of the worst class", "fer-mini.training",
        _clear, "95 %, 95 %"),
    Row("its agreement with a network that others trained, mean of five, on 288 held-back photographs of faces; of those that they call "
        "neutral", "photographs", _people, "65 %; 60 %", lambda r: not all(goal["met"] for goal in r["photographs"]["goals"])),
    Row("frontal drawn faces of 160 px that OpenCV's Haar cascade finds", "haar_detection",
        lambda r: percent(r['haar_detection']['rate']), "97 %"),
    Row("first guesses on photographs that change with a face box 10 % larger or smaller than the cascade's; 20 %", "face_boxes", _boxes),
)  # fmt: skip


def mutation(results: Results) -> list[str]:
    """Planted faults by precision and by format: how many, how many matter by each measure, how many of those were caught."""
    if not results.has("mutation_score"):
        return ["Not stored yet."]
    lines = [
        "| precision, format | planted | move ten times as far as the right file does on average: caught | as it does at most: caught | seen in an app: caught |",
        "|---|---|---|---|---|",
    ]
    document = results["mutation_score"]
    for row in (*document["precisions"], *document["formats"]):
        counts = (
            f"{row[f'{word}caught']} of {row[f'{word}matter']}" for word in ("", "strictly_", "visible_")
        )
        lines.append(f"| {row.get('precision') or row['format']} | {row['planted']} | {' | '.join(counts)} |")
    return lines


def survivors(results: Results) -> list[str]:
    """Kinds of planted faults that were not caught, with the reason."""
    if not results.has("mutation_score"):
        return ["Not stored yet."]
    found = results["mutation_score"]["survivors"]
    kinds = sorted({(row["kind"], row["why"]) for row in found})
    if not kinds:
        return ["None."]
    lines = ["| fault | files | why it is let through |", "|---|---|---|"]
    for kind, why in kinds:
        variants = sorted({row["variant"] for row in found if row["kind"] == kind})
        lines.append(f"| {kind.replace('_', ' ')} | {', '.join(variants)} | {why} |")
    return lines


def _naive(name: str) -> Callable[[Results], str]:
    return lambda r: percent(r.row("bench_naive_loops", "procedures", procedure=name)["largest_error"])


def _coverage(r: Results) -> str:
    found = r["bench_coverage"]
    shares = ", ".join(percent(row["resampled_coverage"]) for row in found["slow_downs"])
    return f"{shares}; {found['live_held']} of {found['live']}"


def _harness(r: Results) -> str:
    bare, *real = (row["added_seconds"] * 1e6 for row in r["bench_harness_cost"]["calls"])
    return f"{bare:.1f} us; {max(real):.1f} us"


def _detected(r: Results) -> str:
    found = r["bench_detection"]
    return f"{found['detected']} of {found['trials_made']}; median {found['median_seconds']:.0f} s"


def _aa(r: Results) -> str:
    found = r["bench_aa_pairs"]
    return f"{found['off_by_more_than_limit']} of {found['pairs']}; largest error {percent(found['largest_error'])}"


def _advice(r: Results) -> str:
    found = r["advisor"]
    return f"`{found['advised']}`; `{found['exhaustive_best']}` of {found['candidates']}"


BENCH = figures(
    Row("A/A pairs (`compare --quick`: a file with itself) off by more than 2 %, under `stress-ng --cpu 2`",
        "bench_aa_pairs", _aa, "1 %"),
    Row("95 % intervals that hold a known factor of 1, 3, 10 %: 300 trials each, resampled; live ones",
        "bench_coverage", _coverage, "92 to 98 %"),
    Row("+3 % noticed by one `compare --quick`", "bench_detection", _detected, "95 %, 60 s"),
    Row("cost of the timing loop a call: beside nothing; beside a real engine", "bench_harness_cost", _harness, "2 us"),
    Row("`fer-bench advise`; the exhaustive best", "advisor", _advice, "within 3 %"),
    *(Row(f"the same file against itself under stress, largest of 4 errors: {label}", "bench_naive_loops", _naive(name))
      for name, label in (("fer-bench", "fer-bench"), ("Ultralytics", "Ultralytics' loop (5 s)"),
                          ("mean of 50", "mean of 50"), ("benchmark_model", "`benchmark_model`'s procedure"))),
)  # fmt: skip


def _batch(r: Results) -> str:
    found = r["predict_batch"]
    rates = found["pictures_a_second"]
    return f"{found['ratio']:.2f} ({rates['fer-predict']:.0f} a second), {found['ratio_to_one_thread']:.2f}"


def _batch_memory(r: Results) -> str:
    found = r["predict_batch"]["memory"]
    return f"{found['growth']:.3f} ({found['early_mb']} MB, {found['late_mb']} MB)"


def _foreign(r: Results) -> str:
    found = r["foreign_pictures"]
    worst = found["worst"]
    return (
        f"{found['files']} files; {worst['refused_mb']:.0f} MB, {worst['refused_seconds']:.2f} s; "
        f"{len(found['cut_and_different'])} of {sum(found['cuts'].values())} cut ones"
    )


def _video(every: int) -> Callable[[Results], str]:
    def words(results: Results) -> str:
        row = results.row("video_stages", "rows", detector="haar", detect_every=every)
        stages = ", ".join(
            f"{stage} {took:.1f}" for stage, took in row["ms_per_frame"].items() if stage != "all"
        )
        return f"{row['frames_per_second']:.1f} ({stages} ms)"

    return words


def _video_missed(results: Results) -> bool:
    return not results.row("video_stages", "rows", detector="haar", detect_every=3)["met"]


def _vectors(study: str) -> Callable[[Results], str]:
    def words(results: Results) -> str:
        parts = (results[study]["vectors"], results[study]["random"])
        return "; ".join(f"{len(part['differing'])} of {part['cases']}" for part in parts)

    return words


def _vectors_missed(study: str) -> Callable[[Results], bool]:
    return lambda results: not (results[study]["vectors"]["met"] and results[study]["random"]["met"])


def _swift_times(r: Results) -> str:
    rows = [row for row in r["swift_core"]["records"] if row["part"] == "whole"]
    times = (
        f"{row['target']} {row['milliseconds']:.2f} ms ({row['jvm_milliseconds']:.2f} ms)" for row in rows
    )
    blocks = sum(row["allocations_in_1000_frames"] for row in r["swift_core"]["records"])
    return f"{', '.join(times)}; {blocks}"


def _first_answer(r: Results) -> str:
    first = r["web_page"]["first"]
    return f"{first['first_answer_ms'] / 1e3:.2f} s; {first['second_answer_ms']:.0f} ms"


def _page_camera(r: Results) -> str:
    def row(found: dict[str, Any]) -> str:
        stages = ", ".join(
            f"{name} {found[f'{stage}_ms']:.1f}"
            for stage, name in PAGE_STAGES.items()
            if found[f"{stage}_ms"]
        )
        return f"`{found['variant']}` {found['frames_a_second']:.0f} ({stages} ms)"

    return "; ".join(row(found) for found in r["web_page"]["camera"])


def _android_files(r: Results) -> str:
    rows = r["android_tflite"]["rows"]
    on = [one for row in rows for one in row["on"]]
    fp32 = max(one["from_original"] for row in rows for one in row["on"] if row["variant"] == "tflite-fp32")
    return f"{sum(one.get('met', False) for one in on)} of {len(on)}; fp32 {fp32:.0e}"


def _android_files_missed(r: Results) -> bool:
    return not all(one.get("met") for row in r["android_tflite"]["rows"] for one in row["on"])


def _android_heap(r: Results) -> str:
    return f"{min(r['android_heap']['answered_with_megabytes'])} MB"


PAGE_STAGES = {"read": "read", "detector": "detector", "path": "camera path", "network": "network"}

USE = figures(
    Row("pictures a second of `fer-predict FOLDER` on two cores / of the bare script in a loop, with OpenCV's threads; with one",
        "predict_batch", _batch, "1.6", lambda r: r["predict_batch"]["ratio"] < 1.6),
    Row("memory at the end of that run / near its beginning", "predict_batch", _batch_memory, "1.05",
        lambda r: r["predict_batch"]["memory"]["growth"] > 1.05),
    Row("test pictures of 17 libraries, broken ones among them: the worst refused one above idle; cut off and answered otherwise",
        "foreign_pictures", _foreign, "250 MB, 0.25 s; 0", lambda r: not r["foreign_pictures"]["met"]),
    Row("video of 640x480, `--min-face 80`: frames a second with the detector on every frame", "video_stages", _video(1)),
    Row("the same, on every third with the tracker between", "video_stages", _video(3), "30", _video_missed),
    Row("TypeScript against Python, byte for byte: golden vectors that differ; random frames", "web_core", _vectors("web_core"), "0; 0",
        _vectors_missed("web_core")),
    Row("Swift against Python, likewise", "swift_core", _vectors("swift_core"), "0; 0", _vectors_missed("swift_core")),
    Row("its camera path, 640x480 turned, whole picture (the JVM's); blocks of memory taken in 1000 frames", "swift_core", _swift_times),
    Row("TFLite files of four networks of other people on Android's own TensorFlow Lite 2.16.1, x86-64 and emulated arm64, with XNNPACK and "
        "without: within the variant's limit of the original; fp32 at most", "android_tflite", _android_files, "all; 1e-06",
        _android_files_missed),
    Row("heap that is enough from the Android app's start to its first answer, a ResNet18 of 45 MB in its assets", "android_heap",
        _android_heap, "64 MB", lambda r: not r["android_heap"]["met"]),
    Row("web page in Chromium, from navigation to the first answer; the next one", "web_page", _first_answer),
    Row("its camera, frames a second", "web_page", _page_camera),
    Row("its longest task on the main thread", "web_page", lambda r: f"{r['web_page']['longest_task_ms']:.0f} ms", "50 ms",
        lambda r: not r["web_page"]["met"]),
)  # fmt: skip


def _callers(kind: str, count: str) -> Callable[[Results], str]:
    def words(results: Results) -> str:
        found = results["server_load"]["pools"][kind]["callers"][count]
        p50, p99 = (1000 * found[f"{name}_seconds"] for name in ("p50", "p99"))
        refused = f"; {found['refused']} refused" if found["refused"] else ""
        return f"{found['accepted_per_second']:.1f}; {p50:.0f}, {p99:.0f} ms{refused}"

    return words


def _overload(r: Results) -> str:
    found = r["server_load"]["pools"]["process"]
    refusal = 1000 * found["overload"]["refusal_p99_seconds"]
    return f"{found['p99_over_alone']:.2f}; {refusal:.0f} ms; {found['memory_growth']:.3f}"


def _overload_missed(r: Results) -> bool:
    goals = r["server_load"]["goals"]
    return not all(goals[name]["met"] for name in ("p99_over_alone", "refusal_p99_seconds", "memory_growth"))


def _pools(r: Results) -> str:
    pools = r["server_load"]["pools"].values()
    most = (max(each["accepted_per_second"] for each in pool["callers"].values()) for pool in pools)
    sizes = (pool["memory_bytes"]["idle"] / 2**20 for pool in r["server_load"]["pools"].values())
    return ", ".join(f"{rate:.1f}" for rate in most) + "; " + ", ".join(f"{size:.0f} MB" for size in sizes)


def _restarts(r: Results) -> str:
    found = r["server_load"]["restarts"]
    return f"{found['lost']} of {found['answered_by_the_server']} in {found['restarts']} restarts"


def _schemathesis(r: Results) -> str:
    found = r["server_schemathesis"]
    return f"{found['answers_of_500_or_above']} of {found['cases']}"


SERVER = figures(
    *(Row(f"`fer-predict serve`, {count} caller{'s' * (count != '1')}: pictures of 512x512 a second; p50, p99 of the accepted",
          "server_load", _callers("process", count)) for count in ("1", "4", "16", "64")),
    Row("eight times what it answers: p99 of the accepted / of a lone caller; p99 of refusals; memory after / before",
        "server_load", _overload, "3; 50 ms; 1.1", _overload_missed),
    Row("worker processes, threads: the most pictures a second; memory when idle", "server_load", _pools),
    Row("accepted requests that SIGTERM lost under load", "server_load", _restarts, "0",
        lambda r: not r["server_load"]["goals"]["lost_over_restarts"]["met"]),
    Row("schemathesis over the OpenAPI document: answers of 500 or above", "server_schemathesis", _schemathesis, "0 of 10000",
        lambda r: not r["server_schemathesis"]["goals"]["answers_of_500_or_above"]["met"]),
)  # fmt: skip


def int8_accuracy(results: Results) -> list[str]:
    """Accuracy in float and at 8 bits, a line a network."""
    lines = ["| network | fp32 | TFLite int8, of fp32 | ONNX int8, of fp32 |", "|---|---|---|---|"]
    rows = results["int8_accuracy"]["rows"]
    for network in dict.fromkeys(row["network"] for row in rows):
        files = {row["format"]: row for row in rows if row["network"] == network}
        cells = (_accuracy_cell(files[name]) for name in ("tflite", "onnx"))
        lines.append(f"| {network} | {percent(files['onnx']['fp32'])} | {' | '.join(cells)} |")
    return [*lines, *_left_out(results["int8_accuracy"])]


def _left_out(found: dict[str, Any]) -> list[str]:
    kinds = {
        "learned next to nothing in the time of the study": found["learned_too_little"],
        "not measured yet": found["not_measured"],
    }
    words = [f"{', '.join(names)}: {why}" for why, names in kinds.items() if names]
    return ["", f"Without a row: {'; '.join(words)}."] if words else []


def _accuracy_cell(row: dict[str, Any]) -> str:
    words = f"{percent(row['int8'])}, {percent(row['ratio'])}{_missed(row['met'])}"
    auto = row.get("auto")
    return words if row["met"] or not auto else f"{words} (auto {percent(auto['ratio'])})"


def int8_latency(results: Results) -> list[str]:
    """Networks down, formats across: int8 over fp32, the goal, and onnxruntime's own quantization."""
    tflite = {row["net"]: row for row in results["int8_latency_tflite"]["nets"]}
    lines = ["| network | TFLite | goal | ONNX | goal | `quantize_static` |", "|---|---|---|---|---|---|"]
    for row in results["int8_latency_onnx"]["nets"]:
        other = tflite.get(row["net"])
        mine = f"{other['ratio']:.2f}{_missed(other['met'])} | {other['target']:.2f}" if other else " | "
        figure = f"{row['ratio']:.3f}{_missed(row['met'])} | {row['target']:.2f} | {row['static_ratio']:.3f}"
        lines.append(f"| {row['net'].partition(':')[2] or row['net']} | {mine} | {figure} |")
    return lines


def _missed(met: bool) -> str:
    return "" if met else ", **missed**"


SHIPPED = {
    "tflite-int8": "Android, boards: the smallest and fastest that kept its accuracy",
    "tflite-fp32": "Android where int8 loses accuracy, or nothing to calibrate with is at hand",
    "onnx-int8": "servers, desktops, browsers by onnxruntime",
    "onnx-fp32": "the same without calibration",
    "tflite-int8-image-qio": "MediaPipe, Task Library: takes pictures, uint8 in and out",
    "torchscript-fp32": "a C++ or Python program that has libtorch anyway",
}
"""Variant -> for whom, in the order of the table."""


def shipping(results: Results) -> list[str]:
    """Which file to ship: size and accuracy of today's weights, latency of the network, which no weights change."""
    timed = {(row["variant"], row["stage"]): row for row in results.table("bench_demo")}
    lines = ["| file | for | size | model / with camera path | accuracy |", "|---|---|---|---|---|"]
    for row in results["shipped_files"]["rows"]:
        variant = row["variant"]
        stages = (timed[variant, stage] for stage in ("inference", "whole"))
        times = " / ".join(f"{float(one['median_seconds']) * 1e3:.2f}" for one in stages)
        size, use = f"{row['bytes'] / 1e3:.0f} kB", SHIPPED[variant]
        lines.append(f"| `{variant}` | {use} | {size} | {times} ms | {percent(row['accuracy'], 2)} |")
    return lines


WHAT = {
    "mini-xception": "mini-XCEPTION, trained on FER2013",
    "fer-mini": "the built-in model, trained on drawings and 384 faces of people",
}


def two_networks(results: Results) -> list[str]:
    """What a network trained on people and the built-in one answer to photographs, with the picture."""
    found = results["two_networks"]
    faces, networks = found["portraits"], found["networks"]
    said = "; ".join(f"{one['model']} says {_guesses(one['photograph'])}" for one in networks)
    lines = [
        f"![Two networks' answers to a photograph: {said}](docs/images/two-networks.jpg)",
        "",
        f"| network | the photograph | {faces} faces of Labeled Faces in the Wild | int8 answers as fp32 |",
        "|---|---|---|---|",
    ]
    for one in networks:
        counts = ", ".join(f"{label} {count}" for label, count in one["portraits"].items())
        same = faces - one["int8_changes"]
        lines.append(
            f"| {WHAT[one['model']]} | {_guesses(one['photograph'])} | {counts} | {same} of {faces} |"
        )
    return [*lines, "", f"Both have the same first guess for {found['same_first_guess']} of the {faces}."]


def people(results: Results) -> list[str]:
    """How often the built-in model answers as networks that others trained, on photographs that it never saw."""
    found = results["photographs"]
    now, before = found["models"]["built-in"], found["models"]["before"]
    own = found["consensus_with_judges"]
    mean = sum(row["share"] for row in own) / len(own)
    lines = [
        f"| {found['faces']} held-back photographs of faces | built-in model | trained on drawings alone | the judges' mean |",
        "|---|---|---|---|",
    ]
    for new, old, judge in zip(now["judges"], before["judges"], own, strict=True):
        lines.append(
            f"| as {new['judge']} | {_with_interval(new)} | {percent(old['share'])} | {percent(judge['share'])} |"
        )
    lines.append(
        f"| as a judge, mean of the five | **{percent(now['agreement'])}** | {percent(before['agreement'])} | {percent(mean)} |"
    )
    lines.append(
        f"| as the judges' mean | {_with_interval(now['consensus'])} | {percent(before['consensus']['share'])} | |"
    )
    for name, share in now["by_class"].items():
        old = percent(before["by_class"][name]["share"])
        lines.append(f"| of {share['faces']} that they call {name} | {_with_interval(share)} | {old} | |")
    return [
        *lines,
        "",
        f"Two of the judges agree with each other on {percent(found['between_judges'])} of these faces.",
    ]


def judged_drawings(results: Results) -> list[str]:
    """What the judges of the built-in model say to drawings, by emotion, way of drawing and skin tone."""
    found = results["judged_drawings"]
    lines = [
        "| drawn | faces | as a judge, mean of five | as their mean | which says most often |",
        "|---|---|---|---|---|",
    ]
    for kind in ("emotion", "style", "skin"):
        for name, row in found[f"by_{kind}"].items():
            said = ", ".join(f"{label} {count}" for label, count in row["said"].items())
            shares = f"{percent(row['agreement'], 0)} | {percent(row['mean_of_judges'], 0)}"
            lines.append(
                f"| {'' if kind == 'emotion' else kind + ': '}{name} | {row['faces']} | {shares} | {said} |"
            )
    return lines


def _with_interval(found: dict[str, Any]) -> str:
    low, high = found["interval"]
    return f"{percent(found['share'])} ({low * 100:.0f} to {high * 100:.0f})"


def _guesses(top: list[tuple[str, float]]) -> str:
    return ", or ".join(f"{label} {percent(value, 0)}" for label, value in top)


TABLES: dict[str, Callable[[Results], list[str]]] = {
    "general": GENERAL,
    "bench": BENCH,
    "use": USE,
    "server": SERVER,
    "int8-accuracy": int8_accuracy,
    "int8-latency": int8_latency,
    "shipping": shipping,
    "two-networks": two_networks,
    "people": people,
    "judged-drawings": judged_drawings,
    "mutation": mutation,
    "survivors": survivors,
    "support": networks.networks,
    "support-remarks": networks.remarks,
    "support-partitions": networks.partitions,
    "support-versions": networks.versions,
}
