"""What a model must compute and move at least, counted from its file, against what this machine can do."""
