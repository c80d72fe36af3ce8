# SPDX-License-Identifier: GPL-2.0-or-later
"""Search files for coordinates of the sample county and for names; written independently of the plugin."""

import html
import json
import re
import zipfile
from pathlib import Path

#: Extent of the sample county (EPSG:4526): eastings with and without the number of the zone, northings.
EASTINGS, PLAIN_EASTINGS, NORTHINGS = (38448275, 38498237), (448275, 498237), (4358356, 4411493)
#: Its longitudes and latitudes in degrees.
LONGITUDES, LATITUDES = (113.39, 113.98), (39.34, 39.83)
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])")


def is_within(value, limits):
    return limits[0] <= value <= limits[1]


def find_coordinates(text):
    """Return the numbers of a text that look like coordinates of the sample county."""
    found = []
    for token in NUMBER.findall(text):
        value, decimals = float(token), len(token.partition(".")[2])
        if is_within(value, EASTINGS) or is_within(value, NORTHINGS):
            found.append(token)
        elif decimals and is_within(value, PLAIN_EASTINGS):
            found.append(token)
        elif decimals >= 4 and (is_within(value, LONGITUDES) or is_within(value, LATITUDES)):
            found.append(token)
    return found


def read_json_texts(value, key=""):
    """Yield the texts and numbers of JSON data, except areas in m²."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield name
            yield from read_json_texts(one, name)
    elif isinstance(value, list):
        for one in value:
            yield from read_json_texts(one, key)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, int | float) and not isinstance(value, bool) and not key.endswith("m2"):
        yield repr(value)


def read_file_texts(path: Path) -> str:
    """Return all texts of a report file, without embedded pictures."""
    if path.suffix == ".json":
        return "\n".join(read_json_texts(json.loads(path.read_text(encoding="utf-8"))))
    if path.suffix == ".html":
        text = re.sub(r"data:image/[^\"')]*", "", path.read_text(encoding="utf-8"))
        return html.unescape(re.sub(r"<(style|svg)\b.*?</\1>", "", text, flags=re.DOTALL).replace("<", "\n<"))
    if path.suffix in (".docx", ".xlsx"):
        parts = []
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith((".xml", ".rels")) and not re.search(r"styles|theme|settings|fontTable", name):
                    xml = archive.read(name).decode("utf-8")
                    xml = re.sub(r"</(?:w:p|c|is|si|dc:\w+|cp:\w+)>", "\n", xml)
                    parts.append(html.unescape(re.sub(r"<[^>]*>", "", xml)))
        return "\n".join(parts)
    raise ValueError(path.suffix)
