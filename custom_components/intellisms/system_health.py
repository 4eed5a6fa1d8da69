"""What the system information page says."""

from typing import Any

from homeassistant.components.system_health import SystemHealthRegistration
from homeassistant.core import HomeAssistant, callback

from .address import shown_address
from .const import DOMAIN, SUBENTRY_VIRTUAL_NUMBER
from .receiving.data import IntelliSMSConfigEntry


@callback
def async_register(_hass: HomeAssistant, register: SystemHealthRegistration) -> None:
    """Register what is said of this integration."""
    register.async_register_info(_system_health)


async def _system_health(hass: HomeAssistant) -> dict[str, Any]:
    """Return what the page shows by translation key, of the first account; nothing without one.

    The page is pasted into issues, so it holds no address, number or name.
    """
    entries: list[IntelliSMSConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    if not entries:
        return {}
    entry = entries[0]
    data = entry.runtime_data
    problem = shown_address(hass, entry.data).problem
    return {
        "address": problem.value if problem else "ok",
        "virtual_numbers": sum(
            subentry.subentry_type == SUBENTRY_VIRTUAL_NUMBER
            for subentry in entry.subentries.values()
        ),
        "last_post": data.journal.account.last_post,
        "messages_ignored": data.journal.account.ignored.total(),
    }
