"""A Home Assistant Cloud that is not the real one: that needs packages which need wheels.

`test_reconfigure` holds its functions to those of the real one.
"""

from collections.abc import Callable
import sys
from types import SimpleNamespace
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

MODULE = "homeassistant.components.cloud"


class CloudNotAvailable(HomeAssistantError):  # noqa: N818
    """What the real one raises."""


class FakeCloud:
    """What our integration and core's `get_url` ask of the Cloud."""

    CloudNotAvailable = CloudNotAvailable

    def __init__(self, hass: HomeAssistant) -> None:
        """Log in, connect and subscribe."""
        self.connected = True
        self.subscribed = True
        self.remote_url: str | None = None
        self.error: Exception | None = None
        self.hooks: dict[str, dict[str, Any]] = {}
        self.deleted: list[str] = []
        self._made = 0
        self._connection_listeners: list[Any] = []
        self._cloudhook_listeners: list[Callable[[dict[str, Any] | None], None]] = []
        hass.config.components.add("cloud")
        hass.data["cloud"] = SimpleNamespace(client=SimpleNamespace(cloudhooks=self.hooks))

    @property
    def listeners(self) -> int:
        """Return how many listen to it."""
        return len(self._connection_listeners) + len(self._cloudhook_listeners)

    # ---- what a test does to it -----------------------------------------------------

    async def set_connected(self, *, connected: bool) -> None:
        """Connect or disconnect, and say so."""
        self.connected = connected
        for listener in list(self._connection_listeners):
            await listener(None)

    def delete_on_its_page(self, webhook_id: str) -> None:
        """Delete a cloudhook as a person does on the Cloud's page."""
        del self.hooks[webhook_id]
        for listener in list(self._cloudhook_listeners):
            listener(None)

    # ---- what the real one offers ---------------------------------------------------

    def async_is_connected(self, hass: HomeAssistant) -> bool:
        """Tell whether it is connected."""
        return self.connected

    def async_active_subscription(self, hass: HomeAssistant) -> bool:
        """Tell whether there is a subscription."""
        return self.subscribed

    def async_remote_ui_url(self, hass: HomeAssistant) -> str:
        """Return the remote URL, if there is one."""
        if self.remote_url is None:
            raise CloudNotAvailable
        return self.remote_url

    async def async_get_or_create_cloudhook(self, hass: HomeAssistant, webhook_id: str) -> str:
        """Return a cloudhook's URL."""
        if self.error:
            raise self.error
        if not self.connected:
            raise CloudNotAvailable
        if webhook_id not in self.hooks:
            self._made += 1
            self.hooks[webhook_id] = {"cloudhook_url": f"https://hooks.example/{self._made}"}
        return str(self.hooks[webhook_id]["cloudhook_url"])

    async def async_delete_cloudhook(self, hass: HomeAssistant, webhook_id: str) -> None:
        """Delete a cloudhook; ValueError if there is none."""
        if self.error:
            raise self.error
        if webhook_id not in self.hooks:
            raise ValueError(webhook_id)
        del self.hooks[webhook_id]
        self.deleted.append(webhook_id)

    def async_listen_connection_change(
        self, hass: HomeAssistant, target: Any
    ) -> Callable[[], None]:
        """Call `target` when it connects or disconnects."""
        self._connection_listeners.append(target)
        return lambda: self._connection_listeners.remove(target)

    def async_listen_cloudhook_change(
        self,
        hass: HomeAssistant,
        webhook_id: str,
        on_change: Callable[[dict[str, Any] | None], None],
    ) -> Callable[[], None]:
        """Call `on_change` when a cloudhook changes."""
        self._cloudhook_listeners.append(on_change)
        return lambda: self._cloudhook_listeners.remove(on_change)


@pytest.fixture(name="cloud")
def cloud_fixture(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> FakeCloud:
    """Set up a Cloud; where the entry should know of it, ask for it before the entry."""
    fake = FakeCloud(hass)
    monkeypatch.setitem(sys.modules, MODULE, fake)
    return fake
