# SPDX-License-Identifier: GPL-2.0-or-later
"""Sections of the report page other than findings and figures.

They are head, unchecked rules, tolerance, rules and data.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..engine.explanation import EffectiveValue, format_effective_values
from ..model.findings import UNREAD_CODE, is_about_unread_data
from ..model.report import Outcome, Report
from ..model.rule import load_all_rules
from ..standard.messages.numbers import format_plain_number, format_square_metres
from ..standard.messages.texts import Texts, format_number, shorten_key
from ..standard.profile import Norm
from ..standard.profile.document import PRINTED_KEYS, render_lowered_secrecy_messages
from .finding_lists import list_citations
from .verdict import has_unsaved_edits, list_unconfirmed_items
from .words import ReportTexts

#: (Label, value) pairs per row of the report head.
_PAIRS_PER_ROW = 3
#: Rows named in the sentence on fallback steps; the JSON has all.
_MAX_NAMED_STEPS = 5
#: Pairs of layers, and townships of each, on the page; the JSON has all.
_MAX_NAMED_PAIRS, _MAX_NAMED_TOWNSHIPS = 12, 3


def make_head_section(report: Report, report_texts: ReportTexts) -> dict[str, Any]:
    """Return the head of the report: title, county, scope, time, standard, profile, CRS and document information."""
    provenance = report.provenance
    scope, phase = provenance.get("scope", ""), provenance.get("phase", "")
    area = report_texts.get("page", "gap").join(
        p for p in (provenance.get("area_name"), provenance.get("area_code")) if p
    )
    start_time = format_moment(provenance.get("started", ""))
    document = provenance.get("document", {})
    profile = _format_profile_name(provenance.get("profile", {}), report_texts)
    confirmed = provenance.get("profile", {}).get("confirmed") or {}
    if not profile:
        profile = report_texts.get("head", "no_profile")
    elif confirmed.get("by"):
        params = {"by": confirmed["by"], "date": confirmed.get("date", "")}
        profile = report_texts.get("head", "confirmed_by", profile=profile, **params)
    pairs = [(report_texts.get("document", key), document[key]) for key in PRINTED_KEYS if document.get(key)]
    return {
        # The name of the file that a submission package asks for; the scope is a row of the head.
        "title": report_texts.get("title", "report"),
        "area": area or report_texts.get("head", "no_area"),
        "area_name": provenance.get("area_name", ""),
        "scope": report_texts.get_text_or_key("scope", scope)
        + (report_texts.put_in_brackets(report_texts.get_text_or_key("phase", phase)) if phase else ""),
        "time": start_time,
        "date": start_time.partition(" ")[0],
        "standard": provenance.get("standard", {}).get("name", ""),
        "profile": profile,
        "crs": format_crs_label(provenance.get("crs", ""), report_texts),
        "document": [pairs[n : n + _PAIRS_PER_ROW] for n in range(0, len(pairs), _PAIRS_PER_ROW)],
        "lowered": render_lowered_secrecy_messages(provenance.get("document", {}), Texts(report_texts.lang)),
    }


def _format_profile_name(profile: dict[str, Any], report_texts: ReportTexts) -> str:
    """Return name and id of a profile, empty without a profile. Reports of old versions may lack the name."""
    profile_id, name = profile.get("id", ""), profile.get("name", "")
    return report_texts.get("head", "profile_name", name=name, id=profile_id) if name and profile_id else profile_id


def format_moment(text: str) -> str:
    """Return an ISO time as 2026-11-20 14:32; any other text unchanged."""
    try:
        return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return text


def format_crs_label(label: str, report_texts: ReportTexts) -> str:
    """Return a CRS for readers: ``EPSG:4526　38 带``.

    Planners name the CGCS2000 zones by their numbers.
    """
    code = int(label[5:]) if label.startswith("EPSG:") and label[5:].isdigit() else 0
    zone = {4491: 13, 4502: 13, 4513: 25, 4534: 25}
    start = max((c for c in zone if c <= code <= 4554), default=0)
    return (
        label + report_texts.get("page", "gap") + report_texts.get("head", "zone", zone=zone[start] + code - start)
        if start
        else label
    )


def make_not_checked_section(report: Report, report_texts: ReportTexts) -> dict[str, Any]:
    """Return rules that were not checked completely, with reason and remedy.

    Rows compared by a repaired copy of their geometry are listed, too.
    """
    rows = [
        (
            rule.code,
            rule.title,
            report_texts.get("text", "crashed_rule", error=rule.reason.partition(":")[0])
            if rule.outcome == Outcome.CRASHED
            else rule.reason or report_texts.get("text", "no_reason"),
        )
        for rule in report.rules
        if rule.incomplete or rule.outcome in (Outcome.CRASHED, Outcome.SKIPPED)
    ]
    unread = filter(is_about_unread_data, report.findings)
    rows += [(UNREAD_CODE, report_texts.get("run_title", UNREAD_CODE), finding.message) for finding in unread]
    invalid_layers = [layer for layer in report.provenance.get("layers", []) if layer.get("invalid")]
    if invalid_layers:
        layer_counts_text = report_texts.join_parts(
            report_texts.get("text", "layer_count", layer=layer["role"], count=layer["invalid"])
            for layer in invalid_layers
        )
        area = format_square_metres(sum(layer.get("repaired_area_m2", 0.0) for layer in invalid_layers))
        text = report_texts.get(
            "text",
            "repaired",
            count=format_number(sum(layer["invalid"] for layer in invalid_layers), 0),
            layers=layer_counts_text,
            area=area,
        )
        rows.append((report_texts.get("text", "repaired_label"), "", text))
    not_applicable_rules = [f"{r.code} {r.title}" for r in report.rules if r.outcome == Outcome.NOT_APPLICABLE]
    return {
        "rows": [{"code": c, "title": t, "reason": r} for c, t, r in rows],
        "not_applicable": report_texts.get(
            "text", "not_applicable", rules=report_texts.join_parts(not_applicable_rules)
        )
        if not_applicable_rules
        else "",
    }


def make_tolerance_section(report: Report, norm: Norm | None, report_texts: ReportTexts) -> dict[str, Any]:
    """Return the section on the tolerance, on overlays that needed a fallback, and on ignored slivers.

    Slivers are areas below the tolerance.
    """
    tolerance = report.tolerance
    steps = tolerance.get("steps") or {}
    notes = [report_texts.get("text", "tolerance_note")]
    if any(steps.values()):
        count = format_number(sum(steps.values()), 0)
        steps_taken = tolerance.get("steps_taken") or []
        sides = (("role", "key"), ("related_role", "related_key"))
        pairs = [
            " × ".join(f"{step[role]} {step.get(key, '')}".strip() for role, key in sides if step.get(role))
            for step in steps_taken
        ]
        distinct_pairs = [pair for pair in dict.fromkeys(pairs) if pair]
        rows = report_texts.join_parts(distinct_pairs[:_MAX_NAMED_STEPS]) + (
            "…" if len(distinct_pairs) > _MAX_NAMED_STEPS else ""
        )
        area = format_square_metres(sum(step["area_m2"] for step in steps_taken))
        notes.append(report_texts.get("text", "steps", count=count, area=area, rows=rows or "—"))
    if norm and norm.get_source_mark("tolerance") == "C" and norm.is_confirmed("tolerance"):
        notes.append(report_texts.get("text", "tolerance_profile"))
    limits = [
        ("cluster", "cluster_m", "m"),
        ("edge_match", "edge_match_m", "m"),
        ("min_area", "min_area_m2", "m²"),
        ("min_width", "min_width_m", "m"),
        ("ignored_pair", "ignored_pair_m2", "m²"),
        ("ignored_feature", "ignored_feature_m2", "m²"),
    ]
    count, area = tolerance.get("ignored_slivers", 0), tolerance.get("ignored_area_m2", 0.0)
    return {
        "columns": [report_texts.get("column", key) for key, _, _ in limits],
        "values": [
            f"{format_plain_number(tolerance[field])} {unit}" if field in tolerance else "—"
            for _, field, unit in limits
        ],
        "slivers": report_texts.get(
            "text", "sliver_count", count=format_number(count, 0), area=format_square_metres(area)
        ),
        "note": report_texts.join_sentences(notes),
        "pairs": [
            _make_ignored_pair_row(one, norm, report_texts)
            for one in tolerance.get("ignored_pairs", [])[:_MAX_NAMED_PAIRS]
        ],
    }


def _make_ignored_pair_row(slivers: dict[str, Any], norm: Norm | None, report_texts: ReportTexts) -> dict[str, str]:
    """Return the ignored slivers between two layers as a row.

    It has number, area, main townships and the largest feature.
    """
    templates = norm.standard.templates if norm and report_texts.lang == "zh" else {}
    layer_names = list(dict.fromkeys(templates[role].name if role in templates else role for role in slivers["roles"]))
    if slivers["sealed"]:
        layer_names.append(report_texts.get("text", "sealed_edition"))
    township_texts = [
        f"{township['name'] or report_texts.get('text', 'no_township')} {format_square_metres(township['area_m2'])}"
        for township in slivers["townships"]
    ]
    has_more_townships = len(township_texts) > _MAX_NAMED_TOWNSHIPS
    largest_feature = slivers["features"][0] if slivers["features"] else None
    key = (
        shorten_key(largest_feature["key"]) or report_texts.get("text", "fid", fid=largest_feature.get("fid", ""))
        if largest_feature
        else ""
    )
    return {
        "layers": " × ".join(layer_names),
        "rule": slivers["rule"],
        "count": format_number(slivers["count"], 0),
        "area": format_square_metres(slivers["area_m2"]),
        "townships": "—"
        if [t["name"] for t in slivers["townships"]] == [""]
        else report_texts.join_parts(township_texts[:_MAX_NAMED_TOWNSHIPS]) + ("…" if has_more_townships else ""),
        "feature": f"{largest_feature['role']} {key} {format_square_metres(largest_feature['area_m2'])}"
        if largest_feature
        else "—",
        "exceeds": report_texts.get("text", "ignored_exceeds" if slivers["exceeds"] else "ignored_within"),
    }


def make_rule_section(report: Report, norm: Norm | None, report_texts: ReportTexts) -> list[dict[str, Any]]:
    """Return one row per rule that ran: outcome, number of findings, parameters, sources."""
    rule_by_code, texts = load_all_rules(), Texts(report_texts.lang)
    codes_with_findings = {f.code for f in report.findings}
    rows = []
    for rule in report.rules:
        outcome = "partly" if rule.is_partly_checked else str(rule.outcome)
        basis = list_citations(rule_by_code[rule.code].basis, norm, report_texts) if rule.code in rule_by_code else []
        reason = report_texts.get("text", "crashed_rule", error=rule.reason.partition(":")[0])
        # The tolerance is listed elsewhere, and the parameters of a rule with findings in the list of its findings.
        is_listed = rule.code in codes_with_findings
        own_values = [EffectiveValue(**one) for one in rule.parameters if not (one["setting"] or is_listed)]
        rows.append(
            {
                "code": rule.code,
                "title": rule.title or rule.name,
                "severity": rule.severity,
                "outcome": report_texts.get("outcome", outcome),
                "outcome_id": outcome,
                "count": format_number(rule.findings, 0),
                "seconds": format_number(rule.seconds, 2),
                "listed": is_listed,
                "parameters": report_texts.get("page", "clause").join(format_effective_values(own_values, texts)),
                "basis": basis,
                "reason": reason if rule.outcome == Outcome.CRASHED else rule.reason,
                "unconfirmed": report_texts.join_parts(list_unconfirmed_items(rule.unconfirmed, report_texts)[1]),
                "doubts": report_texts.join_parts(list_unconfirmed_items(rule.unconfirmed, report_texts)[0]),
            }
        )
    return rows


def make_provenance_section(report: Report, report_texts: ReportTexts) -> dict[str, Any]:
    """Return the report's section on the checked data: layers, notices on them, versions of the software."""
    provenance = report.provenance
    layers = [
        {
            "role": layer.get("role", ""),
            "name": _format_layer_name(layer, report_texts),
            "features": format_number(layer.get("features", 0), 0),
            "invalid": format_number(layer.get("invalid", 0), 0),
            "empty": format_number(layer.get("empty", 0), 0),
            "crs": layer.get("crs", ""),
            "encoding": layer.get("encoding", ""),
            "unsaved": report_texts.get("text", "yes_features", count=layer["unsaved"]) if layer.get("unsaved") else "",
        }
        for layer in provenance.get("layers", [])
    ]
    versions = provenance.get("versions", {})
    standard = provenance.get("standard", {}).get("name", "")
    profile = _format_profile_name(provenance.get("profile", {}), report_texts)
    if profile:
        standard = report_texts.get("text", "with_profile", standard=standard, profile=profile)
    label_by_component = {"qgis": "QGIS", "python": "Python", "geos": "GEOS", "proj": "PROJ", "gdal": "GDAL"}
    parts = [
        report_texts.get("text", "source", source=provenance["source"]) if provenance.get("source") else "",
        report_texts.get("text", "rule_set", standard=standard) if standard else "",
        report_texts.get("text", "versions", sanxian=versions["sanxian"]) if versions.get("sanxian") else "",
        *(f"{label}\u00a0{versions[key]}" for key, label in label_by_component.items() if versions.get(key)),
        report_texts.get("text", "seconds", seconds=format_number(provenance["seconds"], 1))
        if "seconds" in provenance
        else "",
    ]
    return {
        "layers": layers,
        "notices": [str(n) for n in dict.fromkeys(provenance.get("notices", []))],
        "line": list(filter(None, parts)),
        "unsaved": has_unsaved_edits(report),
    }


def _format_layer_name(layer: dict[str, Any], report_texts: ReportTexts) -> str:
    """Return a layer's name and its official name.

    The text mentions if its role was recognised in an unusual way.
    """
    title, name, role = layer.get("title", ""), layer.get("name", ""), layer.get("role", "")
    notes = []
    if name and name not in (role, title):
        notes.append(name)
    if layer.get("chosen_by") in ("fields", "chosen"):
        notes.append(report_texts.get_text_or_key("chosen", layer["chosen_by"]))
    return (title or name) + (report_texts.put_in_brackets(report_texts.join_parts(notes)) if notes else "")
