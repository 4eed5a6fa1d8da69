"""For tests beside which nothing runs Home Assistant: what the others start stays off."""

import pytest


@pytest.fixture(autouse=True)
def custom_integrations() -> None:
    """Replace the one beside the tests of the integration, which starts Home Assistant."""


@pytest.fixture(autouse=True)
def websocket_api() -> None:
    """Replace the one beside the tests of the integration, which starts Home Assistant."""
