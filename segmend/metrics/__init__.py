"""Confusion matrices and confident learning."""
