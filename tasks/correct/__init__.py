"""Answers -> new labels, with provenance."""
