"""Pictures at the model's size: drawn, or read from folders; for parity, calibration and accuracy."""
