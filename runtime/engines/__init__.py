"""What runs an artifact, one file an engine."""
