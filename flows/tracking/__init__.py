"""From the lines of a stage to MLflow. The only package that knows it."""
