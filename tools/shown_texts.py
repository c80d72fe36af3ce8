# SPDX-License-Identifier: GPL-2.0-or-later
"""Texts of the plugin that a picture shows, with their digest.

A text is named by its origin: ``ts:`` and the English source for the interface, ``report:`` or ``zh:`` with section
and key for reports, maps and messages.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
TABLE = IMAGES / "images.json"
_PLACEHOLDER_PATTERN = re.compile(r"\\{\w+\\}")
#: A text with placeholders is recognised only if so many of its other characters are Chinese.
_MIN_CHARACTERS = 3


def load_all_texts() -> dict[str, str]:
    """Return all Chinese texts of the plugin: name → text."""
    messages = ElementTree.parse(ROOT / "i18n" / "sanxian_zh_CN.ts").getroot().iter("message")
    found = {f"ts:{m.findtext('source', '')}": m.findtext("translation", "") for m in messages}
    for name, stem in (("report", "report_zh"), ("zh", "zh")):
        table = tomllib.loads((ROOT / "resources" / "texts" / f"{stem}.toml").read_text(encoding="utf-8"))
        for section, texts in table.items():
            found |= {f"{name}:{section}.{key}": text for key, text in texts.items() if isinstance(text, str)}
    return found


def find_names_of_texts(picture_texts: Iterable[str], origin: str, text_by_name: dict[str, str]) -> list[str]:
    """Return the names of the plugin's texts that occur among the texts of a picture.

    ``origin``: ``ts`` or ``report``; ``text_by_name``: all texts of the plugin.
    """
    lines = {line.strip() for text in picture_texts for line in (text, *text.splitlines())}
    whole = "\n".join(sorted(lines))
    found = []
    for name, text in text_by_name.items():
        if not name.startswith(f"{origin}:") or not re.search(r"[\u4e00-\u9fff]", text):
            continue
        if "{" not in text:
            if text.strip() in lines:
                found.append(name)
        elif len(re.findall(r"[\u4e00-\u9fff]", re.sub(r"\{\w+\}", "", text))) >= _MIN_CHARACTERS:
            pattern = _PLACEHOLDER_PATTERN.sub(".+", re.escape(text.strip()))
            if re.search(rf"^{pattern}$", whole, re.MULTILINE):
                found.append(name)
    return sorted(found)


def compute_text_digest(names: Iterable[str], text_by_name: dict[str, str]) -> str:
    """Return the SHA-256 of the texts with these names; a removed text counts as empty."""
    lines = "\n".join(f"{name}={text_by_name.get(name, '')}" for name in sorted(names))
    return hashlib.sha256(lines.encode()).hexdigest()


def make_image_entry(names: list[str], text_by_name: dict[str, str], made_by: str) -> dict[str, object]:
    """Return the entry of one picture in images.json: what made it, digest and names of its texts."""
    return {"made_by": made_by, "digest": compute_text_digest(names, text_by_name), "texts": names}
