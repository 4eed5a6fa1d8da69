"""Names and limits of the IntelliSMS integration."""

from enum import StrEnum
from typing import Final

DOMAIN: Final = "intellisms"
# This is the major version of config entries; one that is higher comes from a newer release.
ENTRY_VERSION: Final = 1
MANUFACTURER: Final = "IntelliSoftware"
# Our own door is at this path.
URL_PATH: Final = f"/api/{DOMAIN}/{{webhook_id}}"
# Here the provider fetches a picture that is sent.
MEDIA_PATH: Final = f"/api/{DOMAIN}/media/{{token}}"
PROVIDER_URL: Final = "https://www.intellisoftware.co.uk/"
DOCS_URL: Final = "https://github.com/intellisms-ha/intellisms/blob/main/docs"
ISSUES_URL: Final = "https://github.com/intellisms-ha/intellisms/issues"

EVENT_MESSAGE_RECEIVED: Final = f"{DOMAIN}_message_received"
EVENT_MESSAGE_SENT: Final = f"{DOMAIN}_message_sent"
EVENT_MESSAGE_STATUS: Final = f"{DOMAIN}_message_status"
# The automation component fires these events. Their names are copied (from 2026.7.0 and
# 2026.11.0), as importing that component would load it with all that it needs.
EVENT_AUTOMATION_RELOADED: Final = "automation_reloaded"
EVENT_AUTOMATION_TRIGGERED: Final = "automation_triggered"

CONF_ACCEPT: Final = "accept"
CONF_ACCESS_KEY: Final = "access_key"
CONF_AGENT: Final = "agent"
CONF_AS_PERSON: Final = "as_person"
# What a person has chosen of Assist for a contact (`AssistChoice`).
CONF_ASSIST: Final = "assist"
# This is true from when the address was replaced until something is posted to the new one.
CONF_AWAITED: Final = "awaited"
CONF_CLOUDHOOK_URL: Final = "cloudhook_url"
CONF_HOURLY_LIMIT: Final = "hourly_limit"
CONF_KEEP_OFF_DISK: Final = "keep_off_disk"
CONF_NUMBER: Final = "number"
CONF_NUMBERS: Final = "numbers"
CONF_OWN_SENTENCES: Final = "own_sentences"
CONF_PERSON: Final = "person"
# This keeps the address at which something arrived although Home Assistant thinks that it cannot
# be reached there, so that no repair doubts this address again.
CONF_PROVEN: Final = "proven"
CONF_REACH: Final = "reach"
CONF_REPLACED_IDS: Final = "replaced_ids"
CONF_SECRET_KEY: Final = "secret_key"  # noqa: S105
# This keeps the URL that Home Assistant had when the address was last shown (`async_mark_shown`).
CONF_SHOWN_BASE: Final = "shown_base"
CONF_SMS: Final = "sms"

SUBENTRY_CONTACT: Final = "contact"
SUBENTRY_VIRTUAL_NUMBER: Final = "virtual_number"

# The key of the *Message* entities, to which events and lines of the logbook belong.
MESSAGE_KEY: Final = "message"
# The key of the contacts' `notify` entities, which are who is written to.
NOTIFY_KEY: Final = "notify"
# The key of the *Last delivery* entities, to which lines of the logbook belong too.
DELIVERY_KEY: Final = "last_delivery"
# A state has at most this many characters; core refuses a longer one, and logs its text.
MAX_STATE_LENGTH: Final = 255
# Messages that an account sends in an hour, unless its option `CONF_HOURLY_LIMIT` says otherwise.
DEFAULT_HOURLY_LIMIT: Final = 100
# Numbers that nobody has configured of which the last message is kept, and a repair tells.
MAX_UNCONFIGURED: Final = 20
# Characters. Nothing longer is a number; it would be kept, and shown, for nothing.
MAX_NUMBER_LENGTH: Final = 64


class DeviceModel(StrEnum):
    """What a device is, in the fixed words that its page shows and selectors filter by."""

    ACCOUNT = "IntelliSMS account"
    VIRTUAL_NUMBER = "Virtual number"
    CONTACT = "Contact"


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
    OTHER_NOTIFICATION = "other_notification"
    SUBSCRIPTION_EVENT = "subscription_event"


class Issue(StrEnum):
    """The repair issues; each is a translation key."""

    ADDRESS_CHANGED = "address_changed"
    ADDRESS_REPLACED = "address_replaced"
    ASSIST_GONE = "assist_gone"
    CHOICE_GONE = "choice_gone"
    CLOUDHOOK_GONE = "cloudhook_gone"
    DISK = "disk"
    FLOOD = "flood"
    HOURLY_LIMIT = "hourly_limit"
    NEWER_VERSION = "newer_version"
    NO_CREDIT = "no_credit"
    NO_NUMBER_NAMED = "no_number_named"
    NO_REPORTS = "no_reports"
    NOT_REACHABLE = "not_reachable"
    UNKNOWN_NUMBER = "unknown_number"
    UNREADABLE = "unreadable"
