"""The corrected data set, in a format that other tools read."""
