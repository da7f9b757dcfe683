"""Artifact against original: comparison, tolerances, weight audit, accuracy gate, speed of int8."""
