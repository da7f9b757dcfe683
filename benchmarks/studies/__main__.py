"""``python benchmarks/studies`` lists the studies; ``python benchmarks/studies NAME ...`` runs one."""

from __future__ import annotations

import ast
import runpy
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
STUDIES = (
    # The camera path, start-up and commands.
    "camera_path",
    "web_core",
    "swift_core",
    "import_time",
    "predict_cost",
    "predict_batch",
    "server_load",
    "server_schemathesis",
    "hostile_pictures",
    "video_stages",
    "foreign_pictures",
    "two_networks",
    "imports",
    # On phones.
    "android_tflite",
    "android_heap",
    # The page in a browser.
    "web_page",
    # Exported files.
    "bundle_bytes",
    "coreml_packages",
    "coreml_spec",
    "diagnose",
    "export_cpu",
    "export_cost",
    "export_time",
    "verify_time",
    "int8_accuracy",
    "int8_latency",
    "int8_peers",
    "int8_rules",
    "mediapipe_check",
    "mutation_score",
    "shipped_files",
    "false_alarms",
    "supported_networks",
    # fer-bench itself.
    "aa_pairs",
    "advisor",
    "coverage",
    "detection",
    "harness_cost",
    "naive_loops",
    # Drawn faces and training.
    "haar_detection",
    "photographs",
    "judged_drawings",
    "face_boxes",
    "ambiguous_labels",
    "augmentation_calls",
    "crop_cache_memory",
    "ddp_difference",
    "distillation",
    "quantization_aware",
    "recipes_full_size",
    "training_throughput",
)


def main() -> None:
    """List, or run the named one with the other words."""
    sys.path.insert(0, str(HERE))
    if not sys.argv[1:] or sys.argv[1] not in STUDIES:
        for name in STUDIES:
            text = ast.get_docstring(ast.parse((HERE / f"{name}.py").read_text(encoding="utf-8"))) or ""
            print(f"{name:20} {text.splitlines()[0]}")
        sys.exit(0 if not sys.argv[1:] else f"no study is called {sys.argv[1]!a}")
    script = str(HERE / f"{sys.argv.pop(1)}.py")
    sys.argv[0] = script
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main()
