"""Run the program by the name of its package, as a batch starts its jobs."""

from app.cli.program import main

if __name__ == "__main__":
    raise SystemExit(main())
