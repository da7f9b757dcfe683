"""An export from start to end: plan, forecast, results of the variants, report."""
