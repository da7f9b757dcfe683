"""Whole networks in files of other frameworks: a description of their graph and their weights, taken out in a child.

To add one: a folder with ``translate(data) -> Translation`` and a line in ``KINDS`` (``reading.py``); what the file is, its first
bytes tell (``weights_file.py``).
"""
