"""Long-running work as generators: made from a snapshot, run on any thread; no Qt, no torch."""
