"""The web page where people answer a round's questions, see what came of them, and take back what was wrong."""
