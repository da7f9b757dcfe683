"""Pictures for parity, calibration and accuracy, the answers of the original to them, and the golden vectors."""
