"""What every training stage runs on: its length, processes, log and compilation."""
