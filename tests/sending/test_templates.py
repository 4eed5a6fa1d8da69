"""The action *Send template*: what WhatsApp has approved, to whom and when a person likes."""

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.intellisms.const import DOMAIN
from custom_components.intellisms.sending.errors import SendingError
from scripts.house.provider_api import ProviderApi, Refusal
from tests.household import ANNA, BEN, GATE, SHOP, STRANGER, devices, text
from tests.log import keep_secret
from tests.running import automate, receive

from .conftest import Notifiers, SentEvents

LINK = "https://pictures.example.com/door.jpg"
SAID = "The code is 9137"
ALARM: dict[str, Any] = {"name": "alarm", "language": "en_GB"}


@pytest.fixture(autouse=True)
def secrets() -> None:
    """Look for what is sent in all that is logged."""
    keep_secret([SAID, LINK, STRANGER, ANNA, BEN])


async def send(hass: HomeAssistant, context: Context | None = None, **data: Any) -> Any:
    """Send a template and return what is told of it."""
    return await hass.services.async_call(
        DOMAIN, "send_template", data, blocking=True, return_response=True, context=context
    )


def parts(api: ProviderApi) -> dict[tuple[str, str | None], list[dict[str, Any]]]:
    """Return what fills the parts of the template that was sent last, by kind and place."""
    template = api.taken[-1].object["template"]
    return {(one["type"], one.get("index")): one["parameters"] for one in template["components"]}


async def test_what_is_told(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    notifiers: Notifiers,
    api: ProviderApi,
    events: SentEvents,
) -> None:
    anna = notifiers()["Anna"]
    receive(sending_house, text("Hello"))
    cause = Context()
    answer = await send(hass, cause, **ALARM, entity_id=anna, numbers=STRANGER)
    # Nobody has written by WhatsApp, which a template does not need.
    assert answer == {
        "messages": [
            {
                "entity_id": entity_id,
                "to": to,
                "channel": "whatsapp",
                "message_id": api.taken[place].id,
                "parts": None,
                "credits": None,
            }
            for place, (entity_id, to) in enumerate([(anna, ANNA), (None, STRANGER)])
        ]
    }
    assert api.taken[0].object["template"] == {"name": "alarm", "language": {"code": "en_GB"}}
    assert [taken.message.get("from") for taken in api.taken] == [GATE.removeprefix("+"), None]
    assert {event.context.parent_id for event in events} == {cause.id}
    assert {(event.data["type"], event.data["text"]) for event in events} == {("template", None)}


async def test_from_an_automation_long_after_she_wrote(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    notifiers: Notifiers,
    api: ProviderApi,
    freezer: FrozenDateTimeFactory,
) -> None:
    receive(sending_house, text("Hello", channel="whatsapp", to=SHOP))
    freezer.tick(timedelta(days=30))
    target = {"entity_id": notifiers()["Anna"]}
    action = {"action": "intellisms.send_template", "target": target, "data": ALARM}
    await automate(hass, {"alias": "One", "triggers": [], "actions": [action]})
    run = {"entity_id": "automation.one"}
    await hass.services.async_call("automation", "trigger", run, blocking=True)
    [taken] = api.taken
    assert (f"+{taken.to}", f"+{taken.message['from']}") == (ANNA, SHOP)


async def test_all_that_a_template_may_have(
    hass: HomeAssistant, sending_house: MockConfigEntry, api: ProviderApi
) -> None:
    gate = devices(sending_house)["Gate"]
    payloads = ["gate_open", 7]
    await send(
        hass,
        **ALARM,
        numbers=STRANGER,
        parameters=[SAID, 21.5, 3],
        picture_url=LINK,
        answers=payloads,
        virtual_number=gate,
    )
    assert f"+{api.taken[0].message['from']}" == GATE
    assert parts(api) == {
        ("header", None): [{"type": "image", "image": {"link": LINK}}],
        ("body", None): [{"type": "text", "text": said} for said in (SAID, "21.5", "3")],
        ("button", "0"): [{"type": "payload", "payload": "gate_open"}],
        ("button", "1"): [{"type": "payload", "payload": "7"}],
    }


