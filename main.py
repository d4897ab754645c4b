"""Start the annotator from a checkout; the console script `tinysam2` is the same program."""

from app.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
