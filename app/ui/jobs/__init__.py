"""Background work: threads, job queue, progress."""
