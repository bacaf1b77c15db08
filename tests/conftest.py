"""What all tests share: the order in which they start."""

LONG = ("test_pipeline.py", "test_recipes.py", "flows/")


def pytest_collection_modifyitems(items):
    """Files that take minutes come first, so that the second of two workers has the rest to do meanwhile."""
    items.sort(key=lambda item: next((k for k, name in enumerate(LONG) if name in item.nodeid), len(LONG)))
