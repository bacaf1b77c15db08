"""Checking raw data: each image, then the data set."""
