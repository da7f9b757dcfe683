"""The subcommands of ``fer-predict``."""
