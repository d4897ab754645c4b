"""Training: stages, their data, losses and teachers."""
