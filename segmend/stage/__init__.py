"""What makes a function a stage: its command line, settings, events, and cache."""
