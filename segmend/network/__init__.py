"""The segmentation network: build, save, load, predict, serve."""
