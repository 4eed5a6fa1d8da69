"""Fixing what the repair issues tell of."""

from types import MappingProxyType
from typing import Any

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import TextSelector
import voluptuous as vol

from .address import base_url, shown_address
from .const import (
    CONF_NUMBER,
    CONF_REACH,
    CONF_SHOWN_BASE,
    SUBENTRY_VIRTUAL_NUMBER,
    Issue,
    Reach,
)

_NAME_SCHEMA = vol.Schema({vol.Required(CONF_NAME): TextSelector()})


class AddNumberFlow(RepairsFlow):
    """Add a number that messages came for."""

    def __init__(self, entry: ConfigEntry, number: str) -> None:
        """Keep what the issue is about."""
        self._entry = entry
        self._number = number

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask for a name, then add the number."""
        if user_input is None:
            return self.async_show_form(
                step_id="init",
                data_schema=_NAME_SCHEMA,
                description_placeholders={"number": self._number},
            )
        subentry = ConfigSubentry(
            data=MappingProxyType({CONF_NUMBER: self._number}),
            subentry_type=SUBENTRY_VIRTUAL_NUMBER,
            title=user_input[CONF_NAME].strip() or self._number,
            unique_id=self._number,
        )
        self.hass.config_entries.async_add_subentry(self._entry, subentry)
        return self.async_create_entry(data={})


class NewAddressFlow(RepairsFlow):
    """Show the address as it is now, and remember that it was seen."""

    def __init__(self, entry: ConfigEntry, updates: dict[str, Any]) -> None:
        """Keep what changes in the entry when the flow begins."""
        self._entry = entry
        self._updates = updates

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Show the address to paste; on submit it counts as pasted."""
        updated = {**self._entry.data, **self._updates}
        if user_input is not None:
            shown = {**updated, CONF_SHOWN_BASE: base_url(self.hass)}
            self.hass.config_entries.async_update_entry(self._entry, data=shown)
            return self.async_create_entry(data={})
        address = shown_address(self.hass, updated)
        return self.async_show_form(
            step_id="init",
            data_schema=vol.Schema({}),
            description_placeholders={"url": address.url},
        )


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow that fixes an issue; by default its text says it all."""
    entry = hass.config_entries.async_get_entry(str(data["entry_id"])) if data else None
    if data is None or entry is None:
        return ConfirmRepairFlow()
    match data["issue"]:
        case Issue.UNKNOWN_NUMBER:
            return AddNumberFlow(entry, str(data["number"]))
        case Issue.ADDRESS_CHANGED:
            return NewAddressFlow(entry, {})
        case Issue.CLOUDHOOK_GONE:
            return NewAddressFlow(entry, {CONF_REACH: Reach.DIRECT.value})
    return ConfirmRepairFlow()
