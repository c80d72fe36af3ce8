# SPDX-License-Identifier: GPL-2.0-or-later
"""The result of a review as plain data for JSON: areas in m² at full precision, shapes as WKT in the plane."""

from __future__ import annotations

from typing import Any

from ...metadata import read_plugin_version
from ..messages.texts import Texts
from .model import (
    AdmissionRule,
    ClassItem,
    ConformityResult,
    LineItem,
    MissingItem,
    Outcome,
    ProjectNote,
    ProjectResult,
    SupplementItem,
    TownshipItem,
    ZoneItem,
)

SCHEMA = "sanxian-conformity/1"


def result_to_dict(result: ConformityResult, lang: str) -> dict[str, Any]:
    """Return the whole result as plain data; the time is in ``times``."""
    texts = Texts(lang)
    verdicts = (Outcome.CONFORMS, Outcome.CONDITIONAL, Outcome.FAILS, Outcome.UNDETERMINED)
    return {
        "schema": SCHEMA,
        "lang": lang,
        "version": read_plugin_version(),
        "projects": result.source,
        "data": result.data_name,
        "area_code": result.area_code,
        "area_name": result.area_name,
        "plane": result.plane,
        "admission": result.admission_file,
        "tolerance": result.tolerance.to_dict(),
        "counts": {str(verdict): result.count(verdict) for verdict in verdicts} | {"left_out": result.left_out_count},
        "results": [_project_to_dict(one, texts) for one in result.results],
        "unread_layers": list(result.unread_layers),
        "notes": [_note_to_dict(note, texts) for note in result.notes],
        "times": {"written": result.time.isoformat(timespec="seconds")},
    }


def _project_to_dict(one: ProjectResult, texts: Texts) -> dict[str, Any]:
    """Return the result of a project."""
    project = one.project
    return {
        "row": project.row,
        "name": project.name,
        "number": project.number,
        "applicant": project.applicant,
        "use": project.use_code,
        "use_name": project.use_name,
        "use_text": project.use_text,
        "supply": str(project.supply),
        "kind": project.kind,
        "width_m": project.width_m,
        "crs": project.crs,
        "approval": project.approval,
        "supplement_plan": project.supplement_plan,
        "statutory_m2": project.statutory_m2,
        "declared_m2": project.declared_m2,
        "declared_difference_m2": project.declared_difference_m2,
        "verdict": str(one.verdict),
        "reasons": [reason.render(texts) for reason in one.reasons],
        "conditions": [condition.render(texts) for condition in one.conditions],
        "lines": [_line_to_dict(line, texts) for line in one.lines],
        "zones": [_zone_to_dict(zone, texts) for zone in one.zones],
        "classes": [_class_to_dict(item) for item in one.classes],
        "unclassified_m2": one.unclassified_m2,
        "townships": [_township_to_dict(item) for item in one.townships],
        "outside_townships_m2": one.outside_townships_m2,
        "functions": [_township_to_dict(item) for item in one.functions],
        "supplements": [_supplement_to_dict(item, texts) for item in one.supplements],
        "heritage": one.heritage
        and {
            "names": list(one.heritage.names),
            "area_m2": one.heritage.area_m2,
            "mark": one.heritage.mark,
            "text": one.heritage.message.render(texts),
        },
        "missing": [_missing_to_dict(item, texts) for item in one.missing],
        "geometry": project.shape.wkt,
    }


def _rule_to_dict(rule: AdmissionRule | None, lang: str) -> dict[str, Any] | None:
    """Return a row of the admission table."""
    if rule is None:
        return None
    return {
        "zone": rule.zone,
        "use": rule.use,
        "outcome": str(rule.outcome),
        "condition": rule.get_condition(lang),
        "source": rule.get_source(lang),
        "mark": rule.mark,
        "line": rule.line,
    }


def _line_to_dict(line: LineItem, texts: Texts) -> dict[str, Any]:
    """Return the item of a line."""
    return {
        "id": line.id,
        "role": line.role,
        "name": line.get_name(texts.lang),
        "basis": str(line.basis),
        "area_m2": line.area_m2,
        "net_m2": line.net_m2,
        "outside_m2": line.outside_m2,
        "outcome": str(line.outcome),
        "reason": line.reason.render(texts),
        "rule": _rule_to_dict(line.rule, texts.lang),
        "confirmed": line.is_confirmed,
        "present": line.is_present,
        "distance_m": line.distance_m,
        "touched_m2": line.touched_m2,
        "parts": [
            {
                "part": part.part,
                "names": list(part.names),
                "area_m2": part.area_m2,
                "net_m2": part.net_m2,
                "outcome": str(part.outcome),
                "rule": _rule_to_dict(part.rule, texts.lang),
            }
            for part in line.parts
        ],
        "geometry": line.shape.wkt if line.shape is not None else None,
    }


def _zone_to_dict(zone: ZoneItem, texts: Texts) -> dict[str, Any]:
    """Return the item of a planning zone."""
    return {
        "code": zone.code,
        "name": zone.name,
        "parent": zone.parent_name,
        "area_m2": zone.area_m2,
        "admission": str(zone.admission),
        "outcome": str(zone.outcome),
        "reason": zone.reason.render(texts),
        "rule": _rule_to_dict(zone.rule, texts.lang),
        "confirmed": zone.is_confirmed,
    }


def _class_to_dict(item: ClassItem) -> dict[str, Any]:
    """Return the land of a class."""
    return {
        "code": item.code,
        "name": item.name,
        "major_class": item.major_class,
        "ownership": item.ownership,
        "area_m2": item.area_m2,
        "net_m2": item.net_m2,
        "cultivated": item.is_cultivated,
    }


def _township_to_dict(item: TownshipItem) -> dict[str, Any]:
    """Return the land in a township or main function."""
    return {"code": item.code, "name": item.name, "area_m2": item.area_m2}


def _supplement_to_dict(item: SupplementItem, texts: Texts) -> dict[str, Any]:
    """Return what must be made up for."""
    return {
        "id": item.id,
        "occupied_m2": item.occupied_m2,
        "statutory_m2": item.statutory_m2,
        "rule": _rule_to_dict(item.rule, texts.lang),
        "document": item.document,
        "plan": item.plan,
    }


def _missing_to_dict(item: MissingItem, texts: Texts) -> dict[str, Any]:
    """Return what could not be determined."""
    return {
        "id": item.id,
        "name": item.get_name(texts.lang),
        "missing": item.missing.render(texts),
        "remedy": item.remedy.render(texts),
    }


def _note_to_dict(note: ProjectNote, texts: Texts) -> dict[str, Any]:
    """Return a note on a row."""
    return {
        "level": str(note.level),
        "row": note.row,
        "project": note.project,
        "field": note.field,
        "text": note.message.render(texts),
    }
