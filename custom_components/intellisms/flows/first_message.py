"""Adding a virtual number by sending a text to it: the first message tells the number."""

from abc import abstractmethod
import asyncio
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Any, override

from homeassistant.config_entries import ConfigEntryState, SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect, async_dispatcher_send
import voluptuous as vol

from ..address import shown_address
from ..const import SUBENTRY_CONTACT, SUBENTRY_VIRTUAL_NUMBER, Ignored
from ..faults import guarded
from ..matching import is_blank
from ..quoted import quoted, shown_sender
from ..receiving.data import IntelliSMSConfigEntry
from ..receiving.delivery import Delivery
from ..receiving.signals import (
    SIGNAL_MESSAGE,
    Dialog,
    Trouble,
    signal_dialog,
    signal_trouble,
    signal_turned_away,
)
from .form import NAME_SELECTOR, Entered, Form, FormError, FormFlow, check_filled_in
from .subentries import (
    contact_subentry,
    is_name_taken,
    is_taken,
    virtual_number_subentry,
)

CONF_CONTACT_NAME = "contact_name"
# The dialog tells after this time that nothing came yet, and offers to wait again.
WAIT_SECONDS = 60

_CAUGHT_SCHEMA = vol.Schema({vol.Required(CONF_NAME): NAME_SELECTOR})
_SENDER_SCHEMA = _CAUGHT_SCHEMA.extend({vol.Optional(CONF_CONTACT_NAME): NAME_SELECTOR})


class Astray(StrEnum):
    """What came that tells no new number; each is a step of the flow."""

    NAMELESS = "nameless"
    ANOTHER_NUMBER = "another_number"
    TURNED_AWAY = "turned_away"
    UNREADABLE = "unreadable"


class FirstMessage:
    """Catches the first message, and notices what comes in its place."""

    caught: Delivery | None = None
    # What came last for a number that is set up already.
    for_another: Delivery | None = None
    _astray: Astray | None = None

    def __init__(self, hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> None:
        """Begin to listen."""
        self._news = asyncio.Event()
        # Devices of numbers that were told of: a house that is written to often is told once.
        self._others: set[str] = set()
        self._unsubscribe = (
            async_dispatcher_connect(hass, SIGNAL_MESSAGE, guarded(self._on_delivery)),
            async_dispatcher_connect(
                hass, signal_turned_away(entry.entry_id), guarded(self._turned_away)
            ),
            async_dispatcher_connect(hass, signal_trouble(entry.entry_id), guarded(self._troubled)),
        )

    @callback
    def async_stop(self) -> None:
        """Listen no more."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()

    async def async_wait(self) -> None:
        """Return when there is something to tell, or after `WAIT_SECONDS`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT_SECONDS):
                await self._news.wait()

    @callback
    def async_take_astray(self) -> Astray | None:
        """Return what came astray last since this was called before, None if nothing did."""
        astray, self._astray = self._astray, None
        if self.caught is None:
            self._news.clear()
        return astray

    @callback
    def _on_delivery(self, delivery: Delivery) -> None:
        """Catch the first message to a number that is not set up."""
        if delivery.simulated or self.caught:
            return
        # Where there is one number, the directory takes it for what a message does not name.
        if delivery.message.to is None:
            self._note(Astray.NAMELESS)
        elif delivery.device_id:
            if delivery.device_id not in self._others:
                self._others.add(delivery.device_id)
                self.for_another = delivery
                self._note(Astray.ANOTHER_NUMBER)
        else:
            self.caught = delivery
            self._news.set()

    @callback
    def _turned_away(self, _delivery: Delivery) -> None:
        """Notice a message whose sender is not accepted."""
        self._note(Astray.TURNED_AWAY)

    @callback
    def _troubled(self, trouble: Trouble) -> None:
        """Notice something that is no message."""
        if trouble.kind is Ignored.UNREADABLE:
            self._note(Astray.UNREADABLE)

    def _note(self, astray: Astray) -> None:
        """Keep what came astray, and end the wait."""
        self._astray = astray
        self._news.set()


