"""Mistakes that apps make between camera and label, each as the arithmetic that such an app does."""
