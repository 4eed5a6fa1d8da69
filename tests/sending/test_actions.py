"""The action *Send message*: what a person asks for, and all that is told of it."""

from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.intellisms.const import DOMAIN
from custom_components.intellisms.sending.errors import SendingError
from scripts.house.provider_api import Play, ProviderApi, Refusal
from tests.household import ANNA, BEN, STRANGER, text
from tests.log import keep_secret
from tests.provider_api import KEYS
from tests.running import automate, receive

from .conftest import Notifiers, SentEvents

TEXT = "The code is 9137"
LINK = "https://pictures.example.com/door.jpg"
TAPS = ["Let in", "Not now"]


@pytest.fixture(autouse=True)
def secrets() -> None:
    """Look for what is sent in all that is logged."""
    keep_secret([TEXT, LINK, TAPS, STRANGER, ANNA, BEN])


async def send(hass: HomeAssistant, context: Context | None = None, **data: Any) -> Any:
    """Send a message and return what is told of it."""
    return await hass.services.async_call(
        DOMAIN, "send_message", data, blocking=True, return_response=True, context=context
    )


async def wrong(hass: HomeAssistant, **data: Any) -> ServiceValidationError:
    """Return why nothing went out; it quotes nothing of what was entered."""
    with pytest.raises(ServiceValidationError) as caught:
        await send(hass, **data)
    said = str(caught.value)
    assert "{" not in said
    for secret in (TEXT, LINK, "9137", "7009", "Let in", KEYS.secret_key):
        assert secret not in said
    assert caught.value.translation_domain == DOMAIN
    return caught.value


# ---- what is told -----------------------------------------------------------------


async def test_what_is_answered(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    notifiers: Notifiers,
    api: ProviderApi,
    events: SentEvents,
) -> None:
    anna = notifiers()["Anna"]
    receive(sending_house, text("Hello", channel="whatsapp"))
    cause = Context()
    answer = await send(hass, cause, message=TEXT, entity_id=anna, numbers=STRANGER)

    assert answer == {
        "messages": [
            {
                "entity_id": anna,
                "to": ANNA,
                "channel": "whatsapp",
                "message_id": api.taken[0].id,
                "parts": None,
                "credits": None,
            },
            {
                "entity_id": None,
                "to": STRANGER,
                "channel": "sms",
                "message_id": api.taken[1].id,
                "parts": 1,
                "credits": 1.0,
            },
        ]
    }
    assert [event.data["entity_id"] for event in events] == [anna, None]
    assert {event.context.parent_id for event in events} == {cause.id}


async def test_a_hundred_of_which_five_fail(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    notifiers: Notifiers,
    api: ProviderApi,
    events: SentEvents,
) -> None:
    numbers = [f"+4477009{place:05}" for place in range(1, 100)]
    bad = [7, 20, 55, 98]
    refusal = Refusal(word="invalid_number")
    api.plays = {numbers[place - 1].removeprefix("+"): refusal for place in bad}
    api.plays[ANNA.removeprefix("+")] = refusal
    anna = notifiers()["Anna"]

    with pytest.raises(SendingError) as caught:
        await send(hass, message=TEXT, entity_id=anna, numbers=numbers)

    labels = [one.letter.label for one in caught.value.failed]
    assert labels == [anna, *(f"#{place}" for place in bad)]
    assert all(label in str(caught.value) for label in labels)
    reached = {number for place, number in enumerate(numbers, 1) if place not in bad}
    assert sorted(f"+{taken.to}" for taken in api.taken) == sorted(reached)
    assert api.asked["sendmsg.aspx"] == 100
    assert [event.data["outcome"] for event in events].count("not_sent") == 5


