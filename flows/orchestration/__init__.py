"""The Prefect flow and its server."""
