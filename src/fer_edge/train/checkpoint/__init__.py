"""Checkpoints: files of weights, read without running anything in them, and the networks that they fit."""
