"""Keras files, of version 2 and 3: configuration and weights are read, nothing is run, and Keras is not needed."""
