"""A result: its records, its file, and the figures that its samples carry."""
