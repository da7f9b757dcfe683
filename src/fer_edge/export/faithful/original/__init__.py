"""A file's weights against the original module's own, for every format: what they may have become, and which of them they are."""
