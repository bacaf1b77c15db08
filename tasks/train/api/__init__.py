"""The interface between the training loop and its methods: what a step gives to every loss, teacher and selection."""
