"""The database of results: one SQLite file that programs of many kinds can read."""
