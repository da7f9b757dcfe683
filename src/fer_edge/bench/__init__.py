"""fer-bench: how long a model takes, how sure that is, and whether the figure can be trusted."""
