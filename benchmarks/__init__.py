"""One script per claim: `python -m benchmarks.NAME` writes results/NAME.json and results/NAME.md."""
