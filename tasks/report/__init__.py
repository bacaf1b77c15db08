"""The stage that writes a report of all rounds as one HTML file."""
