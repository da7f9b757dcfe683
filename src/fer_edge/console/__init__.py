"""What the commands share: exit codes, ``--json``, closest match, progress and tables."""
