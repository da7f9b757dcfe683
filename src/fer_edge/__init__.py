"""From a trained PyTorch face-emotion model to verified files for the phone."""

__version__ = "0.1.0"
