"""Choices that a recipe names for the loop: losses, optimizers with their schedules, the figure that chooses the best epoch."""
