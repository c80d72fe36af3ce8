# SPDX-License-Identifier: GPL-2.0-or-later
"""Name the settings in help texts by their titles, and state where a user changes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

from ....paths import COUNTY_FORM
from ...base.files.data import read_toml

#: A key of a setting in a text, with the marks that the text may put around it: `quality.tiled`, [yearly.codes]. The
#: space between a Chinese character and a key belongs to it: no space goes before a quotation mark.
_KEY_PATTERN = re.compile(r"(?:(?<=[\u4e00-\u9fff]) )?`?\[?(?<![\w./-])([a-z_]+(?:\.\w+)+)\]?`?", re.ASCII)
#: Groups of the dialog 县配置; the settings of the first are not listed in the form's file.
_RATIO_GROUP, _LIMITS_GROUP, _TOLERANCES_GROUP = "ratio", "limits", "tolerances"
#: The place of settings that the dialog does not show.
FILE_PLACE = "file"


@cache
def _load_groups_of_profile_dialog() -> dict[str, str]:
    """Return key → group of the settings in the dialog 县配置."""
    form = read_toml(COUNTY_FORM)
    ratio = dict.fromkeys(("ratio.limit", "ratio.form", "ratio.classes"), _RATIO_GROUP)
    group_by_setting = {key: group for group in (_LIMITS_GROUP, _TOLERANCES_GROUP) for key in form[group]}
    return {**ratio, **group_by_setting}


def find_where_to_change_setting(key: str) -> str:
    """Return the group of a setting in the dialog 县配置.

    `FILE_PLACE` for a setting that is only in the profile's file.
    """
    return _load_groups_of_profile_dialog().get(key, FILE_PLACE)


def add_setting_titles(
    help_texts: dict[str, str], titles: Mapping[str, str], place_texts: Mapping[str, str]
) -> dict[str, str]:
    """Return help texts (heading → text) in which each setting's title stands before its key.

    The last text gets a sentence on where a user changes these settings. ``titles``: setting key → title; a key without
    a title is ignored. ``place_texts``: texts on the places of settings; ``named`` is how title and key are written.
    """
    matches = _KEY_PATTERN.finditer(" ".join(help_texts.values()))
    keys = list(dict.fromkeys(match[1] for match in matches if match[1] in titles))
    if not keys:
        return help_texts

    def put_title_before_key(match: re.Match[str]) -> str:
        key = match[1]
        return place_texts["named"].format(title=titles[key], key=key) if key in titles else match[0]

    named_help_texts = {heading: _KEY_PATTERN.sub(put_title_before_key, text) for heading, text in help_texts.items()}
    last = list(named_help_texts)[-1]
    where = describe_where_to_change_settings(keys, titles, place_texts)
    return {**named_help_texts, last: named_help_texts[last] + place_texts["gap"] + where}


def describe_where_to_change_settings(
    keys: Iterable[str], titles: Mapping[str, str], place_texts: Mapping[str, str], *, shows_keys: bool = False
) -> str:
    """Return the sentences on where a user changes the settings; empty without settings.

    ``place_texts``: the texts of each place, and the comma between titles. ``shows_keys``: the titles of settings that
    are written into a file are followed by their keys.
    """

    def name_settings(place: str, place_keys: list[str]) -> Iterable[str]:
        if shows_keys and place == FILE_PLACE:
            return [place_texts["named"].format(title=titles[key], key=key) for key in place_keys]
        return [place_texts["quoted"].format(title=title) for title in dict.fromkeys(titles[key] for key in place_keys)]

    keys_by_place: dict[str, list[str]] = {}
    for key in keys:
        keys_by_place.setdefault(find_where_to_change_setting(key), []).append(key)
    return place_texts["gap"].join(
        place_texts[place].format(titles=place_texts["comma"].join(name_settings(place, place_keys)))
        for place, place_keys in sorted(keys_by_place.items(), key=lambda item: item[0] == FILE_PLACE)
    )
