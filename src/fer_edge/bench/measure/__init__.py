"""Child processes that run one artifact each, and the order in which they take turns."""
