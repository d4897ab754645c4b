"""Making weights: data, teacher, losses and the training loops."""
