"""A parser of arguments whose errors are sentences."""

import argparse
from typing import NoReturn

from app.core.errors import UsageError


class CommandParser(argparse.ArgumentParser):
    """Reports wrong arguments in one line, as other errors are."""

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError` for wrong arguments."""
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", f"See `{self.prog} --help`.")
