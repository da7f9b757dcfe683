"""The way from a network's Python to a graph, and the modules around the network that are converted."""
