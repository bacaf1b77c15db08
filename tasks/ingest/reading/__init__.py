"""Reading raw files: pictures, class names, annotators, splits."""
