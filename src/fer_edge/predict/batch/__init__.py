"""Runners that answer many pictures: the cores of this machine, and Ray."""

RUNNERS = ("local", "ray")
"""Every runner, by the name of its module; ``--runner`` takes one."""
