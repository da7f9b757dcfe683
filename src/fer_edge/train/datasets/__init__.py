"""Data sets as their owners ship them: one file each."""
