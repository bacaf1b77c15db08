"""What the parts of a training step are given: the interface of every method of train."""
