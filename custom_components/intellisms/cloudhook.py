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
    """Tell whether a cloudhook can be created now: there is a subscription and a connection."""
    if _CLOUD not in hass.config.components:
        return False
    from homeassistant.components import cloud

    return cloud.async_active_subscription(hass) and cloud.async_is_connected(hass)


def is_cloudhook_gone(hass: HomeAssistant, webhook_id: str, url: str) -> bool:
    """Tell whether nothing comes through a cloudhook any more.

    The Cloud's servers acknowledge and drop what is posted to one that is gone. Whether there
    is a connection is not asked, as one that was lost comes back by itself.
    """
    if _CLOUD not in hass.config.components:
        return True
    from homeassistant.components import cloud

    if not cloud.async_active_subscription(hass):
        return True
    # A person can delete the cloudhook on the Cloud's own page, and the id may have got a new
    # one since. Core has no function that only looks it up: `client.cloudhooks` and its dicts
    # by webhook id are what its own `async_get_or_create_cloudhook` reads (2026.7.0, 2026.11.0).
    hook = hass.data[_CLOUD].client.cloudhooks.get(webhook_id)
    return hook is None or hook["cloudhook_url"] != url


async def async_create_cloudhook(hass: HomeAssistant, webhook_id: str) -> str | None:
    """Return the URL of a webhook's cloudhook, old or new; None where there is no Cloud now."""
    if _CLOUD not in hass.config.components:
        return None
    from homeassistant.components import cloud

    try:
        return await cloud.async_get_or_create_cloudhook(hass, webhook_id)
    except cloud.CloudNotAvailable:
        return None
    # The errors of the Cloud's client are many, and whichever it is, there is no cloudhook now.
    except Exception as err:  # noqa: BLE001
        log_fault(err, "asking the Cloud for a webhook")
        return None


async def async_delete_cloudhook(hass: HomeAssistant, webhook_id: str) -> None:
    """Delete a webhook's cloudhook, if it has one; what fails is logged and left."""
    if _CLOUD not in hass.config.components:
        return
    from homeassistant.components import cloud

    try:
        # The client raises ValueError where the webhook has no cloudhook.
        with suppress(ValueError, cloud.CloudNotAvailable):
            await cloud.async_delete_cloudhook(hass, webhook_id)
    # An entry that is removed goes, whatever becomes of its cloudhook.
    except Exception as err:  # noqa: BLE001
        log_fault(err, "deleting a webhook of the Cloud")


@callback
def async_on_cloud_change(hass: HomeAssistant, listener: Callable[[], None]) -> CALLBACK_TYPE:
    """Call `listener` when the Cloud connects or disconnects, or its webhooks change."""
    if _CLOUD not in hass.config.components:
        return lambda: None
    from homeassistant.components import cloud

    async def connection_changed(_state: cloud.CloudConnectionState) -> None:
        """Pass a change of the connection on."""
        listener()

    @callback
    def cloudhooks_changed(_hook: dict[str, Any] | None) -> None:
        """Pass a change of any cloudhook on; which one it was does not matter."""
        listener()

    stop_connection = cloud.async_listen_connection_change(hass, connection_changed)
    # Core calls the listener at every change of any cloudhook, and takes the id only to look
    # up which one it hands over, so that none is needed (read in 2026.7.0 and 2026.11.0).
    stop_cloudhooks = cloud.async_listen_cloudhook_change(hass, "", cloudhooks_changed)

    @callback
    def stop() -> None:
        """Listen no more."""
        stop_connection()
        stop_cloudhooks()

    return stop
