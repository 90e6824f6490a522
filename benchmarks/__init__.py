"""Benchmarks as programs with a JSON result: `python -m benchmarks --help`."""
