"""Masks of several annotators become one label map."""
