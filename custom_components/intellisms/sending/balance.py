"""How many credits are left: asked hourly, and after what was sent."""

from collections.abc import Coroutine
from datetime import timedelta
import logging
from typing import Any, Final, override

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from ..const import DOMAIN
from ..faults import guarded
from ..protocol import KEYS_REFUSED, AnswerError, SendError, SendOutcome
from .client import Client
from .data import Sent, signal_sent

_LOGGER = logging.getLogger(__name__)

POLL_INTERVAL: Final = timedelta(hours=1)
# How long after a message is asked what it left, once for all that went meanwhile.
SETTLE_SECONDS: Final = 10


class Balance(DataUpdateCoordinator[float]):
    """The credits of an account, and whether its keys are still accepted."""

    config_entry: ConfigEntry

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, client: Client) -> None:
        """Ask nothing yet."""
        self._client = client
        self._is_over = False
        self._soon: Debouncer[Coroutine[Any, Any, None]] = Debouncer(
            hass, _LOGGER, cooldown=SETTLE_SECONDS, immediate=False, background=True
        )
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name="IntelliSMS balance",
            update_interval=POLL_INTERVAL,
            request_refresh_debouncer=self._soon,
        )

    @callback
    def async_start(self) -> None:
        """Ask now, and again after what is sent; nothing waits for the answer."""
        self.config_entry.async_on_unload(
            async_dispatcher_connect(
                self.hass, signal_sent(self.config_entry.entry_id), guarded(self._on_sent)
            )
        )
        self.async_ask()

    @callback
    def async_ask(self) -> None:
        """Ask now."""
        self.config_entry.async_create_background_task(
            self.hass, self.async_refresh(), f"{DOMAIN} asks for the balance"
        )

    @callback
    def async_stop(self) -> None:
        """Ask no more, as the keys are gone; what is being asked for no longer matters."""
        self._is_over = True
        self.hass.async_create_task(self.async_shutdown())

    @override
    async def _async_update_data(self) -> float:
        try:
            balance = await self._client.async_balance()
        except AnswerError as err:
            if err.error in KEYS_REFUSED:
                self._ask_for_keys()
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="balance_unknown",
                translation_placeholders={"error": err.error},
            ) from None
        async_end_reauth(self.hass, self.config_entry)
        return balance

    @callback
    def _on_sent(self, sent: Sent) -> None:
        """Look whether the keys are still accepted where some were refused, later what is left."""
        error = sent.result.error
        if error in KEYS_REFUSED:
            # A message may have gone with keys that were replaced meanwhile.
            self.async_ask()
        elif (
            sent.result.outcome is not SendOutcome.NOT_SENT
            or error == SendError.INSUFFICIENT_CREDIT
        ):
            self._soon.async_schedule_call()

    def _ask_for_keys(self) -> None:
        """Ask for new keys, unless the refused ones were removed meanwhile."""
        if not self._is_over:
            self.config_entry.async_start_reauth(self.hass)


@callback
def async_end_reauth(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Ask for new keys no more: the present ones are accepted, or gone."""
    for flow in list(entry.async_get_active_flows(hass, {SOURCE_REAUTH})):
        hass.config_entries.flow.async_abort(flow["flow_id"])
