"""The loop: PyTorch Lightning around a network, soft labels and crops in memory."""
