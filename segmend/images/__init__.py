"""Images, label maps and regions, on disk and as arrays."""
