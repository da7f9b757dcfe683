"""``fer-verify diagnose``: a dump of an app against what its bundle says, and which mistakes explain the difference."""
