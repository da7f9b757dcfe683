"""Places of the checkout."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "src"
TESTS = ROOT / "tests"
GOLDEN = TESTS / "golden"
DEMO_BUNDLE = ROOT / "android_demo" / "bundle"
"""A small ready bundle: TFLite at fp32 and int8."""
SHARED = ROOT.parent / "shared"
"""Beside a checkout: published data for tests that skip themselves without it."""