@pytest.mark.parametrize(
    ("parameters", "filled"),
    [
        (SAID, [{"type": "text", "text": SAID}]),
        (
            {"place": SAID, "_time2": 21},
            [
                {"type": "text", "parameter_name": "place", "text": SAID},
                {"type": "text", "parameter_name": "_time2", "text": "21"},
            ],
        ),
    ],
)
@pytest.mark.usefixtures("sending_house")
async def test_parameters(
    hass: HomeAssistant, api: ProviderApi, parameters: Any, filled: list[dict[str, str]]
) -> None:
    await send(hass, **ALARM, numbers=STRANGER, parameters=parameters)
    assert parts(api) == {("body", None): filled}


@pytest.mark.parametrize("parameters", [None, [], {}])
@pytest.mark.usefixtures("sending_house")
async def test_no_parameters(hass: HomeAssistant, api: ProviderApi, parameters: Any) -> None:
    await send(hass, **ALARM, numbers=STRANGER, parameters=parameters, picture_url="", answers=None)
    assert "components" not in api.taken[0].object["template"]


@pytest.mark.parametrize(
    ("data", "why", "field"),
    [
        ({"name": None}, "content_empty", "name"),
        ({"name": "Alarm"}, "content_invalid", "name"),
        ({"name": "a" * 513}, "content_too_long", "name"),
        ({"language": ""}, "content_empty", "language"),
        # The code of Norwegian without quotes is no word in YAML.
        ({"language": False}, "content_invalid", "language"),
        ({"language": "en-GB"}, "content_invalid", "language"),
        ({"parameters": ["a", ""]}, "content_empty", "parameters 2"),
        ({"parameters": ["a", None]}, "content_empty", "parameters 2"),
        ({"parameters": [True]}, "content_invalid", "parameters 1"),
        ({"parameters": [["a"]]}, "content_invalid", "parameters 1"),
        ({"parameters": ["a\nb"]}, "content_invalid", "parameters 1"),
        ({"parameters": ["a" * 1025]}, "content_too_long", "parameters 1"),
        ({"parameters": {"place": "a", "Time": "b"}}, "content_invalid", "parameters 2"),
        ({"parameters": {1: "a"}}, "content_invalid", "parameters 1"),
        ({"parameters": {"place": ""}}, "content_empty", "parameters 1"),
        ({"parameters": {"place": {"text": "a"}}}, "content_invalid", "parameters 1"),
        ({"parameters": {"place": "a" * 1025}}, "content_too_long", "parameters 1"),
        ({"picture_url": "http://a.example/1.jpg"}, "content_not_https", "picture_url"),
        ({"answers": [""]}, "content_empty", "answers 1"),
        ({"answers": [{"id": "a", "text": "b"}]}, "content_invalid", "answers 1"),
        ({"answers": ["a", "a"]}, "content_twice", "answers 2"),
        ({"answers": ["a" * 257]}, "content_too_long", "answers 1"),
        ({"answers": list("abcdefghijk")}, "content_too_many", "answers"),
        ({"virtual_number": STRANGER}, "virtual_number_not_found", None),
        ({"numbers": None}, "nobody_named", None),
    ],
)
@pytest.mark.usefixtures("sending_house")
async def test_what_cannot_be_sent(
    hass: HomeAssistant, api: ProviderApi, data: dict[str, Any], why: str, field: str | None
) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await send(hass, **(ALARM | {"numbers": STRANGER} | data))
    assert caught.value.translation_key == why
    assert (caught.value.translation_placeholders or {}).get("field") == field
    assert "{" not in str(caught.value)
    assert api.taken == []


@pytest.mark.usefixtures("sending_house")
async def test_how_many_gaps_there_are_only_the_provider_knows(
    hass: HomeAssistant, api: ProviderApi
) -> None:
    api.plays[None] = Refusal(word="invalid_request")
    with pytest.raises(SendingError) as caught:
        await send(hass, **ALARM, numbers=STRANGER, parameters=[SAID])
    assert caught.value.translation_key == "send_refused"


@pytest.mark.usefixtures("sending_house")
async def test_a_user_without_rights(
    hass: HomeAssistant, notifiers: Notifiers, api: ProviderApi, hass_read_only_user: MockUser
) -> None:
    context = Context(user_id=hass_read_only_user.id)
    for named in ({"entity_id": notifiers()["Anna"]}, {"numbers": STRANGER}):
        with pytest.raises(Unauthorized):
            await send(hass, context, **ALARM, **named)
    assert api.taken == []


async def test_without_keys(hass: HomeAssistant, house: MockConfigEntry, api: ProviderApi) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await send(hass, **ALARM, numbers=STRANGER)
    assert caught.value.translation_key == "no_keys"
