"""Child processes that convert and run artifacts: pool, jobs in plain files, sandbox, guard of the original."""
