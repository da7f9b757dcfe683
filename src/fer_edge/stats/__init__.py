"""Intervals and paired tests behind reports, gates and benchmarks (scipy)."""
