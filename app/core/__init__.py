"""What an annotation project is; numpy and the standard library only."""