@pytest.mark.parametrize(
    ("play", "why"),
    [
        (Refusal(word="login_invalid", whole=True), "send_keys_refused"),
        (Refusal(word="insufficient_credit"), "send_no_credit"),
        (Refusal(word="daily_allowance_exceeded", whole=True), "send_daily_allowance"),
        (Play.SERVER_ERROR, "send_may_have_been_sent"),
        (Play.RESET, "send_may_have_been_sent"),
    ],
)
async def test_an_automation_is_told_why_it_failed(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    notifiers: Notifiers,
    api: ProviderApi,
    play: Play | Refusal,
    why: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    api.plays[None] = play
    with pytest.raises(SendingError) as caught:
        await send(hass, message=TEXT, entity_id=notifiers()["Anna"])
    assert caught.value.translation_key == why

    # Core logs the error of an automation.
    call = {"message": TEXT, "numbers": [STRANGER]}
    action = {"action": "intellisms.send_message", "data": call}
    await automate(hass, {"alias": "One", "triggers": [], "actions": [action]})
    run = {"entity_id": "automation.one"}
    await hass.services.async_call("automation", "trigger", run, blocking=True)
    assert "#1" in caplog.text


# ---- without keys, without rights -------------------------------------------------


async def test_without_keys(hass: HomeAssistant, house: MockConfigEntry, api: ProviderApi) -> None:
    assert (await wrong(hass, message=TEXT, numbers=STRANGER)).translation_key == "no_keys"
    assert api.taken == []


async def test_while_it_is_not_loaded(
    hass: HomeAssistant, sending_house: MockConfigEntry, api: ProviderApi
) -> None:
    assert await hass.config_entries.async_unload(sending_house.entry_id)
    assert (await wrong(hass, message=TEXT, numbers=STRANGER)).translation_key == "not_loaded"


@pytest.mark.usefixtures("sending_house")
async def test_a_user_without_rights(
    hass: HomeAssistant, notifiers: Notifiers, api: ProviderApi, hass_read_only_user: MockUser
) -> None:
    context = Context(user_id=hass_read_only_user.id)
    for named in ({"entity_id": notifiers()["Anna"]}, {"numbers": STRANGER}):
        with pytest.raises(Unauthorized):
            await send(hass, context, message=TEXT, **named)
    assert api.taken == []


# ---- what is sent -----------------------------------------------------------------


async def test_buttons_go_out_as_buttons(
    hass: HomeAssistant, sending_house: MockConfigEntry, notifiers: Notifiers, api: ProviderApi
) -> None:
    receive(sending_house, text("Hello", channel="whatsapp"))
    await send(
        hass,
        entity_id=notifiers()["Anna"],
        message=TEXT,
        answers=["Let in", {"id": "no", "text": "Not now"}],
        picture_url=LINK,
        footer="House",
        header="",
    )
    sent = api.taken[0].object["interactive"]
    assert sent["type"] == "button"
    assert sent["header"] == {"type": "image", "image": {"link": LINK}}
    assert sent["footer"] == {"text": "House"}
    assert [button["reply"] for button in sent["action"]["buttons"]] == [
        {"id": "Let in", "title": "Let in"},
        {"id": "no", "title": "Not now"},
    ]


@pytest.mark.parametrize(
    ("language", "label"), [("en", "Choose"), ("de", "Auswählen"), ("sv", "Choose")]
)
@pytest.mark.usefixtures("sending_house")
async def test_many_answers_are_a_list(
    hass: HomeAssistant, api: ProviderApi, language: str, label: str
) -> None:
    hass.config.language = language
    answers = [f"Scene {place}" for place in range(10)]
    await send(hass, numbers=STRANGER, channel="whatsapp", message=TEXT, answers=answers)
    sent = api.taken[0].object["interactive"]
    assert (sent["type"], sent["action"]["button"]) == ("list", label)
    assert [row["title"] for row in sent["action"]["sections"][0]["rows"]] == answers


@pytest.mark.usefixtures("sending_house")
async def test_a_picture_a_call_and_a_sender_id(hass: HomeAssistant, api: ProviderApi) -> None:
    await send(hass, numbers=STRANGER, channel="whatsapp", picture_url=LINK)
    await send(hass, numbers=STRANGER, channel="voice", message=TEXT)
    await send(hass, numbers=STRANGER, message=21.5, sender_id="Home", max_parts="2")
    picture, call, sms = api.taken
    assert picture.object["image"] == {"link": LINK}
    assert call.message["content"] == {"msgtype": "voice", "text": TEXT}
    assert sms.message["content"] == {"msgtype": "text", "text": "21.5", "maxconcat": 2}
    assert sms.message["from"] == "Home"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({}, "content_empty"),
        ({"message": " "}, "content_empty"),
        ({"message": ["a"]}, "content_invalid"),
        ({"message": TEXT, "channel": "pigeon"}, "content_invalid"),
        ({"message": TEXT, "max_parts": 0}, "content_invalid"),
        ({"message": TEXT, "max_parts": 21}, "content_invalid"),
        ({"message": TEXT, "max_parts": 1.5}, "content_invalid"),
        ({"message": TEXT, "max_parts": TEXT}, "content_invalid"),
        ({"message": TEXT, "max_parts": True}, "content_invalid"),
        ({"message": TEXT * 11, "max_parts": 1}, "content_too_many_parts"),
        ({"message": TEXT * 60}, "content_too_many_parts"),
        ({"message": TEXT, "answers": TAPS}, "needs_whatsapp"),
        ({"message": TEXT, "picture_url": LINK}, "needs_whatsapp"),
        ({"message": TEXT, "header": TEXT}, "needs_whatsapp"),
        ({"message": TEXT, "answers": TAPS, "channel": "sms"}, "content_wrong_channel"),
        ({"message": TEXT, "picture_url": LINK, "channel": "voice"}, "content_wrong_channel"),
        ({"message": TEXT, "sender_id": "+447700900123"}, "content_invalid"),
        ({"message": TEXT, "sender_id": "Let in the cat"}, "content_too_long"),
        ({"message": TEXT, "sender_id": "Home", "channel": "whatsapp"}, "content_invalid"),
        ({"message": TEXT, "sender_id": "Home", "virtual_number": "x"}, "content_too_many"),
        ({"message": TEXT, "virtual_number": "+447700900123"}, "virtual_number_not_found"),
    ],
)
@pytest.mark.usefixtures("sending_house")
async def test_what_cannot_be_sent(
    hass: HomeAssistant, api: ProviderApi, data: dict[str, Any], why: str
) -> None:
    assert (await wrong(hass, numbers=STRANGER, **data)).translation_key == why
    assert api.taken == []


