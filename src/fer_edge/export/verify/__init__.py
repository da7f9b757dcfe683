"""``fer-verify``: proves a bundle again from its files."""
