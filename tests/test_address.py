"""Which address a person is shown, and what speaks against it."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.intellisms.address import (
    Address,
    AddressProblem,
    address_id,
    other_addresses,
    shown_address,
)

from .cloud import FakeCloud
from .household import WEBHOOK_ID, account

OWN = f"/api/intellisms/{WEBHOOK_ID}"
WEBHOOK = f"/api/webhook/{WEBHOOK_ID}"
HOME = "https://home.example.com"
REMOTE = "https://abc.ui.nabu.casa"
HOOK = "https://hooks.nabu.casa/abc"


def data(**changes: Any) -> dict[str, Any]:
    """Return an entry's data."""
    return {**account([]).data, **changes}


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://home.example.com", None),
        ("https://home.example.com:8443", None),
        ("https://HOME.example.com", None),
        ("https://local.example.com", None),
        ("https://lan.example", None),
        ("https://8.8.8.8", None),
        ("https://[2606:4700::1111]:8123", None),
        ("http://home.example.com", AddressProblem.PLAIN_HTTP),
        ("http://homeassistant.fritz.box:8123", AddressProblem.PRIVATE),
        ("https://ha.local.", AddressProblem.PRIVATE),
        ("https://ha.intranet", AddressProblem.PRIVATE),
        ("http://8.8.8.8:8123", AddressProblem.PLAIN_HTTP),
        ("http://homeassistant.local:8123", AddressProblem.PRIVATE),
        ("https://homeassistant.local", AddressProblem.PRIVATE),
        ("https://HomeAssistant.LOCAL", AddressProblem.PRIVATE),
        ("http://homeassistant:8123", AddressProblem.PRIVATE),
        ("https://localhost", AddressProblem.PRIVATE),
        ("https://box.lan", AddressProblem.PRIVATE),
        ("https://box.home", AddressProblem.PRIVATE),
        ("https://box.home.arpa", AddressProblem.PRIVATE),
        ("https://box.internal", AddressProblem.PRIVATE),
        ("https://box.localdomain", AddressProblem.PRIVATE),
        ("http://192.168.1.5:8123", AddressProblem.PRIVATE),
        ("https://10.0.0.1", AddressProblem.PRIVATE),
        ("https://127.0.0.1", AddressProblem.PRIVATE),
        ("https://100.64.0.1", AddressProblem.PRIVATE),
        ("https://169.254.1.1", AddressProblem.PRIVATE),
        ("https://[::1]:8123", AddressProblem.PRIVATE),
        ("https://[fd00::1]", AddressProblem.PRIVATE),
    ],
)
async def test_problem_of_the_external_url(
    hass: HomeAssistant, url: str, problem: AddressProblem | None
) -> None:
    await hass.config.async_update(external_url=url)
    shown = shown_address(hass, data())

    assert shown == Address(url=f"{url.lower()}{OWN}", problem=problem)
    assert other_addresses(hass, data()) == [f"{url.lower()}{WEBHOOK}"]


@pytest.mark.parametrize("internal_url", [None, "http://192.168.1.5:8123", HOME])
async def test_without_an_external_url(hass: HomeAssistant, internal_url: str | None) -> None:
    await hass.config.async_update(internal_url=internal_url)
    shown = shown_address(hass, data())

    # A path alone cannot be pasted.
    assert shown == Address(url="", problem=AddressProblem.NO_URL)
    assert address_id(hass, data()) == OWN
    assert other_addresses(hass, data()) == []


@pytest.mark.parametrize(
    ("external", "remote", "cloudhook", "shown", "others"),
    [
        (HOME, None, None, HOME + OWN, [HOME + WEBHOOK]),
        (None, REMOTE, None, REMOTE + OWN, [REMOTE + WEBHOOK]),
        (HOME, REMOTE, None, HOME + OWN, [REMOTE + OWN, REMOTE + WEBHOOK, HOME + WEBHOOK]),
        # One that was made stays an address, also after the return to our own door.
        (HOME, None, HOOK, HOME + OWN, [HOME + WEBHOOK, HOOK]),
    ],
)
async def test_own_door_first_and_the_rest_as_other_ways(
    hass: HomeAssistant,
    cloud: FakeCloud,
    external: str | None,
    remote: str | None,
    cloudhook: str | None,
    shown: str,
    others: list[str],
) -> None:
    cloud.remote_url = remote
    await hass.config.async_update(external_url=external)
    entry_data = data(cloudhook_url=cloudhook)
    if cloudhook:
        cloud.hooks[WEBHOOK_ID] = {"cloudhook_url": cloudhook}

    assert shown_address(hass, entry_data) == Address(url=shown)
    assert sorted(other_addresses(hass, entry_data)) == sorted(others)


@pytest.mark.parametrize(("external", "others"), [(HOME, [HOME + OWN, HOME + WEBHOOK]), (None, [])])
async def test_cloudhook_that_was_chosen(
    hass: HomeAssistant, cloud: FakeCloud, external: str | None, others: list[str]
) -> None:
    await hass.config.async_update(external_url=external)
    cloud.hooks[WEBHOOK_ID] = {"cloudhook_url": HOOK}
    entry_data = data(reach="cloudhook", cloudhook_url=HOOK)

    assert shown_address(hass, entry_data) == Address(url=HOOK)
    assert other_addresses(hass, entry_data) == others


async def test_cloudhook_that_is_gone(hass: HomeAssistant, cloud: FakeCloud) -> None:
    gone = data(reach="cloudhook", cloudhook_url=HOOK)
    problem = AddressProblem.CLOUDHOOK_GONE
    assert shown_address(hass, gone) == Address(url=HOOK, problem=problem)
    assert other_addresses(hass, {**gone, "reach": "direct"}) == []


async def test_address_is_not_in_its_repr(hass: HomeAssistant) -> None:
    assert WEBHOOK_ID not in repr(shown_address(hass, data()))
