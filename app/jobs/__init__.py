"""Long work as generators: made from a snapshot, run on any thread, knows neither Qt nor torch."""
