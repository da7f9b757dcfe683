"""Trained networks of other people, by name: where each comes from, how it is fed, and what was published about it."""
