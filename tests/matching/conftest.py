"""Here nothing runs Home Assistant."""

from tests.pure import custom_integrations, websocket_api  # noqa: F401
