"""Parts shared by several networks: attention, norms, positions, perceptrons."""
