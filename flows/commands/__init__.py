"""What each command of `segmend` does."""
