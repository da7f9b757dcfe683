"""What a model gets right and wrong: figures, pictures, one HTML page."""
