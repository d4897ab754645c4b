"""What user actions do: edits of the session and background jobs."""
