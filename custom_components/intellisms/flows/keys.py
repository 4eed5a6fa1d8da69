"""Asking for the keys for sending, which are checked before they are taken."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigFlow, ConfigFlowResult
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType
import voluptuous as vol

from ..const import CONF_ACCESS_KEY, CONF_SECRET_KEY
from ..protocol import KEYS_REFUSED, AnswerError, SendError
from ..sending.client import Client
from ..sending.data import Keys
from .form import Entered, FormError

# Browsers would offer to keep them as a name and its password.
_ACCESS = TextSelector(TextSelectorConfig(autocomplete="off"))
_SECRET = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="new-password")
)
_SCHEMA = vol.Schema(
    {vol.Required(CONF_ACCESS_KEY): _ACCESS, vol.Required(CONF_SECRET_KEY): _SECRET}
)
SECTION_KEYS = "keys"
# At the set-up nobody needs them, and few know them.
SET_UP_SCHEMA = vol.Schema(
    {
        vol.Optional(SECTION_KEYS): section(
            vol.Schema(
                {vol.Optional(CONF_ACCESS_KEY): _ACCESS, vol.Optional(CONF_SECRET_KEY): _SECRET}
            ),
            {"collapsed": True},
        )
    }
)


class KeysFlow(ConfigFlow):
    """The steps of a config flow that are about keys."""

    async def async_step_keys(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for keys, the first or others."""
        return await self._ask("keys", self._get_reconfigure_entry(), user_input)

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Ask for other keys, as the present ones are refused."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for other keys."""
        return await self._ask("reauth_confirm", self._get_reauth_entry(), user_input)

    async def async_step_remove_keys(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Forget the keys, once that is confirmed."""
        if user_input is None:
            return self.async_show_form(step_id="remove_keys")
        entry = self._get_reconfigure_entry()
        kept = {key: value for key, value in entry.data.items() if key not in _SCHEMA.schema}
        self.hass.config_entries.async_update_entry(entry, data=kept)
        return self.async_abort(reason="keys_removed")

    async def _ask(
        self, step_id: str, entry: ConfigEntry, entered: Entered | None
    ) -> ConfigFlowResult:
        """Show the form, or take the keys; the update listener applies them."""
        if entered is None:
            return self.show_keys_form(step_id, _SCHEMA)
        try:
            keys, balance = await self.async_checked_keys(entered)
        except FormError as err:
            return self.show_keys_form(step_id, _SCHEMA, entered, err)
        self.hass.config_entries.async_update_entry(entry, data={**entry.data, **keys})
        return self.async_abort(
            reason="keys_accepted", description_placeholders={"credits": f"{balance:g}"}
        )

    def show_keys_form(
        self,
        step_id: str,
        schema: vol.Schema,
        entered: Entered | None = None,
        error: FormError | None = None,
    ) -> ConfigFlowResult:
        """Show a form for keys, or show it again and say why they are not taken."""
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, entered),
            errors=error.errors if error else None,
            description_placeholders=error.placeholders if error else None,
        )

    @staticmethod
    async def async_checked_keys(entered: Entered) -> tuple[dict[str, str], float]:
        """Return keys as an entry stores them, and how many credits are left; else FormError."""
        keys = {key: entered.get(key, "").strip() for key in (CONF_ACCESS_KEY, CONF_SECRET_KEY)}
        if not all(keys.values()):
            raise FormError({"base": "keys_missing"})
        try:
            return keys, await Client(Keys(**keys)).async_balance()
        except AnswerError as err:
            if err.error in KEYS_REFUSED:
                raise FormError({"base": "keys_refused"}) from None
            if err.error == SendError.CANNOT_CONNECT:
                raise FormError({"base": "cannot_connect"}) from None
            raise FormError({"base": "keys_unchecked"}, placeholders={"error": err.error}) from None
