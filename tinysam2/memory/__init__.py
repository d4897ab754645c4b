"""What the tracker remembers: one file per decision."""
