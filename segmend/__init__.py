"""What the stages share: images, answers, networks, metrics, and what makes a function a stage."""
