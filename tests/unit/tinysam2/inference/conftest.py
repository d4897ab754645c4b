"""Fixtures for tests of inference."""

from collections.abc import Iterator

import pytest

from tinysam2.devices import processor_threads


@pytest.fixture(params=[1, 2], ids=["one thread", "two threads"])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    """Track with one thread, then with worker threads; returns how many threads there are."""
    with processor_threads(request.param) as count:
        yield count
