"""Start the annotator from a checkout; the console script `tinysam2` is the same program."""

from multiprocessing import freeze_support

from app.cli import main

if __name__ == "__main__":
    freeze_support()  # in the bundled program, a process of a pool starts here
    raise SystemExit(main())
