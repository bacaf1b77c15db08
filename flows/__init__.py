"""What starts, orders, schedules and shows the stages of dvc.yaml. Nothing here imports a stage, so a scheduler never loads torch."""
