"""Readers of the contract inside an artifact, by the standard library only: one file a container, each with ``read``."""
