"""The memory of one object: bank, policies, scores, pooling and token selection."""
