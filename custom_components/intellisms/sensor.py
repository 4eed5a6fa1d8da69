"""The last message of a virtual number or contact, and how the account is doing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.translation import async_get_cached_translations
from homeassistant.helpers.typing import StateType

from .const import DELIVERY_KEY, DOMAIN, MAX_STATE_LENGTH, Ignored
from .entity import AccountEntity, IntelliSMSEntity, RecordEntity, stay_in_place
from .faults import guarded
from .protocol import STATUS_WORDS, UNKNOWN_STATUS, SendOutcome
from .quoted import fitting, shown_sender
from .receiving.account_record import AccountRecord
from .receiving.data import IntelliSMSConfigEntry
from .receiving.delivery import Delivery
from .receiving.directory import Listing, VirtualNumber
from .receiving.journal import Record
from .receiving.progress import Progress
from .sending.balance import Balance
from .sending.deliveries import signal_progress
from .sending.recipients import can_be_written_to
from .sending_entities import Keyed, async_follow_keys

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class RecordSensorDescription(SensorEntityDescription):
    """A sensor that shows something of a virtual number's or contact's record."""

    value_fn: Callable[[Record], StateType | datetime]
    says_what_was_said: bool = False


@dataclass(frozen=True, kw_only=True)
class AccountSensorDescription(SensorEntityDescription):
    """A sensor that shows something of the account's record."""

    value_fn: Callable[[AccountRecord], StateType | datetime]
    attributes_fn: Callable[[AccountRecord], Mapping[str, Any]] | None = None


def _of_last[T](value: Callable[[Delivery], T]) -> Callable[[Record], T | None]:
    """Return a value of the last message, None while there is none."""
    return lambda record: value(record.last) if record.last else None


LAST_MESSAGE = RecordSensorDescription(
    key="last_message",
    translation_key="last_message",
    says_what_was_said=True,
    value_fn=_of_last(lambda last: last.message.text),
)
LAST_RECEIVED = RecordSensorDescription(
    key="last_received",
    translation_key="last_received",
    device_class=SensorDeviceClass.TIMESTAMP,
    # Each of its changes would be a line of the logbook that says what another line says.
    entity_registry_enabled_default=False,
    value_fn=_of_last(lambda last: last.received_at),
)
NUMBER_SENSORS = (
    RecordSensorDescription(
        key="last_sender",
        translation_key="last_sender",
        value_fn=_of_last(lambda last: shown_sender(last.sender_name, last.message.sender)),
    ),
    RecordSensorDescription(
        key="channel",
        translation_key="channel",
        entity_registry_enabled_default=False,
        value_fn=_of_last(lambda last: last.message.channel),
    ),
    RecordSensorDescription(
        key="type",
        translation_key="type",
        entity_registry_enabled_default=False,
        value_fn=_of_last(lambda last: last.message.type),
    ),
    RecordSensorDescription(
        key="last_button",
        translation_key="last_button",
        says_what_was_said=True,
        entity_registry_enabled_default=False,
        value_fn=_of_last(lambda last: last.message.button_text or last.message.button_id),
    ),
    RecordSensorDescription(
        key="network",
        translation_key="network",
        entity_registry_enabled_default=False,
        value_fn=_of_last(lambda last: last.message.network_code),
    ),
    RecordSensorDescription(
        key="messages_received",
        translation_key="messages_received",
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda record: record.total,
    ),
)
ACCOUNT_SENSORS = (
    AccountSensorDescription(
        key="last_post",
        translation_key="last_post",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda account: account.last_post,
    ),
    AccountSensorDescription(
        key="messages_ignored",
        translation_key="messages_ignored",
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda account: account.ignored.total(),
        attributes_fn=lambda account: {reason: account.ignored[reason] for reason in Ignored},
    ),
)
BALANCE = SensorEntityDescription(
    key="balance",
    translation_key="balance",
    state_class=SensorStateClass.TOTAL,
    entity_category=EntityCategory.DIAGNOSTIC,
)

