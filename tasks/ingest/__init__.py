"""Raw files become our dataset, checked; mistakes are planted on demand, with the truth kept apart."""
