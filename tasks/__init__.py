"""The stages of the pipeline, one folder each, and the files they share."""
