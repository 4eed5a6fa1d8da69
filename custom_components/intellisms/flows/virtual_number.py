"""Adding and editing a virtual number; sending a text to it is in `first_message`."""

from typing import Any, override

from homeassistant.config_entries import SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType
import voluptuous as vol

from ..address import AddressProblem, async_mark_shown, async_use_cloudhook, shown_address
from ..cloudhook import is_cloud_ready
from ..const import (
    CONF_NUMBER,
    CONF_REACH,
    CONF_SHOWN_BASE,
    PROVIDER_URL,
    SUBENTRY_VIRTUAL_NUMBER,
    Reach,
)
from ..typed_numbers import Certainty, NumberProblem
from .first_message import FirstMessageFlow
from .form import NAME_SELECTOR, Entered, Form, FormError, check_filled_in
from .subentries import virtual_number_subentry

_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_NUMBER): TextSelector(
            TextSelectorConfig(type=TextSelectorType.TEL, autocomplete="off")
        ),
        vol.Required(CONF_NAME): NAME_SELECTOR,
    }
)


class VirtualNumberFlow(FirstMessageFlow):
    """Add or edit a virtual number."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Say first what speaks against the address; it is pasted before the first number only."""
        if not self._is_loaded():
            return self.async_abort(reason="entry_not_loaded")
        entry = self._get_entry()
        if entry.get_subentries_of_type(SUBENTRY_VIRTUAL_NUMBER):
            return await self.async_step_another()
        address = shown_address(self.hass, entry.data)
        if address.problem and address.url and user_input is None:
            return self.async_show_form(
                step_id="user",
                errors={"base": address.problem},
                description_placeholders={"url": address.url},
            )
        return await self.async_step_address()

    @override
    async def async_step_no_url(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Say what is missing as long as there is no address that could be shown."""
        if shown_address(self.hass, self._get_entry().data).url:
            return await self.async_step_user()
        self._async_tell(is_open=True)
        if is_cloud_ready(self.hass):
            return self.async_show_menu(step_id="no_url", menu_options=["no_url", "cloudhook"])
        errors = {} if user_input is None else {"base": AddressProblem.NO_URL.value}
        return self.async_show_form(step_id="no_url", errors=errors)

    async def async_step_another(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Offer the ways to a second number, which comes to the address that is pasted already."""
        self._async_listen()
        return self.async_show_menu(step_id="another", menu_options=["wait", "number"])

    async def async_step_address(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show the address to paste, and the ways to go on."""
        entry = self._get_entry()
        if not (url := shown_address(self.hass, entry.data).url):
            return await self.async_step_no_url()
        # An address that was shown before counts as pasted as it was then. If this dialog marked
        # it anew, no repair would tell that the URL has changed since (`async_mark_shown`).
        if entry.data.get(CONF_SHOWN_BASE) is None:
            async_mark_shown(self.hass, entry)
        # People send their text as soon as they have read this, before they choose to wait, so
        # the flow listens from here on.
        self._async_listen()
        menu_options = ["wait", "number"]
        if entry.data[CONF_REACH] == Reach.DIRECT and is_cloud_ready(self.hass):
            menu_options.append("cloudhook")
        return self.async_show_menu(
            step_id="address",
            menu_options=menu_options,
            description_placeholders={"url": url, "provider": PROVIDER_URL},
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

    async def async_step_number(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for number and name."""
        return await self._ask(Form(step_id="number", schema=_SCHEMA), user_input, self._take)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change number or name; device and history stay."""
        number = self._get_reconfigure_subentry()
        form = Form(
            step_id="reconfigure",
            schema=_SCHEMA,
            suggested={CONF_NUMBER: number.data[CONF_NUMBER], CONF_NAME: number.title},
        )
        return await self._ask(form, user_input, self._take)

    async def _take(self, entered: Entered) -> SubentryFlowResult:
        """Save the number that was entered; one that is not certain comes back first."""
        # A virtual number without a name would be called by its number, which would then be
        # part of entity ids, and of log lines with them.
        check_filled_in(entered, {CONF_NAME: "name_missing"})
        edited = self._edited
        number = entered[CONF_NUMBER].strip()
        # A number that stays the same is not judged again: it may have come from a message, in
        # a form that nobody would be allowed to type.
        if edited is None or number != edited.data[CONF_NUMBER]:
            number = await self._number(entered)
        return self._save(virtual_number_subentry(number, entered[CONF_NAME]))

    async def _number(self, entered: Entered) -> str:
        """Return the number that was meant; FormError where it is none, taken, or not certain.

        One that is not certain comes back in the form as it was understood, spaces and all.
        Submitted like this it begins with its plus and is certain, so a person is asked once.
        """
        typed = entered[CONF_NUMBER]
        number = await self._understand(CONF_NUMBER, typed)
        # Nothing that people send to has a name; what was asked back may be anything.
        if not number.number.removeprefix("+").isdecimal():
            raise FormError({CONF_NUMBER: NumberProblem.INVALID})
        if self._is_taken(number.number):
            raise FormError({CONF_NUMBER: "already_configured"})
        if number.certainty is not Certainty.CERTAIN:
            self._asked |= {(typed, number.number)}
            raise FormError(
                {CONF_NUMBER: "check_number"},
                placeholders={"understood": number.written},
                suggested={**entered, CONF_NUMBER: number.written},
            )
        return number.number
