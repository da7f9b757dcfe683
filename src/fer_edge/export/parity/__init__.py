"""Artifact against original: comparison, tolerances, accuracy gate, speed of int8."""
