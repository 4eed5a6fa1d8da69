"""What is used of core beyond its API is still there, and `scripts/insides` knows all of it."""

from pathlib import Path
import re

import homeassistant
import pytest

from scripts.house.insides import PLACES, missing

from .texts import FOLDER

CORE = Path(homeassistant.__file__).parent


def test_this_core_has_all_of_it() -> None:
    assert list(missing(CORE)) == []


def test_what_is_gone_is_named(tmp_path: Path) -> None:
    for path in {path for place in PLACES for path in CORE.glob(place.core)} | {CORE / "const.py"}:
        copy = tmp_path / path.relative_to(CORE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        source = path.read_text()
        copy.write_text(source.replace("self.exclude_event_types = ", "self.others = "))
    (what,) = missing(tmp_path)
    assert "components/recorder/core.py" in what
    assert "privacy.py" in what


@pytest.mark.parametrize("path", FOLDER.rglob("*.py"), ids=lambda path: path.name)
def test_each_place_that_a_comment_tells_of_is_looked_at(path: Path) -> None:
    tells = re.search(r"2026\.\d+\.0\b", path.read_text()) is not None
    assert tells == (str(path.relative_to(FOLDER)) in {place.ours for place in PLACES})
