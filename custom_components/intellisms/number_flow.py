"""Adding and editing a virtual number, by typing it or by sending a text to it."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, override

from homeassistant.config_entries import ConfigSubentry, ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.core import callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.selector import (
    BooleanSelector,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from .address import shown_address
from .const import CONF_NUMBER, CONF_NUMBERS, CONF_PERSON, SUBENTRY_CONTACT
from .faults import guarded
from .received import Received
from .signals import SIGNAL_MESSAGE
from .user_number import NumberProblem, UserNumberError, user_number

CONF_CONTACT_NAME = "contact_name"
CONF_KEEP_SENDER = "keep_sender"
# Seconds.
WAIT_FOR_MESSAGE = 60
MAX_SHOWN = 200

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

    _waiting: asyncio.Task[Received | None] | None = None
    _caught: Received | None = None

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show the address to paste, and the ways to go on."""
        address = shown_address(self.hass, self._get_entry().data)
        if address.problem and user_input is None:
            return self.async_show_form(
                step_id="user",
                errors={"base": address.problem},
                description_placeholders={"url": address.url},
            )
        return self.async_show_menu(
            step_id="address",
            menu_options=["wait", "number"],
            description_placeholders={"url": address.url},
        )

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
        elif number := await self._read_number(
            user_input, errors, placeholders, subentry.subentry_id
        ):
            return self.async_update_and_abort(
                self._get_entry(),
                subentry,
                title=user_input[CONF_NAME].strip() or number,
                data={CONF_NUMBER: number},
                unique_id=number,
            )
        return self._show_number("reconfigure", user_input, errors, placeholders)

    async def _read_number(
        self,
        user_input: dict[str, Any],
        errors: dict[str, str],
        placeholders: dict[str, str],
        own_id: str | None = None,
    ) -> str | None:
        """Return the number that was meant, else fill in errors.

        Where a country was assumed, the form comes back with what was understood.
        """
        try:
            understood = await user_number(self.hass, user_input[CONF_NUMBER])
        except UserNumberError as err:
            errors[CONF_NUMBER] = err.problem
            return None
        if not understood.is_number:
            errors[CONF_NUMBER] = NumberProblem.INVALID
        elif self._is_taken(understood.number, own_id):
            errors[CONF_NUMBER] = "already_configured"
        elif understood.guessed:
            user_input[CONF_NUMBER] = placeholders["understood"] = understood.written
            errors[CONF_NUMBER] = "check_number"
        else:
            return understood.number
        return None

    def _is_taken(self, number: str, own_id: str | None = None) -> bool:
        return any(
            subentry.unique_id == number and subentry.subentry_id != own_id
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
            title=name.strip() or number, data={CONF_NUMBER: number}, unique_id=number
        )

    # ---- by sending a text to it ----------------------------------------------------

    async def async_step_wait(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Wait for the first message to a number that is not known yet."""
        if self._waiting is None:
            self._waiting = self.hass.async_create_task(self._next_message(), eager_start=True)
        if not self._waiting.done():
            return self.async_show_progress(
                step_id="wait", progress_action="wait", progress_task=self._waiting
            )
        self._caught, self._waiting = self._waiting.result(), None
        return self.async_show_progress_done(
            next_step_id="caught" if self._caught else "nothing_yet"
        )

    async def _next_message(self) -> Received | None:
        caught: asyncio.Future[Received] = self.hass.loop.create_future()

        @callback
        def received(message: Received) -> None:
            wanted = message.to and message.device_id is None and not message.simulated
            if wanted and not caught.done():
                caught.set_result(message)

        stop = async_dispatcher_connect(self.hass, SIGNAL_MESSAGE, guarded(received))
        try:
            async with asyncio.timeout(WAIT_FOR_MESSAGE):
                return await caught
        except TimeoutError:
            return None
        finally:
            stop()

    async def async_step_nothing_yet(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Offer to go on waiting, to type the number, or to finish later."""
        return self.async_show_menu(
            step_id="nothing_yet",
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
        received = self._caught
        if received is None or received.to is None:
            return await self.async_step_nothing_yet()
        if self._is_taken(received.to):
            return self.async_abort(reason="already_configured")
        stranger = received.message.sender is not None and not received.sender_known
        errors: dict[str, str] = {}
        if user_input is not None:
            if user_input.get(CONF_KEEP_SENDER) and not user_input.get(CONF_CONTACT_NAME):
                errors[CONF_CONTACT_NAME] = "contact_name_missing"
            else:
                self._keep_sender(received, user_input)
                return self._create(received.to, user_input[CONF_NAME])
        return self.async_show_form(
            step_id="caught",
            data_schema=self.add_suggested_values_to_schema(
                SENDER_SCHEMA if stranger else CAUGHT_SCHEMA, user_input
            ),
            errors=errors,
            description_placeholders={
                "number": received.to,
                "sender": _quoted(received.sender_name or received.message.sender),
                "text": _quoted(received.message.text or received.message.type),
            },
        )

    def _keep_sender(self, received: Received, user_input: Mapping[str, Any]) -> None:
        if not user_input.get(CONF_KEEP_SENDER):
            return
        contact = ConfigSubentry(
            data=MappingProxyType({CONF_NUMBERS: [received.message.sender], CONF_PERSON: None}),
            subentry_type=SUBENTRY_CONTACT,
            title=user_input[CONF_CONTACT_NAME].strip(),
            unique_id=None,
        )
        self.hass.config_entries.async_add_subentry(self._get_entry(), contact)

    @callback
    @override
    def async_remove(self) -> None:
        if self._waiting:
            self._waiting.cancel()


def _quoted(text: str | None) -> str:
    """Return a stranger's words so that the dialog shows them and does not run them."""
    shown = " ".join((text or "?").replace("`", "'").split())
    return shown if len(shown) <= MAX_SHOWN else f"{shown[: MAX_SHOWN - 1]}…"
