"""Initial weights: pixel features that separate the classes, learnt from the labels by a contrastive loss."""
