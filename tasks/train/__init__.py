"""The stage train: labels -> network."""
