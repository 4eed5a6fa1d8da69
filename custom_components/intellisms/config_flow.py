"""Set-up of an account and of its virtual numbers."""

from typing import Any, override

from homeassistant.components import webhook
from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    FlowType,
    SubentryFlowContext,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME, CONF_WEBHOOK_ID
from homeassistant.core import callback
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType
import voluptuous as vol

from .address import own_address
from .const import CONF_NUMBER, CONF_REPLACED_IDS, DOMAIN, SUBENTRY_VIRTUAL_NUMBER
from .user_number import NumberProblem, UserNumberError, user_number

NUMBER_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_NUMBER): TextSelector(
            TextSelectorConfig(type=TextSelectorType.TEL, autocomplete="off")
        ),
        vol.Required(CONF_NAME): TextSelector(TextSelectorConfig(autocomplete="off")),
    }
)


class IntelliSMSConfigFlow(ConfigFlow, domain=DOMAIN):
    """Create the account, so that its address is live before anyone sees it."""

    VERSION = 1
    MINOR_VERSION = 1

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return what can be added to an account."""
        return {SUBENTRY_VIRTUAL_NUMBER: VirtualNumberFlow}

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask to go on, then create the account with a new address."""
        if user_input is None:
            return self.async_show_form(step_id="user")
        return self.async_create_entry(
            title="IntelliSMS",
            data={CONF_WEBHOOK_ID: webhook.async_generate_id(), CONF_REPLACED_IDS: []},
        )

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Go straight on to the first virtual number."""
        flow = await self.hass.config_entries.subentries.async_init(
            (result["result"].entry_id, SUBENTRY_VIRTUAL_NUMBER),
            context=SubentryFlowContext(source=SOURCE_USER),
        )
        result["next_flow"] = (FlowType.CONFIG_SUBENTRIES_FLOW, flow["flow_id"])
        return result


class VirtualNumberFlow(ConfigSubentryFlow):
    """Add or edit a virtual number."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Start adding a number."""
        return await self.async_step_number(user_input)

    async def async_step_number(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show the address to paste, and take number and name."""
        address = own_address(self.hass, self._get_entry())
        placeholders = {"url": address.url}
        errors: dict[str, str] = {}
        if user_input is None:
            if address.problem:
                errors["base"] = address.problem
        elif number := await self._read_number(user_input, errors, placeholders):
            return self.async_create_entry(
                title=user_input[CONF_NAME].strip() or number,
                data={CONF_NUMBER: number},
                unique_id=number,
            )
        return self._show("number", user_input, errors, placeholders)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change number or name; device and history stay."""
        subentry = self._get_reconfigure_subentry()
        placeholders: dict[str, str] = {}
        errors: dict[str, str] = {}
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
        return self._show("reconfigure", user_input, errors, placeholders)

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
            return None
        if self._is_taken(understood.number, own_id):
            errors[CONF_NUMBER] = "already_configured"
            return None
        if understood.guessed:
            user_input[CONF_NUMBER] = placeholders["understood"] = understood.written
            errors[CONF_NUMBER] = "check_number"
            return None
        return understood.number

    def _is_taken(self, number: str, own_id: str | None) -> bool:
        return any(
            subentry.unique_id == number and subentry.subentry_id != own_id
            for subentry in self._get_entry().subentries.values()
        )

    def _show(
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
