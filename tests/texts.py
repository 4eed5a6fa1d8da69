"""What dialogs show, held to the English texts while other tests drive them.

Core does so for its own integrations; a missing key shows as an empty dialog, and a
missing placeholder as an error in the place of the text.
"""

from collections.abc import Callable, Mapping
import functools
import json
from pathlib import Path
import string
from typing import Any

from homeassistant.config_entries import ConfigFlow, ConfigSubentryFlow, OptionsFlow
from homeassistant.core import DOMAIN as HOMEASSISTANT_DOMAIN
from homeassistant.data_entry_flow import FlowHandler, FlowResultType, section
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.intellisms.const import DOMAIN

FOLDER = Path(__file__).parents[1] / "custom_components" / "intellisms"
TRANSLATIONS = sorted((FOLDER / "translations").glob("*.json"))


def load(path: Path) -> dict[str, Any]:
    """Return a JSON file's content."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def english() -> dict[str, Any]:
    """Return the English texts."""
    return load(FOLDER / "translations" / "en.json")


def placeholders(text: str) -> set[str]:
    """Return the names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def _texts_of(flow: Any) -> dict[str, Any]:
    """Return the part of the texts that a flow shows."""
    texts = english()
    match flow:
        case ConfigSubentryFlow():
            found = texts["config_subentries"][flow.handler[1]]
        case OptionsFlow():
            found = texts["options"]
        case ConfigFlow():
            found = texts["config"]
        case _:
            issue = ir.async_get(flow.hass).async_get_issue(flow.handler, flow.issue_id)
            found = texts["issues"][issue.translation_key]["fix_flow"] if issue else {}
    return dict(found)


def _shown(texts: Mapping[str, Any], result: Mapping[str, Any]) -> list[str]:
    """Return the texts that a result shows; KeyError if one is missing."""
    if result["type"] is FlowResultType.ABORT:
        core = result.get("translation_domain") == HOMEASSISTANT_DOMAIN
        return [] if core else [texts["abort"][result["reason"]]]
    if result["type"] not in {
        FlowResultType.FORM,
        FlowResultType.MENU,
        FlowResultType.SHOW_PROGRESS,
    }:
        return []
    step = texts["step"][result["step_id"]]
    shown = [step["title"], step.get("description", "")]
    if result["type"] is FlowResultType.SHOW_PROGRESS:
        shown.append(texts["progress"][result["progress_action"]])
    shown += [step["menu_options"][option] for option in result.get("menu_options") or ()]
    shown += [texts["error"][error] for error in (result.get("errors") or {}).values()]
    schema = result["data_schema"] if result["type"] is FlowResultType.FORM else None
    return shown + _fields(step, schema.schema if schema else {})


def _fields(texts: Mapping[str, Any], schema: Mapping[Any, Any]) -> list[str]:
    """Return the texts of a form's fields, those in its sections too."""
    shown: list[str] = []
    for field, selector in schema.items():
        if isinstance(selector, section):
            part = texts["sections"][str(field)]
            shown += [part["name"], part["description"], *_fields(part, selector.schema.schema)]
        else:
            shown += [texts["data"][str(field)], texts["data_description"][str(field)]]
    return shown


@pytest.fixture(autouse=True)
def flow_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check every step that a dialog of ours shows."""
    # An issue is gone once it is fixed, and with it the way to its texts.
    texts: dict[str, Mapping[str, Any]] = {}
    for name in ("async_abort", "async_show_form", "async_show_menu", "async_show_progress"):
        monkeypatch.setattr(FlowHandler, name, _checked(getattr(FlowHandler, name), texts))


def _checked(show: Callable[..., Any], texts: dict[str, Mapping[str, Any]]) -> Callable[..., Any]:
    """Return what shows a step, and checks it where it is one of ours."""

    @functools.wraps(show)
    def shown(flow: Any, *args: Any, **kwargs: Any) -> Any:
        result = show(flow, *args, **kwargs)
        if flow.handler == DOMAIN or type(flow).__module__.startswith("custom_components"):
            given = result.get("description_placeholders") or {}
            if flow.flow_id not in texts:
                texts[flow.flow_id] = _texts_of(flow)
            for text in _shown(texts[flow.flow_id], result):
                assert placeholders(text) <= given.keys(), text
        return result

    return shown
