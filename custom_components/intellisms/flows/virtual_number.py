"""Adding and editing a virtual number, by typing it or by sending a text to it."""

import asyncio
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, override

from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigSubentry,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    BooleanSelector,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from ..address import async_mark_shown, async_use_cloudhook, shown_address
from ..cloudhook import is_cloud_ready
from ..const import (
    CONF_NUMBER,
    CONF_NUMBERS,
    CONF_PERSON,
    CONF_REACH,
    CONF_SHOWN_BASE,
    SUBENTRY_CONTACT,
    Reach,
)
from ..quoted import quoted, shown_sender
from ..typed_numbers import Certainty, NumberKind, NumberProblem, TypedNumberError, typed_number
from .first_message import FirstMessage

CONF_CONTACT_NAME = "contact_name"
CONF_KEEP_SENDER = "keep_sender"

_NAME_SELECTOR = TextSelector(TextSelectorConfig(autocomplete="off"))
NUMBER_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_NUMBER): TextSelector(
            TextSelectorConfig(type=TextSelectorType.TEL, autocomplete="off")
        ),
        vol.Required(CONF_NAME): _NAME_SELECTOR,
    }
)
CAUGHT_SCHEMA = vol.Schema({vol.Required(CONF_NAME): _NAME_SELECTOR})
SENDER_SCHEMA = CAUGHT_SCHEMA.extend(
    {
        vol.Required(CONF_KEEP_SENDER, default=False): BooleanSelector(),
        vol.Optional(CONF_CONTACT_NAME): _NAME_SELECTOR,
    }
)


