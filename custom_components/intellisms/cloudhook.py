"""Home Assistant Cloud's webhooks, where there is a Cloud.

The cloud integration is imported only where it is set up: without it, the package
that it needs may not be installed.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback

from .faults import log_fault

_CLOUD = "cloud"


def is_cloud_ready(hass: HomeAssistant) -> bool:
    """Tell whether a cloudhook could be had now."""
    if _CLOUD not in hass.config.components:
        return False
    from homeassistant.components import cloud

    return cloud.async_active_subscription(hass) and cloud.async_is_connected(hass)


def is_cloudhook_gone(hass: HomeAssistant, webhook_id: str, url: str) -> bool:
    """Tell whether nothing comes through a cloudhook any more: its Cloud acknowledges and drops it."""
    if _CLOUD not in hass.config.components:
        return True
    from homeassistant.components import cloud

    if not cloud.async_active_subscription(hass):
        return True
    # It can be deleted on the Cloud's own page.
    hook = hass.data[_CLOUD].client.cloudhooks.get(webhook_id)
    return hook is None or hook["cloudhook_url"] != url


async def async_create_cloudhook(hass: HomeAssistant, webhook_id: str) -> str | None:
    """Return the URL of a webhook's cloudhook, None where there is no Cloud now."""
    if _CLOUD not in hass.config.components:
        return None
    from homeassistant.components import cloud

    try:
        return await cloud.async_get_or_create_cloudhook(hass, webhook_id)
    except cloud.CloudNotAvailable:
        return None
    # The Cloud's own errors are many; whichever it is, there is no cloudhook now.
    except Exception as err:  # noqa: BLE001
        log_fault(err, "asking the Cloud for a webhook")
        return None


async def async_delete_cloudhook(hass: HomeAssistant, webhook_id: str) -> None:
    """Delete a webhook's cloudhook, if it has one."""
    if _CLOUD not in hass.config.components:
        return
    from homeassistant.components import cloud

    try:
        # ValueError: there is none.
        with suppress(ValueError, cloud.CloudNotAvailable):
            await cloud.async_delete_cloudhook(hass, webhook_id)
    except Exception as err:  # noqa: BLE001
        log_fault(err, "deleting a webhook of the Cloud")


@callback
def async_on_cloud_change(hass: HomeAssistant, listener: Callable[[], None]) -> CALLBACK_TYPE:
    """Call `listener` when the Cloud connects or disconnects, or its webhooks change."""
    if _CLOUD not in hass.config.components:
        return lambda: None
    from homeassistant.components import cloud

    async def connection_changed(_state: cloud.CloudConnectionState) -> None:
        listener()

    @callback
    def cloudhooks_changed(_hook: dict[str, Any] | None) -> None:
        listener()

    stop_connection = cloud.async_listen_connection_change(hass, connection_changed)
    # It calls for every change; the id only says which cloudhook it hands over.
    stop_cloudhooks = cloud.async_listen_cloudhook_change(hass, "", cloudhooks_changed)

    @callback
    def stop() -> None:
        stop_connection()
        stop_cloudhooks()

    return stop
