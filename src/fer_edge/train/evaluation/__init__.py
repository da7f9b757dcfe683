"""Evaluation of models: figures, pictures, one HTML page, comparisons."""
