"""A parser of arguments whose errors are sentences."""

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from app.core.errors import UsageError


class CommandParser(argparse.ArgumentParser):
    """Reports wrong arguments in one line, as other errors are."""

    def parse_known_args(  # type: ignore[override] # its overloads are about the namespace
        self,
        args: Sequence[str] | None = None,
        namespace: Any = None,  # noqa: ANN401 - whatever holds attributes
    ) -> tuple[Any, list[str]]:
        """Refuse unknown arguments here, so that the parser of their command names its help."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unknown arguments: {' '.join(unknown)}")
        return found, unknown

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError` for wrong arguments."""
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", f"See `{self.prog} --help`.")
