"""Labels for training that a model makes: from boxes, from nothing, or by tracking both ways."""
