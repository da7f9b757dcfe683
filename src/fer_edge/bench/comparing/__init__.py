"""Two measurements against each other: live, from files, and as the gate of a CI job."""
