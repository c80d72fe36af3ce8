# SPDX-License-Identifier: GPL-2.0-or-later
"""The pages (HTML) of a check of seams: one for all pairs, one for each pair."""

from __future__ import annotations

from typing import Any

from ...model.indicator import COMPARISON_SIGNS
from ...model.rule import Severity
from ...render.document.check_report import SectionNumbers
from ...render.page_templates import fill_template
from ...render.words import ReportTexts
from ...standard.messages.numbers import format_number
from .seam_result import PAIRS_FOLDER, SeamKind, SeamPair, SeamResult
from .seam_sentences import (
    LENGTH_DECIMALS,
    describe_finding,
    describe_misses,
    describe_pairs,
    describe_sum_state,
    get_layer_name,
    get_layer_title,
    list_gap_sentences,
    make_pair_name,
    name_sum,
)

SEAMS_TEMPLATE, PAIR_TEMPLATE = "seams.html.j2", "seam_pair.html.j2"
_KINDS = tuple(SeamKind)
_SUM_DECIMALS = 4


def render_seams_page(result: SeamResult, stems: dict[tuple[str, str], str]) -> str:
    """Return the page with all pairs, sums and counties; ``stems``: pair → name of its report without suffix."""
    report_texts = ReportTexts(result.lang)
    pairs = sorted(result.pairs, key=lambda one: (-len(one.findings), one.counties))
    most = max((len(one.findings) for one in pairs), default=0)
    rows = [
        {**_make_pair_row(one, result), "link": f"{PAIRS_FOLDER}/{stems[one.counties]}.html"}
        for one in pairs
        if one.findings
    ]
    for row in rows:
        row["share"] = round(100 * row["total"] / most) if most else 0
    data = _make_shared_data(result, report_texts)
    return fill_template(
        SEAMS_TEMPLATE,
        {
            **data,
            "title": report_texts.get("seams", "title"),
            "statement": describe_pairs(result, report_texts),
            "rows": rows,
            "totals": [sum(one.count(kind) for one in pairs) for kind in _KINDS],
            "total": len(result.findings),
            "clean": report_texts.join_parts(
                make_pair_name(one, result) for one in pairs if not one.findings and not _list_gaps(one, result)
            ),
            "gaps": list_gap_sentences(result.counties, result),
            "unread": [
                {
                    "name": result.names[one.name],
                    "state": report_texts.get("county_state", str(one.state)),
                    "reason": one.reason,
                }
                for one in result.counties
                if not one.is_read
            ],
            "missing": _list_missing_layers(result.pairs, result, report_texts),
            "sums": [_make_sum_row(one, result, report_texts) for one in result.sums],
            "ignored": report_texts.join_parts(result.ignored_names),
        },
    )


def render_pair_page(pair: SeamPair, result: SeamResult) -> str:
    """Return the page with the findings of one pair."""
    report_texts = ReportTexts(result.lang)
    name = make_pair_name(pair, result)
    differing = [
        report_texts.get(
            "seams",
            "differing",
            layer=get_layer_title(concept, result.lang),
            length=format_number(length, LENGTH_DECIMALS),
        )
        for concept, length in pair.differing_m.items()
    ]
    findings = [
        {
            "number": number,
            "id": one.fingerprint,
            "severity": report_texts.get("severity", str(one.severity)),
            "kind": report_texts.get("seam_kinds", str(one.kind)),
            "layer": get_layer_title(one.concept, result.lang),
            "sides": [
                {"name": result.names[side.county], "features": report_texts.join_parts(side.keys), "code": side.code}
                for side in one.sides
            ],
            "message": describe_finding(one, result, report_texts),
            "place": "{:.5f}°, {:.5f}°".format(*one.place),
            "is_note": one.severity is Severity.INFO,
        }
        for number, one in enumerate(pair.findings, 1)
    ]
    return fill_template(
        PAIR_TEMPLATE,
        {
            **_make_shared_data(result, report_texts),
            "title": report_texts.get("seams", "pair_title", pair=name),
            "row": _make_pair_row(pair, result),
            "length": format_number(pair.length_m, LENGTH_DECIMALS),
            "findings": findings,
            "differing": differing,
            "slivers": pair.sliver_count,
            "gaps": _list_gaps(pair, result),
            "missing": _list_missing_layers([pair], result, report_texts),
        },
    )


def _list_gaps(pair: SeamPair, result: SeamResult) -> list[str]:
    """Return sentences on unknown data of the layers of both counties."""
    return list_gap_sentences([one for one in result.counties if one.name in pair.counties], result)


def _make_shared_data(result: SeamResult, report_texts: ReportTexts) -> dict[str, Any]:
    """Return what both pages show: texts, kinds, time and settings."""
    settings = result.settings.to_dict()
    lengths = {key: f"{settings[key]:g}" for key in ("tolerance_m", "reach_m", "min_length_m")}
    return {
        "w": report_texts,
        "lang": {"zh": "zh-CN"}.get(result.lang, result.lang),
        "numbered": SectionNumbers(report_texts).number_title,
        "facts": [
            (report_texts.get("counties", "fact_time"), result.time.strftime("%Y-%m-%d %H:%M")),
            (report_texts.get("seams", "fact_plane"), result.plane),
        ],
        "kinds": [report_texts.get("seam_kinds", str(kind)) for kind in _KINDS],
        "settings": report_texts.get("seams", "settings", **lengths),
        "unconfirmed": bool(result.unconfirmed_settings),
    }


def _make_pair_row(pair: SeamPair, result: SeamResult) -> dict[str, Any]:
    """Return a pair as a row: counts by kind, total and largest deviation."""
    return {
        "name": make_pair_name(pair, result),
        "counts": [pair.count(kind) for kind in _KINDS],
        "total": len(pair.findings),
        "deviation": format_number(pair.max_deviation_m, LENGTH_DECIMALS) if pair.max_deviation_m is not None else "—",
    }


def _list_missing_layers(pairs: Any, result: SeamResult, report_texts: ReportTexts) -> str:
    """Return the layers that were not compared because a county lacks them."""
    missing = dict.fromkeys((county, concept) for pair in pairs for concept, county in pair.missing_layers)
    return report_texts.join_parts(
        report_texts.get("seams", "lacks", county=result.names[county], layer=get_layer_name(concept, result.lang))
        for county, concept in missing
    )


def _make_sum_row(one: Any, result: SeamResult, report_texts: ReportTexts) -> dict[str, Any]:
    """Return a sum as a row of texts."""
    decimals = max(one.target.printed_decimals, _SUM_DECIMALS)
    sign = "left" if one.margin >= 0 else "above" if one.target.comparison == "<=" else "short"
    return {
        "indicator": name_sum(one, result, report_texts),
        "target": f"{COMPARISON_SIGNS[one.target.comparison]} {one.target.value}",
        "targets_sum": "—" if one.targets_sum is None else format_number(one.targets_sum, decimals),
        "sum": format_number(one.sum_value, decimals),
        "margin": report_texts.get("signed", sign, amount=format_number(abs(one.margin), decimals)),
        "unit": report_texts.get_text_or_key("unit", one.target.unit),
        "misses": describe_misses(one, result, report_texts) or report_texts.get("seams", "no_misses"),
        "missing": report_texts.join_parts(result.names.get(name, name) for name in one.missing),
        "state": describe_sum_state(one, report_texts),
        "hides": one.hides_misses,
        "missed": bool(one.misses),
    }
