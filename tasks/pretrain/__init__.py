"""Weights to begin with: features of pixels that tell classes apart, learnt from the labels by contrast."""
