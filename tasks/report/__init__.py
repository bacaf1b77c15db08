"""The stage that tells all rounds in one HTML file."""
