"""CycleGAN between two emotions, and what it is for: finding ambiguous labels, adding faces."""
