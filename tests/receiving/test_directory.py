"""Who sent a message: contacts by their numbers, names and user ids."""

from typing import Any

from homeassistant.core import Event, HomeAssistant
import pytest

from tests.household import account, add, contact, posted, sms, virtual_number
from tests.running import Post, set_up, state

USER_ID = "GB.13491208655302741918"


def by_whatsapp(sender: str | None, **more: Any) -> str:
    """Return the post of a message whose sender may have an id."""
    message = {"type": "text", "text": {"body": "a"}, **more}
    content = {"format": "wa_msgobject_v2", "msgobject": message}
    who: dict[str, Any] = {"from": sender}
    return sms(channel="whatsapp", content=content, **who)


def by_sms(sender: str) -> str:
    """Return the post of a text."""
    return sms(**{"from": sender})


@pytest.mark.parametrize(
    ("kept", "body", "shown", "known"),
    [
        ("+5511988887777", by_whatsapp("551188887777"), "+551188887777", True),
        ("+551188887777", by_whatsapp("5511988887777"), "+5511988887777", True),
        ("+541123456789", by_sms("+54 9 11 2345 6789"), "+5491123456789", True),
        ("+525512345678", by_whatsapp("5215512345678"), "+5215512345678", True),
        ("+2290197123456", by_whatsapp("22997123456"), "+22997123456", True),
        # Two lines in Brazil, of which one is a landline or a radio.
        ("+551133337777", by_whatsapp("5511933337777"), "+5511933337777", False),
        ("+551171234567", by_whatsapp("5511971234567"), "+5511971234567", False),
        ("Parcel Co", by_sms("PARCEL CO"), "PARCEL CO", True),
        ("STRASSE", by_sms("Straße"), "Straße", True),
        ("Parcel Co", by_sms("ParcelCo"), "ParcelCo", False),
        (USER_ID, by_whatsapp(USER_ID), USER_ID, True),
        (USER_ID, by_whatsapp(None, from_user_id=USER_ID), USER_ID, True),
        (USER_ID, by_whatsapp("", user_id=USER_ID), USER_ID, True),
        # Who has a number shows it, and is known by the id all the same.
        (USER_ID, by_whatsapp("447700900456", from_user_id=USER_ID), "+447700900456", True),
        (USER_ID, by_whatsapp("447700900456"), "+447700900456", False),
        # Only WhatsApp gives ids.
        (
            USER_ID,
            sms(**{"from": "447700900456", "user_id": USER_ID}),
            "+447700900456",
            False,
        ),
        (USER_ID, sms(**{"from": "", "user_id": USER_ID}), USER_ID, False),
        (USER_ID, posted(sms(from_user_id=USER_ID), **{"from": None}), USER_ID, False),
        (USER_ID, sms(**{"from": USER_ID, "user_id": USER_ID}), USER_ID, False),
    ],
    ids=ascii,
)
async def test_a_contact_is_known(
    hass: HomeAssistant,
    own_door: Post,
    messages: list[Event[Any]],
    kept: str,
    body: str,
    shown: str | None,
    known: bool,
) -> None:
    await set_up(hass, account([virtual_number(), contact("Anna", kept)]))
    assert await own_door(body) == 200

    [event] = messages
    assert event.data["from"] == shown
    assert event.data["from_known"] is known
    assert event.data["from_name"] == ("Anna" if known else None)


async def test_a_number_goes_before_an_id(
    hass: HomeAssistant, own_door: Post, messages: list[Event[Any]]
) -> None:
    people = [contact("Anna", "+447700900456"), contact("Ben", USER_ID)]
    await set_up(hass, account([virtual_number(), *people]))
    assert await own_door(by_whatsapp("447700900456", from_user_id=USER_ID)) == 200
    assert messages[0].data["from_name"] == "Anna"


async def test_a_virtual_number_is_known_by_either_spelling(
    hass: HomeAssistant, own_door: Post, messages: list[Event[Any]]
) -> None:
    await set_up(hass, account([virtual_number("+5511988887777", "Gate")]))
    assert await own_door(sms(to="551188887777")) == 200
    assert messages[0].data["to"] == "+5511988887777"
    assert messages[0].data["to_name"] == "Gate"


@pytest.mark.parametrize(
    ("kept", "body"),
    [
        ("+5511988887777", by_whatsapp("551188887777")),
        (USER_ID, by_whatsapp("447700900456", from_user_id=USER_ID)),
    ],
)
async def test_a_contact_inherits_what_they_sent(
    hass: HomeAssistant, own_door: Post, kept: str, body: str
) -> None:
    entry = await set_up(hass, account([virtual_number()]))
    assert await own_door(body) == 200
    add(hass, entry, contact("Anna", kept))
    await hass.async_block_till_done()
    assert state(hass, "event.anna_message").attributes["from_name"] == "Anna"
