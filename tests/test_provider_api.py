"""The stand-in for the provider's API: it takes what is documented, and nothing else."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import aiohttp
from homeassistant.core import HomeAssistant
import pytest

from custom_components.intellisms.protocol import Message, StatusReport, parse
from custom_components.intellisms.sending import client
from scripts.house import witness
from scripts.house.provider_api import (
    ACCESS_KEY,
    SECRET_KEY,
    ProviderApi,
    Taken,
    WrongError,
    check_message,
    provider_api,
    report,
    tap,
)

AUTH = {"authtype": "accesskey", "accesskey": ACCESS_KEY, "secretkey": SECRET_KEY}
VERSIONS = {"request_version": "1.0.0", "response_version": "1.0.3"}
SMS = {
    "to": "447700900123",
    "channel": "sms",
    "content": {"msgtype": "text", "text": "Hi", "maxconcat": 1},
}
BUTTON = {"type": "reply", "reply": {"id": "yes", "title": "Yes"}}
BUTTONS = {
    "to": "447700900123",
    "from": "44771012346",
    "channel": "whatsapp",
    "content": {
        "format": "wa_msgobject_v2",
        "msgobject": {
            "type": "interactive",
            "interactive": {
                "type": "button",
                "body": {"text": "Open?"},
                "action": {"buttons": [BUTTON, {"type": "reply", "reply": {"id": "n", "title": "No"}}]},
            },
        },
    },
}  # fmt: skip


@pytest.fixture(autouse=True)
def home(request: pytest.FixtureRequest) -> None:
    """Start Home Assistant only where a test asks for it."""
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")


async def ask(api: ProviderApi, call: str, body: Any) -> Any:
    async with aiohttp.ClientSession() as http, http.post(f"{api.url}{call}", json=body) as answer:
        return await answer.json()


async def test_keys_and_forms(socket_enabled: None) -> None:
    async with provider_api() as api:
        good = {"auth": AUTH, **VERSIONS}
        assert await ask(api, "getbalance.aspx", good) == {
            "response_status": "ok",
            "balance": "100.0",
        }
        for auth, word in (
            (AUTH | {"secretkey": "x"}, "login_invalid"),
            (AUTH | {"authtype": "x"}, "auth_parameter_invalid"),
            ({"authtype": "accesskey"}, "auth_parameter_missing"),
        ):
            answer = await ask(api, "sendmsg.aspx", good | {"auth": auth, "message": SMS})
            assert answer["response_status"] == "failure"
            assert answer["errors"][0]["error"] == word
        assert api.wrong == []
        wrong: list[Any] = [[], good | {"more": 1}, good | {"request_version": "1"}, {"auth": AUTH}]
        for body in wrong:
            assert (await ask(api, "getbalance.aspx", body))["errors"][0]["error"] == (
                "invalid_request"
            )
        assert len(api.wrong) == 4
        assert api.taken == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("to",), "+447700900123"),
        (("to",), "447700900123,447700900124"),
        (("from",), "A name that is long"),
        (("channel",), "voice"),
        (("more",), 1),
        (("content", "format"), "wa_msgobject"),
        (("content", "msgobject", "type"), "text"),
        (("content", "msgobject", "interactive", "type"), "list"),
        (("content", "msgobject", "interactive", "body", "text"), "x" * 1025),
        (("content", "msgobject", "interactive", "footer"), {"text": "x" * 61}),
        (("content", "msgobject", "interactive", "header"), {"type": "text", "text": " "}),
        (("content", "msgobject", "interactive", "action", "buttons"), []),
        (("content", "msgobject", "interactive", "action", "buttons"), [BUTTON] * 2),
        (("content", "msgobject", "interactive", "action", "buttons", 0, "reply", "title"), "x" * 21),
        (("content", "msgobject", "interactive", "action", "buttons", 0, "reply", "id"), "x" * 257),
    ],
)  # fmt: skip
def test_what_is_not_documented_is_not_taken(path: tuple[Any, ...], value: Any) -> None:
    message: Any = deepcopy(BUTTONS)
    check_message(message)
    holder = message
    for name in path[:-1]:
        holder = holder[name]
    holder[path[-1]] = value
    with pytest.raises((WrongError, KeyError)):
        check_message(message)


GAP = {"type": "text", "text": "Gate"}
TEMPLATE = {
    "to": "447700900123",
    "channel": "whatsapp",
    "content": {
        "format": "wa_msgobject_v2",
        "msgobject": {
            "type": "template",
            "template": {
                "name": "alarm_1",
                "language": {"code": "en_GB"},
                "components": [
                    {"type": "header", "parameters": [{"type": "image", "image": {"link": "https://a.b/1.jpg"}}]},
                    {"type": "body", "parameters": [GAP | {"parameter_name": "place"}, GAP | {"parameter_name": "by"}]},
                    {"type": "button", "sub_type": "quick_reply", "index": "0", "parameters": [{"type": "payload", "payload": "a"}]},
                ],
            },
        },
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("name",), "Alarm"),
        (("language",), "en_GB"),
        (("components", 0, "type"), "body"),
        (("components", 0, "parameters", 0, "image", "link"), "http://a.b/1.jpg"),
        (("components", 1, "parameters"), []),
        (("components", 1, "parameters", 0), GAP),
        (("components", 1, "parameters", 0, "parameter_name"), "by"),
        (("components", 1, "parameters", 0, "parameter_name"), "1"),
        (("components", 1, "parameters", 0, "text"), "x" * 1025),
        (("components", 1, "parameters", 0, "text"), "a\nb"),
        (("components", 2, "sub_type"), "url"),
        (("components", 2, "index"), 0),
        (("components", 2, "parameters", 0, "payload"), "x" * 257),
    ],
)
def test_a_template_that_is_not_as_documented(path: tuple[Any, ...], value: Any) -> None:
    message: Any = deepcopy(TEMPLATE)
    check_message(message)
    holder = message["content"]["msgobject"]["template"]
    for name in path[:-1]:
        holder = holder[name]
    holder[path[-1]] = value
    with pytest.raises((WrongError, KeyError, TypeError, ValueError)):
        check_message(message)


def test_what_it_posts_afterwards() -> None:
    taken = Taken(id="a1", to="447700900123", message=BUTTONS)
    [told] = parse(report(taken, "delivered", 4))
    assert isinstance(told, StatusReport)
    assert (told.message_id, told.to, told.status) == ("a1", "+447700900123", "delivered")
    [tapped] = parse(tap(taken, 1, to="44771012346", sent="2026-11-26T05:00:00Z"))
    assert isinstance(tapped, Message)
    assert (tapped.type, tapped.button_id, tapped.button_text) == ("reply", "n", "No")
    assert (tapped.sender, tapped.to) == ("+447700900123", "+44771012346")


@pytest.mark.parametrize("config", [None, {"api_url": "http://127.0.0.1:1/api/json/"}])
async def test_the_witness_leads_the_integration_to_it(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, config: Any
) -> None:
    hass.config.config_dir = str(tmp_path)
    before = client.API_URL
    monkeypatch.setattr(client, "API_URL", before)
    checked = witness.CONFIG_SCHEMA({"witness": config, "other": {}})
    assert await witness.async_setup(hass, checked)
    assert (config or {"api_url": before})["api_url"] == client.API_URL