@pytest.mark.parametrize(
    ("data", "why"),
    [
        # Yes and No without quotes are no words in YAML.
        ({"answers": [True, False]}, "content_invalid"),
        ({"answers": [["Let in"]]}, "content_invalid"),
        ({"answers": [{"id": "no", "title": "Not now"}]}, "content_invalid"),
        ({"answers": [{"id": "no"}]}, "content_empty"),
        ({"answers": [{"id": "", "text": "Not now"}]}, "content_empty"),
        ({"answers": [""]}, "content_empty"),
        ({"answers": ["Let in", "let in "]}, "content_twice"),
        ({"answers": [{"id": "1", "text": "A"}, {"id": "1", "text": "B"}]}, "content_twice"),
        ({"answers": ["Let in all who are there"]}, "content_too_long"),
        ({"answers": [str(place) for place in range(11)]}, "content_too_many"),
        ({"answers": TAPS * 2, "picture_url": LINK}, "content_too_many"),
        ({"answers": TAPS, "picture_url": LINK, "header": "A"}, "content_too_many"),
        ({"footer": "A"}, "content_needs_answers"),
        ({"picture_url": LINK.replace("https", "http")}, "content_not_https"),
    ],
)
@pytest.mark.usefixtures("sending_house")
async def test_what_whatsapp_does_not_take(
    hass: HomeAssistant, api: ProviderApi, data: dict[str, Any], why: str
) -> None:
    data = {"message": TEXT, "channel": "whatsapp", "numbers": STRANGER, **data}
    assert (await wrong(hass, **data)).translation_key == why
    assert api.taken == []


async def test_one_who_cannot_get_it_keeps_it_from_all(
    hass: HomeAssistant, sending_house: MockConfigEntry, notifiers: Notifiers, api: ProviderApi
) -> None:
    found = notifiers()
    receive(sending_house, text("Hello", channel="whatsapp"))
    error = await wrong(hass, entity_id=[found["Anna"], found["Ben"]], message=TEXT, answers=TAPS)
    assert error.translation_placeholders == {"who": found["Ben"]}
    assert api.taken == []
