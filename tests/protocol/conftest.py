"""Here nothing runs Home Assistant."""

import pytest


@pytest.fixture(autouse=True)
def home() -> None:
    """Start nothing."""
