# SPDX-License-Identifier: GPL-2.0-or-later
"""Differences between editions that affect comparisons: county, CRS, profile, standard, settings, base year."""

from __future__ import annotations

from typing import Any

from ...figures.indicators.ratio import DEFINING_SETTINGS_OF_RATIO
from ...render.words import ReportTexts
from ...standard.messages.texts import Texts
from .evaluated_editions import EditionFigures, IndicatorSeries

Note = tuple[str, dict[str, Any]]
#: Settings, and sections of settings, from which figures are computed; limits are compared as targets.
_COMPUTING_SETTINGS = (
    *DEFINING_SETTINGS_OF_RATIO,
    *("three_zones.", "zones.", "land_use.", "reserves.", "tolerance."),
)
#: Settings named in full; further ones are counted.
_MAX_SETTINGS = 5


def list_differences(columns: list[EditionFigures], texts: Texts) -> list[Note]:
    """Return notes (text key, parameters) on what differs between the editions that were read, and what failed."""
    read = [one for one in columns if one.is_read]
    notes: list[Note] = [
        *[
            ((key, {"values": _join(read, values, texts)}))
            for key, values in (
                ("other_county", [f"{one.area_name} {one.area_code}".strip() for one in read]),
                ("other_crs", [one.crs for one in read]),
                (
                    "other_standard",
                    [f"{one.norm.standard.name} {one.norm.standard.edition}" if one.norm else "" for one in read],
                ),
                ("other_profile", [(one.norm.profile.name if one.norm else "") or "—" for one in read]),
                ("other_base_year", [str(one.base_year or "—") for one in read]),
            )
            if len(set(values)) > 1
        ],
        *_list_setting_differences(read, texts),
        *[("unread_edition", {"edition": one.label, "reason": one.problem}) for one in columns if not one.is_read],
    ]
    comma = texts.get("words", "between_names")
    for one in read:
        failed = one.list_failed_indicators(texts.lang)
        if failed:
            notes.append(
                ("failed_indicators", {"edition": one.label, "count": len(failed), "names": comma.join(failed)})
            )
    return notes


def _list_setting_differences(read: list[EditionFigures], texts: Texts) -> list[Note]:
    """Return notes on settings with different values, from which figures are computed."""
    settings = [
        {**one.norm.standard.settings, **one.norm.profile.settings} if one.norm is not None else {} for one in read
    ]
    keys = sorted(
        key
        for key in set().union(*settings)
        if key.startswith(_COMPUTING_SETTINGS) and len({str(one.get(key, "")) for one in settings}) > 1
    )
    comma = texts.get("words", "between_names")
    notes: list[Note] = [
        (
            "other_setting",
            {
                "setting": texts.get_setting_name(key),
                "key": key,
                "values": _join(
                    read,
                    [
                        comma.join(map(str, value)) if isinstance(value, list | tuple) else str(value)
                        for value in (one.get(key, "—") for one in settings)
                    ],
                    texts,
                ),
            },
        )
        for key in keys[:_MAX_SETTINGS]
    ]
    if len(keys) > _MAX_SETTINGS:
        notes.append(("more_settings", {"count": len(keys) - _MAX_SETTINGS}))
    return notes


def _join(read: list[EditionFigures], values: list[str], texts: Texts) -> str:
    """Return values with the editions that have them: 2021, 2022: EPSG:4526; 2023: EPSG:4527."""
    labels: dict[str, list[str]] = {}
    for one, value in zip(read, values, strict=True):
        labels.setdefault(value, []).append(one.label)
    comma = texts.get("words", "between_names")
    return texts.get("evaluation", "between_values").join(
        texts.get("evaluation", "value_of", editions=comma.join(names), value=value) for value, names in labels.items()
    )


def list_series_differences(series: IndicatorSeries, columns: list[EditionFigures], texts: Texts) -> list[str]:
    """Return sentences on what differs between the values of a series: basis, definition, layer, certainty."""
    known = [(column, one) for column, one in zip(columns, series.points, strict=True) if one.value is not None]
    read = [column for column, _ in known]
    sentences: list[str] = []
    report_texts = ReportTexts(texts.lang)
    # A ratio has the bases of numerator and denominator.
    bases = [
        " ÷ ".join(report_texts.get_text_or_key("basis", part) for part in one.basis.split("/") if part) or "—"
        for _, one in known
    ]
    sentences += [
        texts.get("evaluation", key, values=_join(read, values, texts))
        for key, values in (
            ("basis_differs", bases),
            ("layer_differs", [one.layer or "—" for _, one in known]),
        )
        if len(set(values)) > 1
    ]
    if len({one.definition for _, one in known}) > 1:
        sentences.append(texts.get("evaluation", "definition_differs"))
    uncertain = [column.label for column, one in known if not one.confirmed]
    if uncertain:
        names = (
            texts.get("evaluation", "all_editions")
            if 1 < len(uncertain) == len(known)
            else texts.get("words", "between_names").join(uncertain)
        )
        sentences.append(texts.get("evaluation", "value_unconfirmed", editions=names))
    return sentences
