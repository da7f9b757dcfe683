"""Runners that answer many pictures: the cores of this machine, and Ray."""
