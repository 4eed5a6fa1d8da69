"""Set-up of an account, its address and its options."""

from typing import Any, override

from homeassistant.components import webhook
from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlowResult,
    ConfigSubentryFlow,
    FlowType,
    OptionsFlow,
    SubentryFlowContext,
)
from homeassistant.const import CONF_WEBHOOK_ID
from homeassistant.core import callback
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

from .address import (
    Address,
    AddressProblem,
    async_change_address,
    async_mark_shown,
    async_use_cloudhook,
    base_url,
    is_direct_possible,
    other_addresses,
    shown_address,
)
from .cloudhook import async_create_cloudhook, is_cloud_ready
from .const import (
    CONF_ACCEPT,
    CONF_AWAITED,
    CONF_CLOUDHOOK_URL,
    CONF_HOURLY_LIMIT,
    CONF_KEEP_OFF_DISK,
    CONF_REACH,
    CONF_REPLACED_IDS,
    CONF_SHOWN_BASE,
    DEFAULT_HOURLY_LIMIT,
    DOMAIN,
    ENTRY_VERSION,
    SUBENTRY_CONTACT,
    SUBENTRY_VIRTUAL_NUMBER,
    Accept,
    Reach,
)
from .flows.contact import ContactFlow
from .flows.form import FormError
from .flows.keys import SECTION_KEYS, SET_UP_SCHEMA, KeysFlow
from .flows.virtual_number import VirtualNumberFlow
from .sending.account import keys_of

OPTIONS_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_ACCEPT, default=Accept.EVERYONE): SelectSelector(
            SelectSelectorConfig(
                options=list(Accept),
                translation_key=CONF_ACCEPT,
                mode=SelectSelectorMode.LIST,
            )
        ),
        vol.Required(CONF_KEEP_OFF_DISK, default=False): BooleanSelector(),
        vol.Required(CONF_HOURLY_LIMIT, default=DEFAULT_HOURLY_LIMIT): vol.All(
            NumberSelector(NumberSelectorConfig(min=1, step=1, mode=NumberSelectorMode.BOX)),
            vol.Coerce(int),
        ),
    }
)


