"""Questions, answers, and the history of a label set."""
