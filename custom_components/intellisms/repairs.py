"""Fixing what the repair issues tell of."""

from abc import abstractmethod
from typing import Any, override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_NAME, CONF_WEBHOOK_ID
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.selector import TextSelector
import voluptuous as vol
from yarl import URL

from .address import async_change_address, base_url, is_direct_possible, shown_address
from .cloudhook import async_create_cloudhook, is_cloud_ready
from .const import (
    CONF_CLOUDHOOK_URL,
    CONF_REACH,
    DOMAIN,
    Issue,
    Reach,
)
from .flows.subentries import virtual_number_subentry
from .quoted import quoted, shown_sender
from .receiving.data import IntelliSMSConfigEntry
from .receiving.directory import VirtualNumber

_NAME_SCHEMA = vol.Schema({vol.Required(CONF_NAME): TextSelector()})


class FixFlow(RepairsFlow):
    """A flow of one form, the step `confirm`."""

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Show the form; `user_input` here is what core began the flow with, nobody's entry."""
        return await self.async_step_confirm()

    @abstractmethod
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Show the form, or fix the issue."""


class UnknownNumberFlow(RepairsFlow):
    """Add a number that messages came for, or leave it alone for good."""

    def __init__(self, entry: IntelliSMSConfigEntry, number: str) -> None:
        """Keep what the issue is about: the account, and a number that it does not have."""
        self._entry = entry
        self._number = number

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Show what came, and offer both."""
        sender, text = self._last()
        return self.async_show_menu(
            step_id="init",
            menu_options=["add", "ignore"],
            description_placeholders={
                "number": quoted(self._number),
                "sender": quoted(sender),
                "text": quoted(text),
            },
        )

    def _last(self) -> tuple[str | None, str | None]:
        """Return who sent the last message to the number, and its text, as far as is known."""
        if self._entry.state is ConfigEntryState.LOADED:
            for delivery in self._entry.runtime_data.journal.last_messages():
                if delivery.to == self._number:
                    message = delivery.message
                    sender = shown_sender(delivery.sender_name, message.sender)
                    return sender, message.text or message.type
        return None, None

    async def async_step_add(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask for a name, then add the number."""
        name = (user_input or {}).get(CONF_NAME, "").strip()
        if not name:
            return self.async_show_form(
                step_id="add",
                data_schema=_NAME_SCHEMA,
                errors={} if user_input is None else {CONF_NAME: "name_missing"},
                description_placeholders={"number": quoted(self._number)},
            )
        number = virtual_number_subentry(self._number, name)
        self.hass.config_entries.async_add_subentry(self._entry, number)
        return self.async_create_entry(data={})

    async def async_step_ignore(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Do what *Ignore* does, a button that issues with a fix do not have."""
        # It is gone if the number was added in the meantime.
        if not ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id):
            return self.async_abort(reason="already_configured")
        ir.async_ignore_issue(self.hass, DOMAIN, self.issue_id, ignore=True)
        return self.async_abort(reason="ignored")


class NamelessFlow(FixFlow):
    """Show an address for each virtual number, for posts that do not name it themselves."""

    def __init__(self, entry: IntelliSMSConfigEntry) -> None:
        """Keep the account whose numbers are shown."""
        self._entry = entry

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Show the addresses to paste; on submit they count as pasted."""
        url = shown_address(self.hass, self._entry.data).url
        if not url:
            return self.async_abort(reason="no_other_way")
        if user_input is not None:
            return self.async_create_entry(data={})
        # A plus means a space in an address.
        addresses = [
            f"- `{quoted(number.name)}`: `{URL(url) % {'to': number.number.removeprefix('+')}}`"
            for number in self._numbers()
        ]
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            description_placeholders={"addresses": "\n".join(addresses) or f"- `{url}?to=...`"},
        )

    def _numbers(self) -> list[VirtualNumber]:
        """Return the virtual numbers, as far as they are known."""
        if self._entry.state is not ConfigEntryState.LOADED:
            return []
        listed = self._entry.runtime_data.directory
        return [listing for listing in listed if isinstance(listing, VirtualNumber)]


class NewAddressFlow(FixFlow):
    """Show the address as it is now, and remember that it was seen."""

    _shown: str | None = None

    def __init__(self, entry: ConfigEntry) -> None:
        """Keep the account whose address is shown."""
        self._entry = entry

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Show the address to paste; on submit it counts as pasted."""
        changes = await self._changes()
        if changes is None:
            return self.async_abort(reason="no_other_way")
        url = shown_address(self.hass, {**self._entry.data, **changes}).url
        # The address may have changed while the form showed the old one. Nobody has pasted the
        # new one then, so the form comes back with it.
        if user_input is not None and url == self._shown:
            async_change_address(self.hass, self._entry, changes)
            return self.async_create_entry(data={})
        self._shown = url
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            description_placeholders={"url": url},
        )

    async def _changes(self) -> dict[str, Any] | None:
        """Return the changes to the entry's data, if any; None where there is no address."""
        return {} if base_url(self.hass) else None


class NewCloudhookFlow(NewAddressFlow):
    """Show an address in the place of a cloudhook that is gone: a new one, else our own."""

    @override
    async def _changes(self) -> dict[str, Any] | None:
        """Return what a new cloudhook changes, or the return to our own door without a Cloud."""
        data = self._entry.data
        if is_cloud_ready(self.hass):
            url = await async_create_cloudhook(self.hass, data[CONF_WEBHOOK_ID])
            return {CONF_CLOUDHOOK_URL: url} if url else None
        changes = {CONF_REACH: Reach.DIRECT.value}
        return changes if is_direct_possible(self.hass, data) else None


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow that fixes an issue; by default one that confirms that it was read.

    `data` is what the issue was raised with: `issue` and `entry_id`, and for an unknown number
    `number`.
    """
    entry = hass.config_entries.async_get_entry(str(data["entry_id"])) if data else None
    if data is None or entry is None:
        return ConfirmRepairFlow()
    match data["issue"]:
        case Issue.UNKNOWN_NUMBER:
            return UnknownNumberFlow(entry, str(data["number"]))
        case Issue.NO_NUMBER_NAMED:
            return NamelessFlow(entry)
        case Issue.ADDRESS_CHANGED:
            return NewAddressFlow(entry)
        case Issue.CLOUDHOOK_GONE:
            return NewCloudhookFlow(entry)
    return ConfirmRepairFlow()
