"""The quick half of benchmarks.faults: every bad file is refused in one sentence and stays as it was; the page is made from rows."""

import pytest

from benchmarks import faults_page
from benchmarks.claims import kept
from benchmarks.faults_inputs import inputs, outcome


@pytest.mark.parametrize(
    ("kind", "name", "content"), list(inputs()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_bad_file_is_refused_in_a_sentence(kind, name, content):
    row = outcome(kind, content)
    assert row["passed"], row


def test_the_page_is_made_from_the_rows():
    rows = kept("faults")
    assert faults_page.PAGE.read_text() == faults_page.page(rows)
    assert all(row["equal"] if row["kind"] == "kill" else row["passed"] for row in rows)