class FirstMessageFlow(FormFlow):
    """Wait for the first message to a virtual number, and add the number that it tells."""

    _first: FirstMessage | None = None
    _waiting: asyncio.Task[Any] | None = None

    @callback
    def _async_tell(self, *, is_open: bool) -> None:
        """Say that this dialog tells what comes, or that it does so no more."""
        dialog = Dialog(flow_id=self.flow_id, is_open=is_open)
        # The entry itself may be gone when the dialog is closed.
        async_dispatcher_send(self.hass, signal_dialog(self._entry_id), dialog)

    @callback
    def _async_listen(self) -> FirstMessage:
        """Return what listens for the first message; it begins when this is called first."""
        self._async_tell(is_open=True)
        if self._first is None:
            self._first = FirstMessage(self.hass, self._get_entry())
        return self._first

    def _is_loaded(self) -> bool:
        """Tell whether the account is loaded, without which nothing can be received."""
        return self._get_entry().state is ConfigEntryState.LOADED

    async def async_step_wait(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Wait for the first message, then go on to the step that tells what came."""
        first = self._async_listen()
        if self._waiting is None:
            if not self._is_loaded():
                return self.async_abort(reason="entry_not_loaded")
            # The task runs in the background, or Home Assistant would wait for it when it stops.
            # It starts in the next turn of the loop, so that it is never done at once: core's
            # `FlowManager.async_configure` would hand the choice from the menu, which led here,
            # to the step that follows as its input (read in 2026.7.0 and 2026.11.0).
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

    @abstractmethod
    async def async_step_no_url(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Say what is missing as long as there is no address that could be shown."""

    async def async_step_nothing_yet(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Say that nothing came, and where to look for the reason."""
        if not (url := shown_address(self.hass, self._get_entry().data).url):
            return await self.async_step_no_url()
        return self._offer(step_id="nothing_yet", placeholders={"url": url})

    async def async_step_nameless(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Say that a message came which does not tell the number."""
        return self._offer(step_id="nameless")

    async def async_step_another_number(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Say that a message came for a number that is set up already."""
        delivery = self._async_listen().for_another
        if TYPE_CHECKING:
            assert delivery
        placeholders = {"number": quoted(delivery.to), "name": quoted(delivery.to_name)}
        return self._offer(step_id="another_number", placeholders=placeholders)

    async def async_step_turned_away(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Say that a message came whose sender is not accepted."""
        return self._offer(step_id="turned_away")

    async def async_step_unreadable(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Say that something came which is no message."""
        return self._offer(step_id="unreadable")

    def _offer(
        self, *, step_id: str, placeholders: Mapping[str, str] | None = None
    ) -> SubentryFlowResult:
        """Offer to go on waiting, to type the number, or to finish later."""
        if not self._is_loaded():
            return self.async_abort(reason="entry_not_loaded")
        return self.async_show_menu(
            step_id=step_id,
            menu_options=["wait", "number", "later"],
            description_placeholders=placeholders,
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
        delivery = self._async_listen().caught
        if TYPE_CHECKING:
            assert delivery
        number = delivery.to or ""
        entry, sender = self._get_entry(), next(iter(delivery.message.identities), None)
        # One of our own numbers is no contact either.
        if delivery.sender_known or (sender and is_taken(entry, SUBENTRY_VIRTUAL_NUMBER, sender)):
            sender = None
        if self._is_taken(number):
            return self.async_abort(reason="already_configured")

        async def take(entered: Entered) -> SubentryFlowResult:
            """Save the number, and its sender where that was asked for."""
            # A virtual number without a name would be called by its number, which would then
            # be part of entity ids, and of log lines with them.
            check_filled_in(entered, {CONF_NAME: "name_missing"})
            if sender and not is_blank(contact := entered.get(CONF_CONTACT_NAME, "")):
                if is_name_taken(entry, SUBENTRY_CONTACT, contact):
                    raise FormError({CONF_CONTACT_NAME: "contact_name_taken"})
                self._keep(sender, contact)
            return self._save(virtual_number_subentry(number, entered[CONF_NAME]))

        form = Form(
            step_id="caught",
            schema=_SENDER_SCHEMA if sender else _CAUGHT_SCHEMA,
            placeholders={
                "number": quoted(number),
                "sender": quoted(shown_sender(delivery.sender_name, delivery.message.sender)),
                "text": quoted(delivery.message.text or delivery.message.type),
            },
        )
        return await self._ask(form, user_input, take)

    def _keep(self, sender: str, name: str) -> None:
        """Add the sender as a contact, unless somebody did so meanwhile."""
        entry = self._get_entry()
        if not is_taken(entry, SUBENTRY_CONTACT, sender):
            contact = contact_subentry([sender], name)
            self.hass.config_entries.async_add_subentry(entry, contact)

    @callback
    @override
    def async_remove(self) -> None:
        """Listen no more when the dialog is closed; core cancels the task that it shows."""
        if self._first:
            self._first.async_stop()
        self._async_tell(is_open=False)
