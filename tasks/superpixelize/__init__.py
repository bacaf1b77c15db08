"""Images -> region maps: the pieces that people are asked about and that answers are painted over."""
