"""What all tests share: the order in which they start."""

FIRST = ("test_pipeline.py", "test_recipes.py")
LAST = "flows/"


def place(item) -> int:
    if LAST in item.nodeid:
        return len(FIRST) + 1
    return next((k for k, name in enumerate(FIRST) if name in item.nodeid), len(FIRST))


def pytest_collection_modifyitems(items):
    """Files that take minutes come first, so that the second of two workers has the rest to do meanwhile.

    Tests of flows come last: they load libraries with threads, and readers of training data are forked from the same process.
    """
    items.sort(key=place)
