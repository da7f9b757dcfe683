"""One measurement: processes, their turns, the plan of each mode, and the checks of its quality."""
