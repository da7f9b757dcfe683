"""The subcommands of ``fer-verify``."""
