"""Whom an action writes to, from where and how, told before anything goes out."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    label_registry as lr,
)
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.intellisms.const import DOMAIN
from scripts.house.provider_api import ProviderApi
from tests.household import (
    ANNA,
    BEN,
    CARL,
    GATE,
    SHOP,
    STRANGER,
    add,
    contact,
    devices,
    text,
    virtual_number,
)
from tests.log import keep_secret
from tests.running import receive

from .conftest import Notifiers

TEXT = "The code is 9137"
OTHER = "+447700900777"
MINUTE, DAY = timedelta(minutes=1), timedelta(hours=24)

type Send = Callable[..., Any]


@pytest.fixture
def send(hass: HomeAssistant, sending_house: MockConfigEntry, api: ProviderApi) -> Send:
    """Return what sends, and returns to whom, from which number and by which channel it went."""
    keep_secret([TEXT, STRANGER, OTHER])

    async def run(context: Context | None = None, **data: Any) -> list[tuple[str, str | None, str]]:
        before = len(api.taken)
        await hass.services.async_call(
            DOMAIN, "send_message", {"message": TEXT, **data}, blocking=True, context=context
        )
        return sorted(
            (f"+{taken.to}", f"+{sender}" if (sender := taken.message.get("from")) else None, way)
            for taken in api.taken[before:]
            for way in [taken.message["channel"]]
        )

    return run


async def to(send: Send, **data: Any) -> list[str]:
    """Return to whom it went."""
    return [number for number, _, _ in await send(**data)]


async def refused(send: Send, **data: Any) -> str:
    """Return why nothing went out: the key of the text, which quotes nothing."""
    with pytest.raises(ServiceValidationError) as caught:
        await send(**data)
    said = str(caught.value)
    assert "{" not in said
    for secret in (ANNA, BEN, STRANGER, OTHER, TEXT, "7009"):
        assert secret.removeprefix("+") not in said
    assert caught.value.translation_key
    return caught.value.translation_key


# ---- who --------------------------------------------------------------------------


async def test_each_way_to_name_a_contact(
    hass: HomeAssistant, sending_house: MockConfigEntry, send: Send, notifiers: Notifiers
) -> None:
    anna, ids = notifiers()["Anna"], devices(sending_house)
    area = ar.async_get(hass).async_create("Kitchen")
    label = lr.async_get(hass).async_create("Adults")
    dr.async_get(hass).async_update_device(ids["Ben"], area_id=area.id, labels={label.label_id})
    er.async_get(hass).async_update_entity(anna, labels={label.label_id})

    assert await to(send, entity_id=anna) == [ANNA]
    assert await to(send, entity_id=anna.upper()) == [ANNA]
    assert await to(send, entity_id=f"{anna}, {notifiers()['Ben']}") == [ANNA, BEN]
    assert await to(send, device_id=[ids["Anna"]]) == [ANNA]
    assert await to(send, area_id=area.id) == [BEN]
    assert await to(send, label_id=[label.label_id]) == [ANNA, BEN]
    assert await to(send, numbers="07700 900666") == [STRANGER]
    assert await to(send, numbers=[int(STRANGER[1:]), OTHER]) == [STRANGER, OTHER]


async def test_each_once_however_often_named(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    send: Send,
    notifiers: Notifiers,
    api: ProviderApi,
) -> None:
    label = lr.async_get(hass).async_create("Adults")
    ids = devices(sending_house)
    dr.async_get(hass).async_update_device(ids["Anna"], labels={label.label_id})
    named = {
        "entity_id": [notifiers()["Anna"]] * 2,
        "device_id": [ids["Anna"], ids["Ben"]],
        "label_id": label.label_id,
        # One line has two spellings there.
        "numbers": [ANNA, STRANGER, "00447700900666", "+5491112345678", "+541112345678"],
    }
    assert await to(send, **named) == [ANNA, BEN, STRANGER, "+5491112345678"]


async def test_groups_and_who_is_left_out(
    hass: HomeAssistant, sending_house: MockConfigEntry, send: Send, notifiers: Notifiers
) -> None:
    found = notifiers()
    members = [found["Anna"], found["Ben"], found["Carl"]]
    assert await async_setup_component(hass, "group", {"group": {"all": {"entities": members}}})
    await hass.async_block_till_done()

    assert await to(send, entity_id="group.all") == [ANNA, BEN, CARL]
    left_out = {"device_id": [devices(sending_house)["Ben"]], "entity_id": [found["Carl"]]}
    assert await to(send, entity_id="group.all", exclude=left_out) == [ANNA]
    assert await refused(send, entity_id=found["Carl"], exclude=left_out) == "nobody_named"


async def test_who_is_left_out_by_an_area_though_hidden(
    hass: HomeAssistant, sending_house: MockConfigEntry, send: Send, notifiers: Notifiers
) -> None:
    found = notifiers()
    area = ar.async_get(hass).async_create("Kitchen")
    ben, hidden = devices(sending_house)["Ben"], er.RegistryEntryHider.USER
    dr.async_get(hass).async_update_device(ben, area_id=area.id)
    er.async_get(hass).async_update_entity(found["Ben"], hidden_by=hidden)
    left_out = {"area_id": area.id}
    assert await to(send, entity_id=[found["Anna"], found["Ben"]], exclude=left_out) == [ANNA]


@pytest.mark.parametrize("left_out", ["notify.ben", ["notify.ben"], {"entity": "notify.ben"}])
async def test_what_leaves_nobody_out_is_refused(
    send: Send, notifiers: Notifiers, left_out: Any
) -> None:
    named = list(notifiers().values())
    assert await refused(send, entity_id=named, exclude=left_out) == "content_invalid"


@pytest.mark.parametrize(
    ("named", "why"),
    [
        ({}, "nobody_named"),
        ({"entity_id": [], "numbers": []}, "nobody_named"),
        ({"entity_id": "notify.447700900123"}, "recipient_not_found"),
        ({"entity_id": "+447700900123"}, "recipient_not_found"),
        ({"entity_id": "all"}, "recipient_not_found"),
        ({"entity_id": "event.gate_message"}, "recipient_not_found"),
        ({"device_id": "+447700900123"}, "recipient_not_found"),
        ({"area_id": "nowhere"}, "recipient_not_found"),
        ({"floor_id": "nowhere"}, "recipient_not_found"),
        ({"label_id": ["nobody"]}, "recipient_not_found"),
        ({"numbers": "Anna"}, "recipient_number_invalid"),
        ({"numbers": "12345"}, "recipient_number_invalid"),
        ({"numbers": [True]}, "recipient_number_invalid"),
        ({"numbers": [{"number": ANNA}]}, "recipient_number_invalid"),
        ({"numbers": [""]}, "recipient_number_invalid"),
        ({"numbers": "GB.13491208655302741918"}, "recipient_number_invalid"),
    ],
)
async def test_who_cannot_be_written_to(
    send: Send, notifiers: Notifiers, api: ProviderApi, named: dict[str, Any], why: str
) -> None:
    assert await refused(send, **named) == why
    # Nobody else gets it either.
    if named and why != "nobody_named":
        numbers = [STRANGER, named["numbers"]] if "numbers" in named else [STRANGER]
        assert await refused(send, **named | {"numbers": numbers}) == why
    assert api.taken == []


async def test_what_is_ours_but_no_contact_that_can_be_written_to(
    hass: HomeAssistant, sending_house: MockConfigEntry, send: Send, notifiers: Notifiers
) -> None:
    assert await refused(send, device_id=devices(sending_house)["Gate"]) == "recipient_not_found"
    er.async_get(hass).async_update_entity(
        notifiers()["Anna"], disabled_by=er.RegistryEntryDisabler.USER
    )
    assert await refused(send, entity_id=notifiers()["Anna"]) == "recipient_not_found"
    add(hass, sending_house, contact("Dora", "Bank"))
    await hass.async_block_till_done()
    assert await refused(send, entity_id=notifiers()["Dora"]) == "recipient_without_number"


# ---- rights -----------------------------------------------------------------------


async def test_a_user_needs_a_right_for_each_contact(
    hass: HomeAssistant, send: Send, notifiers: Notifiers, hass_read_only_user: MockUser
) -> None:
    found, user = notifiers(), hass_read_only_user
    user.mock_policy({"entities": {"entity_ids": {found["Anna"]: {"control": True}}}})
    context = Context(user_id=user.id)

    assert await to(send, context=context, entity_id=found["Anna"]) == [ANNA]
    with pytest.raises(Unauthorized):
        await send(context=context, entity_id=[found["Anna"], found["Ben"]])
    # A number is as good as nobody's, also a contact's.
    with pytest.raises(Unauthorized):
        await send(context=context, entity_id=found["Anna"], numbers=ANNA)
    with pytest.raises(UnknownUser):
        await send(context=Context(user_id="0" * 32), entity_id=found["Anna"])


async def test_an_administrator_may_write_to_anyone(
    send: Send, notifiers: Notifiers, hass_admin_user: MockUser
) -> None:
    context = Context(user_id=hass_admin_user.id)
    named = {"entity_id": notifiers()["Anna"], "numbers": STRANGER}
    assert await to(send, context=context, **named) == [ANNA, STRANGER]


# ---- from where, and how ----------------------------------------------------------


async def test_from_the_number_they_wrote_to_last(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    send: Send,
    notifiers: Notifiers,
) -> None:
    anna, gate = notifiers()["Anna"], devices(sending_house)["Gate"]
    assert await send(entity_id=anna) == [(ANNA, None, "sms")]
    receive(sending_house, text("Hello", to=GATE, age=MINUTE))
    receive(sending_house, text("Hello", to=SHOP))
    assert await send(entity_id=anna) == [(ANNA, SHOP, "sms")]
    assert await send(numbers=ANNA) == [(ANNA, SHOP, "sms")]
    assert await send(entity_id=anna, virtual_number=gate) == [(ANNA, GATE, "sms")]

    # A number that was removed is not ours to write from, and one that is left is the only one.
    [shop] = [one for one in sending_house.subentries.values() if one.title == "Shop"]
    hass.config_entries.async_remove_subentry(sending_house, shop.subentry_id)
    await hass.async_block_till_done()
    assert await send(entity_id=anna) == [(ANNA, GATE, "sms")]
    assert await send(numbers=STRANGER) == [(STRANGER, GATE, "sms")]


async def test_whatsapp_for_a_day_after_they_wrote_by_it(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    send: Send,
    notifiers: Notifiers,
) -> None:
    anna, shop = notifiers()["Anna"], devices(sending_house)["Shop"]
    receive(sending_house, text("Hello", channel="whatsapp", age=DAY))
    assert await send(entity_id=anna) == [(ANNA, GATE, "sms")]
    assert await send(entity_id=anna, channel="whatsapp") == [(ANNA, GATE, "whatsapp")]

    receive(sending_house, text("Hello", channel="whatsapp", age=DAY - MINUTE))
    assert await send(entity_id=anna) == [(ANNA, GATE, "whatsapp")]
    assert await send(numbers=ANNA) == [(ANNA, GATE, "whatsapp")]
    # The window is that of the two numbers.
    assert await send(entity_id=anna, virtual_number=shop) == [(ANNA, SHOP, "sms")]
    assert await send(entity_id=anna, channel="sms") == [(ANNA, GATE, "sms")]

    assert await hass.config_entries.async_reload(sending_house.entry_id)
    await hass.async_block_till_done()
    assert await send(entity_id=anna) == [(ANNA, GATE, "whatsapp")]


async def test_a_simulated_message_opens_nothing(
    hass: HomeAssistant, sending_house: MockConfigEntry, send: Send, notifiers: Notifiers
) -> None:
    data = {
        "virtual_number": devices(sending_house)["Gate"],
        "from": "Anna",
        "text": "Hello",
        "channel": "whatsapp",
    }
    await hass.services.async_call(DOMAIN, "simulate_message", data, blocking=True)
    assert await send(entity_id=notifiers()["Anna"]) == [(ANNA, None, "sms")]


async def test_to_the_number_they_wrote_from_last_by_that_channel(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    send: Send,
    notifiers: Notifiers,
) -> None:
    user_id = "GB.13491208655302741918"
    add(hass, sending_house, contact("Eve", "Eve", STRANGER, OTHER, user_id))
    await hass.async_block_till_done()
    eve, shop = notifiers()["Eve"], devices(sending_house)["Shop"]
    assert await to(send, entity_id=eve) == [STRANGER]
    receive(sending_house, text("Hello", sender=OTHER, channel="whatsapp", to=SHOP, age=3 * MINUTE))
    receive(sending_house, text("Hello", sender=STRANGER, channel="whatsapp", age=2 * MINUTE))
    receive(sending_house, text("Hello", sender=OTHER, age=MINUTE))
    assert await send(entity_id=eve) == [(STRANGER, GATE, "whatsapp")]
    assert await send(entity_id=eve, channel="sms") == [(OTHER, GATE, "sms")]
    assert await send(entity_id=eve, virtual_number=shop) == [(OTHER, SHOP, "whatsapp")]
    # Each number has its own window.
    assert await send(numbers=STRANGER, virtual_number=shop) == [(STRANGER, SHOP, "sms")]

    # WhatsApp's id of a person is nothing to write to.
    receive(sending_house, text("Hello", sender=user_id, channel="whatsapp"))
    assert await send(entity_id=eve) == [(OTHER, GATE, "sms")]


async def test_a_number_that_was_added_while_running(
    hass: HomeAssistant, sending_house: MockConfigEntry, send: Send, notifiers: Notifiers
) -> None:
    add(hass, sending_house, virtual_number(OTHER, "Alarm"))
    await hass.async_block_till_done()
    receive(sending_house, text("Hello", to=OTHER, channel="whatsapp"))
    assert await send(entity_id=notifiers()["Anna"]) == [(ANNA, OTHER, "whatsapp")]