LAST_DELIVERY = SensorEntityDescription(
    key=DELIVERY_KEY,
    translation_key=DELIVERY_KEY,
    device_class=SensorDeviceClass.ENUM,
    # A report of an unknown status is no news, so that one never shows.
    options=[
        word
        for word in dict.fromkeys((*SendOutcome, *STATUS_WORDS.values()))
        if word != UNKNOWN_STATUS
    ],
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: IntelliSMSConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the account's sensors, and those of each number and contact, now and later."""
    async_add_entities(AccountSensor(entry, description) for description in ACCOUNT_SENSORS)

    @callback
    def add(owner: Listing) -> None:
        is_number = isinstance(owner, VirtualNumber)
        message = ConversationSensor if is_number else LastMessageSensor
        others = (LAST_RECEIVED, *NUMBER_SENSORS) if is_number else (LAST_RECEIVED,)
        async_add_entities(
            [
                message(entry, owner, LAST_MESSAGE),
                *(RecordSensor(entry, owner, description) for description in others),
            ],
            config_subentry_id=owner.subentry_id,
        )

    entry.runtime_data.directory.async_on_added(add)
    for kind in (
        Keyed(
            platform=Platform.SENSOR,
            key=BALANCE.key,
            owners=lambda: [entry.entry_id],
            make=lambda sending, _: BalanceSensor(entry, sending.balance),
        ),
        Keyed(
            platform=Platform.SENSOR,
            key=LAST_DELIVERY.key,
            owners=lambda: can_be_written_to(entry.runtime_data.directory),
            make=lambda _, contact_id: DeliverySensor(entry, contact_id),
        ),
    ):
        async_follow_keys(hass, entry, async_add_entities, kind)


class RecordSensor(RecordEntity, SensorEntity):
    """Shows something of a virtual number's or contact's last message."""

    entity_description: RecordSensorDescription

    @property
    @override
    def native_value(self) -> StateType | datetime:
        if self.discreet and self.entity_description.says_what_was_said:
            return None
        value = self.entity_description.value_fn(self.record)
        return _as_state(value) if isinstance(value, str) else value


class LastMessageSensor(RecordSensor):
    """Shows what was said; the whole of it is an attribute that is not recorded."""

    _unrecorded_attributes = frozenset({"text"})

    @property
    @override
    def native_value(self) -> StateType | datetime:
        text = super().native_value
        if text or (last := self.record.last) is None:
            return text
        return _as_state(f"[{self._translated_type(last.message.type)}]")

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        last = None if self.discreet else self.record.last
        return {"text": last.message.text if last else None}

    def _translated_type(self, word: str) -> str:
        """Say what a message without a text is, in the language Home Assistant speaks.

        Core has read these texts when it adds an entity, to name it.
        """
        translations = async_get_cached_translations(
            self.hass, self.hass.config.language, "entity", DOMAIN
        )
        return translations.get(f"component.{DOMAIN}.entity.sensor.type.state.{word}", word)


class ConversationSensor(LastMessageSensor):
    """Shows what was said last, and beside it excerpts of what was said before."""

    _unrecorded_attributes = frozenset({"text", "recent"})

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        recent = [] if self.discreet else list(self.record.recent)
        return {**super().extra_state_attributes, "recent": recent}


class AccountSensor(AccountEntity, SensorEntity):
    """Shows how the account is doing."""

    entity_description: AccountSensorDescription

    @property
    @override
    def native_value(self) -> StateType | datetime:
        return self.entity_description.value_fn(self._journal.account)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        if (attributes_fn := self.entity_description.attributes_fn) is None:
            return None
        return attributes_fn(self._journal.account)


class BalanceSensor(IntelliSMSEntity, SensorEntity):
    """Shows how many credits are left."""

    async_entity_id_changed = stay_in_place

    def __init__(self, entry: IntelliSMSConfigEntry, balance: Balance) -> None:
        """Show what is asked for hourly, and after what is sent."""
        super().__init__(entry, entry.entry_id, BALANCE)
        self._balance = balance

    @property
    @override
    def available(self) -> bool:
        return self._balance.last_update_success

    @property
    @override
    def native_value(self) -> float | None:
        return self._balance.data

    @override
    async def async_added_to_hass(self) -> None:
        self.async_on_remove(self._balance.async_add_listener(self.async_write_ha_state))


class DeliverySensor(IntelliSMSEntity, SensorEntity):
    """Shows how far the last message to a contact has come, and beside it those before."""

    _unrecorded_attributes = frozenset({"recent"})
    async_entity_id_changed = stay_in_place

    def __init__(self, entry: IntelliSMSConfigEntry, contact_id: str) -> None:
        """Show what is known of the messages to a contact."""
        super().__init__(entry, contact_id, LAST_DELIVERY)
        self._contact_id = contact_id

    @property
    def _sent(self) -> tuple[Progress, ...]:
        return self._journal.record(self._contact_id).sent

    @property
    @override
    def native_value(self) -> str | None:
        return next((one.status for one in self._sent), None)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        recent = [one.as_attributes() for one in self._sent]
        last: Mapping[str, Any] = recent[0] if recent else {}
        shown = {key: last.get(key) for key in ("message_id", "sent", "channel", "type")}
        return {**shown, "recent": recent}

    @override
    async def async_added_to_hass(self) -> None:
        self.async_on_remove(
            async_dispatcher_connect(
                self.hass, signal_progress(self._contact_id), guarded(self._on_progress)
            )
        )

    @callback
    def _on_progress(self, context: Context) -> None:
        """Show what is known now, because of what was sent or reported."""
        self.async_set_context(context)
        self.async_write_ha_state()


def _as_state(text: str) -> str:
    """Return a text that core takes as a state, without NUL, which some databases refuse."""
    return fitting(text.replace("\0", ""), MAX_STATE_LENGTH)
