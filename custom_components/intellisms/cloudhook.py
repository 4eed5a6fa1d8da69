"""Home Assistant Cloud's webhooks, where there is a Cloud.

The cloud integration is imported only where it is set up: without it, the package
that it needs may not be installed.
"""

from collections.abc import Callable
from contextlib import suppress

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback

_CLOUD = "cloud"


def is_cloud_ready(hass: HomeAssistant) -> bool:
    """Tell whether a cloudhook could be had now."""
    if _CLOUD not in hass.config.components:
        return False
    from homeassistant.components import cloud

    return cloud.async_active_subscription(hass) and cloud.async_is_connected(hass)


def is_cloud_gone(hass: HomeAssistant) -> bool:
    """Tell whether there is no account or subscription that a cloudhook could live on."""
    if _CLOUD not in hass.config.components:
        return True
    from homeassistant.components import cloud

    return not cloud.async_active_subscription(hass)


async def async_create_cloudhook(hass: HomeAssistant, webhook_id: str) -> str | None:
    """Return the URL of a webhook's cloudhook, None where there is no Cloud now."""
    if _CLOUD not in hass.config.components:
        return None
    from homeassistant.components import cloud

    try:
        return await cloud.async_get_or_create_cloudhook(hass, webhook_id)
    except cloud.CloudNotAvailable:
        return None


async def async_delete_cloudhook(hass: HomeAssistant, webhook_id: str) -> None:
    """Delete a webhook's cloudhook, if it has one."""
    if _CLOUD not in hass.config.components:
        return
    from homeassistant.components import cloud

    # ValueError: there is none.
    with suppress(ValueError, cloud.CloudNotAvailable):
        await cloud.async_delete_cloudhook(hass, webhook_id)


@callback
def async_on_cloud_change(hass: HomeAssistant, listener: Callable[[], None]) -> CALLBACK_TYPE:
    """Call `listener` when the Cloud connects or disconnects."""
    if _CLOUD not in hass.config.components:
        return lambda: None
    from homeassistant.components import cloud

    async def changed(_state: cloud.CloudConnectionState) -> None:
        listener()

    return cloud.async_listen_connection_change(hass, changed)
