"""What every training needs: checkpoints and determinism."""
