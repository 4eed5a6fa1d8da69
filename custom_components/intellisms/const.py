"""Names and limits of the IntelliSMS integration."""

from enum import StrEnum
from typing import Final

DOMAIN: Final = "intellisms"
# The major version of config entries; one that is higher comes from a newer release.
ENTRY_VERSION: Final = 1
MANUFACTURER: Final = "IntelliSoftware"
# Where our own door is.
URL_PATH: Final = f"/api/{DOMAIN}/{{webhook_id}}"
PROVIDER_URL: Final = "https://www.intellisoftware.co.uk/"
DOCS_URL: Final = "https://github.com/intellisms-ha/intellisms/blob/main/docs"
ISSUES_URL: Final = "https://github.com/intellisms-ha/intellisms/issues"

EVENT_MESSAGE_RECEIVED: Final = f"{DOMAIN}_message_received"
EVENT_MESSAGE_STATUS: Final = f"{DOMAIN}_message_status"
# What the automation component fires; importing it would load it.
EVENT_AUTOMATION_RELOADED: Final = "automation_reloaded"

CONF_ACCEPT: Final = "accept"
CONF_CLOUDHOOK_URL: Final = "cloudhook_url"
CONF_KEEP_OFF_DISK: Final = "keep_off_disk"
CONF_NUMBER: Final = "number"
CONF_NUMBERS: Final = "numbers"
CONF_PERSON: Final = "person"
# The address that something came to although Home Assistant thinks it cannot be reached there.
CONF_PROVEN: Final = "proven"
CONF_REACH: Final = "reach"
CONF_REPLACED_IDS: Final = "replaced_ids"
# The URL that Home Assistant had when the address was shown last.
CONF_SHOWN_BASE: Final = "shown_base"

SUBENTRY_CONTACT: Final = "contact"
SUBENTRY_VIRTUAL_NUMBER: Final = "virtual_number"

# Characters; core refuses a state that is longer, and logs it with its text.
MAX_STATE_LENGTH: Final = 255
# Numbers that nobody has configured of which the last message is kept, and a repair tells.
MAX_UNCONFIGURED: Final = 20
# Characters. Nothing longer is a number; it would be kept, and shown, for nothing.
MAX_NUMBER_LENGTH: Final = 64


class DeviceModel(StrEnum):
    """The fixed words that selectors filter devices by."""

    ACCOUNT = "account"
    VIRTUAL_NUMBER = "virtual_number"
    CONTACT = "contact"


class Reach(StrEnum):
    """Which address is shown; all that exist go on working."""

    DIRECT = "direct"
    CLOUDHOOK = "cloudhook"


class Accept(StrEnum):
    """Whose messages are accepted."""

    EVERYONE = "everyone"
    KNOWN = "known"


class Ignored(StrEnum):
    """Why something that was posted did not become an event."""

    DUPLICATE = "duplicate"
    SENDER = "sender"
    BAD_ELEMENT = "bad_element"
    UNREADABLE = "unreadable"


class Issue(StrEnum):
    """The repair issues; each is a translation key."""

    ADDRESS_CHANGED = "address_changed"
    BAD_ELEMENT = "bad_element"
    CHOICE_GONE = "choice_gone"
    CLOUDHOOK_GONE = "cloudhook_gone"
    DISK = "disk"
    FLOOD = "flood"
    JOURNAL_RESET = "journal_reset"
    NEWER_VERSION = "newer_version"
    NO_NUMBER_NAMED = "no_number_named"
    NOT_REACHABLE = "not_reachable"
    UNKNOWN_NUMBER = "unknown_number"
    UNREADABLE = "unreadable"
