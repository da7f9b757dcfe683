"""Roofline: the arithmetic and bytes that a model needs, counted from its file, against the peaks of this machine."""
