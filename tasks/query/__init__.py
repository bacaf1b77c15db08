"""Which regions to ask people about next, and the questions with pictures."""
