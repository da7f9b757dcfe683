"""The subcommands of ``fer-bench``: measure, compare, advise."""
