"""Controllers: turn user actions into edits of the session and background jobs."""
