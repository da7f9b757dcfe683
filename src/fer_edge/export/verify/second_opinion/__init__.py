"""Second opinions: each artifact in another, unrelated engine, in a process and, if need be, an environment of its own."""
