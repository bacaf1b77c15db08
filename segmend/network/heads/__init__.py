"""Classifiers that end a network."""
