"""From a trained PyTorch classifier to a bundle of verified files: ``fer-export`` and ``fer-verify``."""
