"""Core ML programs by the MIL specification: what a saved package computes, read from its own bytes.

``program`` reads the protobuf, ``blob`` the file of weights, ``operators`` has a function for each operator, ``rounding``
the arithmetic of float16, ``evaluator`` runs the whole. None of it shares code with the converter that wrote the package, and
none of it says what Apple's compiler and kernels do.
"""
