"""The PyTorch original: its spec, its module, its answers, and the checks that it is a function of its input."""
