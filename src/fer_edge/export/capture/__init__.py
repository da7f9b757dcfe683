"""The way from a network's Python to a graph, proven equal, and the modules around the network that are converted."""
