"""The frame of all commands: exit codes, ``--json``, closest match, progress and tables."""
