"""The variant, engine and number of threads to ship."""
