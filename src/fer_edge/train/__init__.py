"""Training: architectures, the door for weights, synthetic faces, recipes and the loop."""
