"""Plan and run the stages of dvc.yaml: DVC, child processes, device locks."""