class IntelliSMSConfigFlow(KeysFlow, domain=DOMAIN):
    """Create the account, so that its address is live before anyone sees it."""

    VERSION = ENTRY_VERSION
    MINOR_VERSION = 1

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return the dialogs of what an account is made of."""
        return {SUBENTRY_VIRTUAL_NUMBER: VirtualNumberFlow, SUBENTRY_CONTACT: ContactFlow}

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Return the dialog of the options."""
        return IntelliSMSOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask to go on, and for keys of whoever has some; create the account with a new address."""
        if user_input is None:
            return self.show_keys_form("user", SET_UP_SCHEMA)
        typed = user_input.get(SECTION_KEYS, {})
        try:
            keys, _ = await self.async_checked_keys(typed) if any(typed.values()) else ({}, None)
        except FormError as err:
            return self.show_keys_form("user", SET_UP_SCHEMA, user_input, err)
        return self.async_create_entry(
            title="IntelliSMS",
            data={
                CONF_WEBHOOK_ID: webhook.async_generate_id(),
                CONF_REPLACED_IDS: [],
                CONF_REACH: Reach.DIRECT.value,
                CONF_CLOUDHOOK_URL: None,
                CONF_SHOWN_BASE: base_url(self.hass),
                **keys,
            },
        )

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Go straight on to the dialog of the first virtual number, unless it cannot begin."""
        flow = await self.hass.config_entries.subentries.async_init(
            (result["result"].entry_id, SUBENTRY_VIRTUAL_NUMBER),
            context=SubentryFlowContext(source=SOURCE_USER),
        )
        if flow["type"] is not FlowResultType.ABORT:
            result["next_flow"] = (FlowType.CONFIG_SUBENTRIES_FLOW, flow["flow_id"])
        return result

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say first what speaks against the address, if anything does."""
        entry = self._get_reconfigure_entry()
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="entry_not_loaded")
        address = shown_address(self.hass, entry.data)
        if address.problem and address.url:
            return self.async_show_form(
                step_id="problem",
                errors={"base": address.problem},
                description_placeholders={"url": address.url},
            )
        return await self.async_step_address()

    async def async_step_no_url(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say what is missing as long as there is no address that could be shown."""
        entry = self._get_reconfigure_entry()
        if shown_address(self.hass, entry.data).url:
            return await self.async_step_reconfigure()
        options = ["no_url"]
        if is_cloud_ready(self.hass):
            options.append("cloudhook")
        return self.async_show_menu(step_id="no_url", menu_options=options + _keys_options(entry))

    async def async_step_problem(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Go on although something speaks against the address."""
        return await self.async_step_address()

    async def async_step_address(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the address again, and what can be done about it."""
        entry = self._get_reconfigure_entry()
        if not shown_address(self.hass, entry.data).url:
            return await self.async_step_no_url()
        address = async_mark_shown(self.hass, entry)
        options = ["new_address"]
        by_cloudhook = entry.data[CONF_REACH] == Reach.CLOUDHOOK
        if by_cloudhook and is_direct_possible(self.hass, entry.data):
            options.append("direct")
        # A cloudhook that is gone can be replaced by a new one, too.
        if (not by_cloudhook or address.problem) and is_cloud_ready(self.hass):
            options.append("cloudhook")
        options += _keys_options(entry)
        others = [f"- `{url}`" for url in other_addresses(self.hass, entry.data)]
        return self.async_show_menu(
            step_id="address",
            menu_options=options,
            description_placeholders={
                "url": address.url,
                "others": "\n".join(others) or "-",
            },
        )

    async def async_step_new_address(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Replace the address; what is posted to the old one is kept by the provider."""
        if user_input is None:
            return self.async_show_form(step_id="new_address")
        entry = self._get_reconfigure_entry()
        if not shown_address(self.hass, entry.data).url:
            return await self.async_step_no_url()
        webhook_id = webhook.async_generate_id()
        url = None
        if entry.data[CONF_REACH] == Reach.CLOUDHOOK:
            url = await async_create_cloudhook(self.hass, webhook_id)
            if url is None:
                return self.async_show_form(
                    step_id="new_address", errors={"base": "cloud_not_ready"}
                )
        # The update listener, which only a loaded entry has, registers the new id and tells the
        # doors that the old one was replaced. Until then the new address would lead nowhere.
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="entry_not_loaded")
        changes = {
            CONF_WEBHOOK_ID: webhook_id,
            CONF_REPLACED_IDS: [*entry.data[CONF_REPLACED_IDS], entry.data[CONF_WEBHOOK_ID]],
            CONF_CLOUDHOOK_URL: url,
            CONF_AWAITED: True,
        }
        address = async_change_address(self.hass, entry, changes)
        return self._tell(address, "address_replaced")

    async def async_step_cloudhook(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Be reached through Home Assistant Cloud's webhook; its limit is said first."""
        errors: dict[str, str] = {}
        if user_input is not None:
            entry = self._get_reconfigure_entry()
            reason = self._switched(entry)
            if address := await async_use_cloudhook(self.hass, entry):
                return self._tell(address, reason)
            errors["base"] = "cloud_not_ready"
        return self.async_show_form(step_id="cloudhook", errors=errors)

    async def async_step_direct(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Be reached at our own door again; the cloudhook goes on working, if it still did."""
        entry = self._get_reconfigure_entry()
        if not is_direct_possible(self.hass, entry.data):
            return await self.async_step_address()
        reason = self._switched(entry)
        address = async_change_address(self.hass, entry, {CONF_REACH: Reach.DIRECT.value})
        return self._tell(address, reason)

    def _switched(self, entry: ConfigEntry) -> str:
        """Return how a switch ends, before it is made: what comes to a gone cloudhook is lost."""
        gone = shown_address(self.hass, entry.data).problem is AddressProblem.CLOUDHOOK_GONE
        return "address_replaced_lost" if gone else "address_switched"

    def _tell(self, address: Address, reason: str) -> ConfigFlowResult:
        """End with the address to paste."""
        return self.async_abort(reason=reason, description_placeholders={"url": address.url})


class IntelliSMSOptionsFlow(OptionsFlow):
    """Whose messages are accepted, and what is kept on disk."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the options."""
        if user_input is not None:
            return self.async_create_entry(data=user_input)
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                OPTIONS_SCHEMA, self.config_entry.options
            ),
        )


def _keys_options(entry: ConfigEntry) -> list[str]:
    """Return what can be done about the keys; messages can be sent without an address."""
    return ["keys", "remove_keys"] if keys_of(entry) else ["keys"]
