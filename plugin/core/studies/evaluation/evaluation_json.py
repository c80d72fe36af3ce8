# SPDX-License-Identifier: GPL-2.0-or-later
"""An evaluation as plain data."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ....metadata import read_plugin_version
from ...base.connection_text import name_source
from ...standard.messages.texts import Texts
from .evaluated_editions import (
    EVALUATION_SCHEMA,
    EVALUATION_SECTION,
    Evaluation,
    EvaluationSettings,
    IndicatorSeries,
)
from .evaluation_tables import (
    describe_evaluation,
    format_warning,
    list_note_sentences,
    list_remarks,
)


def evaluation_to_dict(result: Evaluation) -> dict[str, Any]:
    """Return the result as plain data with full precision; values have the unit of their series."""
    texts = Texts(result.lang)
    return {
        "schema": EVALUATION_SCHEMA,
        "version": read_plugin_version(),
        "lang": result.lang,
        "area": result.area_name,
        "summary": describe_evaluation(result, texts),
        "editions": [
            {
                "year": one.edition.year,
                "name": one.edition.name,
                "label": one.label,
                # Without paths of this machine.
                "source": name_source(one.edition.source),
                "problem": one.problem,
                "area_code": one.area_code,
                "area_name": one.area_name,
                "crs": one.crs,
                "standard": f"{one.norm.standard.id} {one.norm.standard.edition}" if one.norm is not None else "",
                "profile": one.norm.profile.id if one.norm is not None else "",
                "base_year": one.base_year,
                "layers": one.layers,
                "notices": one.notices,
            }
            for one in result.editions
        ],
        "series": [_series_to_dict(one, result, texts) for one in result.series],
        "thresholds": [
            {
                "setting": key,
                "value": getattr(result.settings, name),
                "mark": result.norm.get_source_mark(key),
                "confirmed": result.norm.is_confirmed(key),
            }
            for name in EvaluationSettings.__dataclass_fields__
            for key in (f"{EVALUATION_SECTION}.{name}",)
        ],
        "notes": list_note_sentences(result, texts),
    }


def _series_to_dict(series: IndicatorSeries, result: Evaluation, texts: Texts) -> dict[str, Any]:
    """Return a series as plain data."""
    points = [
        {
            "edition": column.label,
            "value": point.value,
            "reason": point.reason,
            "basis": point.basis,
            "layer": point.layer,
            "confirmed": point.confirmed,
            "state": point.state,
            "change": asdict(change),
        }
        for column, point, change in zip(result.editions, series.points, series.changes, strict=True)
    ]
    return {
        "id": series.id,
        "name": series.name,
        "unit": series.unit,
        "points": points,
        "change_to_first": asdict(series.change_to_first),
        "target": asdict(series.target) if series.target is not None else None,
        "level": str(series.level),
        "unconfirmed": series.is_unconfirmed,
        "warnings": [
            {**asdict(one), "level": str(one.level), "text": format_warning(one, series, texts)}
            for one in series.warnings
        ],
        "remarks": list_remarks(series, result, texts) if series.has_values else [],
    }
