"""The annotator: document, media, tracking, jobs, storage, export, window and command line."""
