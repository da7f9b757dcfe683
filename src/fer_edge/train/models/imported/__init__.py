"""Networks that came as a graph of somebody else's: described by data, built from the layers of an explicit table.

A file may carry such a description, since nothing in it is imported or run: what it names is looked up in ``LAYERS``.
"""
