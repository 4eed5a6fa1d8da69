"""Names and limits of the IntelliSMS integration."""

from enum import StrEnum
from typing import Final

DOMAIN: Final = "intellisms"
MANUFACTURER: Final = "IntelliSoftware"
PROVIDER_URL: Final = "https://www.intellisoftware.co.uk/"

EVENT_MESSAGE_RECEIVED: Final = f"{DOMAIN}_message_received"
EVENT_MESSAGE_STATUS: Final = f"{DOMAIN}_message_status"

CONF_CLOUDHOOK_URL: Final = "cloudhook_url"
CONF_NUMBER: Final = "number"
CONF_REPLACED_IDS: Final = "replaced_ids"

SUBENTRY_VIRTUAL_NUMBER: Final = "virtual_number"

# The longest state that core accepts.
MAX_STATE_LENGTH: Final = 255


class DeviceModel(StrEnum):
    """The fixed words that selectors filter devices by."""

    ACCOUNT = "account"
    VIRTUAL_NUMBER = "virtual_number"
    CONTACT = "contact"


class Ignored(StrEnum):
    """Why something that was posted did not become an event."""

    DUPLICATE = "duplicate"
    BAD_ELEMENT = "bad_element"
    UNREADABLE = "unreadable"
