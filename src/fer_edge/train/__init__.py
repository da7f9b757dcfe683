"""Training: networks, checkpoints, data sets, recipes, the loop and evaluation."""
