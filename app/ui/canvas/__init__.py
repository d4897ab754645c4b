"""The canvas: the displayed frame with masks and prompts, and the tools that edit them."""
