"""Readers of the contract that lies inside an artifact, one file a container, standard library only."""
