"""Judging an import: what was read from a file of another framework against that framework's own runtime."""