class VirtualNumberFlow(ConfigSubentryFlow):
    """Add or edit a virtual number."""

    _first: FirstMessage | None = None
    _waiting: asyncio.Task[Any] | None = None

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Say first what speaks against the address, if anything does."""
        if not self._is_loaded():
            return self.async_abort(reason="entry_not_loaded")
        entry = self._get_entry()
        address = shown_address(self.hass, entry.data)
        if address.problem is None or user_input is not None:
            return await self.async_step_address()
        return self.async_show_form(
            step_id="user",
            errors={"base": address.problem},
            description_placeholders={"url": address.url},
        )

    async def async_step_address(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show the address to paste, and the ways to go on."""
        entry = self._get_entry()
        if entry.data.get(CONF_SHOWN_BASE) is None:
            async_mark_shown(self.hass, entry)
        self._listen()
        menu_options = ["wait", "number"]
        if entry.data[CONF_REACH] == Reach.DIRECT and is_cloud_ready(self.hass):
            menu_options.append("cloudhook")
        return self.async_show_menu(
            step_id="address",
            menu_options=menu_options,
            description_placeholders={"url": shown_address(self.hass, entry.data).url},
        )

    async def async_step_cloudhook(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Be reached through Home Assistant Cloud's webhook; its limit is said first."""
        errors: dict[str, str] = {}
        if user_input is not None:
            if await async_use_cloudhook(self.hass, self._get_entry()):
                return await self.async_step_address()
            errors["base"] = "cloud_not_ready"
        return self.async_show_form(step_id="cloudhook", errors=errors)

    def _is_loaded(self) -> bool:
        return self._get_entry().state is ConfigEntryState.LOADED

    # ---- by typing it ---------------------------------------------------------------

    async def async_step_number(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Take number and name."""
        errors: dict[str, str] = {}
        placeholders = {"understood": ""}
        if user_input and (number := await self._read_number(user_input, errors, placeholders)):
            return self._create(number, user_input[CONF_NAME])
        return self._show_number("number", user_input, errors, placeholders)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change number or name; device and history stay."""
        subentry = self._get_reconfigure_subentry()
        errors: dict[str, str] = {}
        placeholders = {"understood": ""}
        if user_input is None:
            user_input = {CONF_NUMBER: subentry.data[CONF_NUMBER], CONF_NAME: subentry.title}
        elif number := await self._read_number(user_input, errors, placeholders, subentry):
            return self.async_update_and_abort(
                self._get_entry(),
                subentry,
                title=user_input[CONF_NAME].strip(),
                data={CONF_NUMBER: number},
                unique_id=number,
            )
        return self._show_number("reconfigure", user_input, errors, placeholders)

    async def _read_number(
        self,
        user_input: dict[str, Any],
        errors: dict[str, str],
        placeholders: dict[str, str],
        edited: ConfigSubentry | None = None,
    ) -> str | None:
        """Return the number that was meant, else fill in errors.

        Where a country was assumed, the form comes back with what was understood.
        What is left as it was is not judged: it was caught from a message.
        """
        if not user_input[CONF_NAME].strip():
            errors[CONF_NAME] = "name_missing"
            return None
        if edited and user_input[CONF_NUMBER].strip() == edited.data[CONF_NUMBER]:
            return str(edited.data[CONF_NUMBER])
        try:
            understood = await typed_number(self.hass, user_input[CONF_NUMBER])
        except TypedNumberError as err:
            errors[CONF_NUMBER] = err.problem
            return None
        if understood.kind is NumberKind.NAME:
            errors[CONF_NUMBER] = NumberProblem.INVALID
        elif self._is_taken(understood.number, edited):
            errors[CONF_NUMBER] = "already_configured"
        elif understood.certainty is not Certainty.CERTAIN:
            user_input[CONF_NUMBER] = placeholders["understood"] = understood.written
            errors[CONF_NUMBER] = "check_number"
        else:
            return understood.number
        return None

    def _is_taken(self, number: str, edited: ConfigSubentry | None = None) -> bool:
        return any(
            subentry.unique_id == number and subentry is not edited
            for subentry in self._get_entry().subentries.values()
        )

    def _show_number(
        self,
        step_id: str,
        user_input: dict[str, Any] | None,
        errors: dict[str, str],
        placeholders: dict[str, str],
    ) -> SubentryFlowResult:
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(NUMBER_SCHEMA, user_input),
            errors=errors,
            description_placeholders=placeholders,
        )

    def _create(self, number: str, name: str) -> SubentryFlowResult:
        return self.async_create_entry(
            title=name.strip(), data={CONF_NUMBER: number}, unique_id=number
        )

    # ---- by sending a text to it ----------------------------------------------------

    def _listen(self) -> FirstMessage:
        if self._first is None:
            self._first = FirstMessage(self.hass, self._get_entry())
        return self._first

    async def async_step_wait(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Wait for the first message."""
        first = self._listen()
        if self._waiting is None:
            if not self._is_loaded():
                return self.async_abort(reason="entry_not_loaded")
            # In the background, or Home Assistant would wait for it when it stops. Not done at
            # once, or core would hand what was chosen in the menu to the step that follows.
            self._waiting = self.hass.async_create_background_task(
                first.async_wait(), "intellisms first message", eager_start=False
            )
        if not self._waiting.done():
            return self.async_show_progress(
                step_id="wait", progress_action="wait", progress_task=self._waiting
            )
        self._waiting = None
        astray = first.async_take_astray()
        return self.async_show_progress_done(
            next_step_id="caught" if first.caught else astray or "nothing_yet"
        )

    async def async_step_nothing_yet(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Say where to look for the reason."""
        return self._offer("nothing_yet")

    async def async_step_nameless(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Say that a message came which does not tell the number."""
        return self._offer("nameless")

    async def async_step_turned_away(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Say that a message came whose sender is not accepted."""
        return self._offer("turned_away")

    async def async_step_unreadable(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Say that something came which is no message."""
        return self._offer("unreadable")

    def _offer(self, step_id: str) -> SubentryFlowResult:
        """Offer to go on waiting, to type the number, or to finish later."""
        if not self._is_loaded():
            return self.async_abort(reason="entry_not_loaded")
        return self.async_show_menu(
            step_id=step_id,
            menu_options=["wait", "number", "later"],
            description_placeholders={"url": shown_address(self.hass, self._get_entry().data).url},
        )

    async def async_step_later(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Leave the account without a number for now."""
        return self.async_abort(reason="finish_later")

    async def async_step_caught(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show what came, take a name, and offer to keep the sender as a contact."""
        delivery = self._listen().caught
        if TYPE_CHECKING:
            assert delivery
        number = delivery.to or ""
        if self._is_taken(number):
            return self.async_abort(reason="already_configured")
        sender = None if delivery.sender_known else delivery.message.sender
        errors: dict[str, str] = {}
        if user_input is not None:
            keep = user_input.get(CONF_KEEP_SENDER)
            contact = user_input.get(CONF_CONTACT_NAME, "").strip()
            # Without a name the number would be one, and part of entity ids and the log.
            if not user_input[CONF_NAME].strip():
                errors[CONF_NAME] = "name_missing"
            if keep and not contact:
                errors[CONF_CONTACT_NAME] = "contact_name_missing"
            if not errors:
                if keep and sender:
                    self._keep(sender, contact)
                return self._create(number, user_input[CONF_NAME])
        return self.async_show_form(
            step_id="caught",
            data_schema=self.add_suggested_values_to_schema(
                SENDER_SCHEMA if sender else CAUGHT_SCHEMA, user_input
            ),
            errors=errors,
            description_placeholders={
                "number": quoted(number),
                "sender": quoted(shown_sender(delivery.sender_name, delivery.message.sender)),
                "text": quoted(delivery.message.text or delivery.message.type),
            },
        )

    def _keep(self, sender: str, name: str) -> None:
        entry = self._get_entry()
        if any(sender in known.data.get(CONF_NUMBERS, ()) for known in entry.subentries.values()):
            return
        contact = ConfigSubentry(
            data=MappingProxyType({CONF_NUMBERS: [sender], CONF_PERSON: None}),
            subentry_type=SUBENTRY_CONTACT,
            title=name,
            unique_id=None,
        )
        self.hass.config_entries.async_add_subentry(entry, contact)

    @callback
    @override
    def async_remove(self) -> None:
        # Core cancels the task that it shows the progress of.
        if self._first:
            self._first.async_stop()
