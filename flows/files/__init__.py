"""The files of a workspace, read and edited."""
