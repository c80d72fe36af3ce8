# SPDX-License-Identifier: GPL-2.0-or-later
"""Findings and results of a check of seams as sentences, for pages, tables, layer and console."""

from __future__ import annotations

from collections.abc import Iterable

from ...model.indicator import COMPARISON_SIGNS, TARGET_MET
from ...model.rule import Severity
from ...render.words import ReportTexts, capitalise_first_letter
from ...standard.messages.numbers import format_hectare_number, format_number
from ...standard.messages.texts import Texts
from .seam_result import CountyBorders, ParentSum, SeamFinding, SeamKind, SeamResult, SeamSide

#: Decimals of lengths and deviations (m), and most keys that a sentence names.
LENGTH_DECIMALS, _MAX_KEYS = 2, 3


def describe_finding(finding: SeamFinding, result: SeamResult) -> str:
    """Return what is wrong at a border, where, and the remedy, as a sentence."""
    first, second = (_describe_side(side, result) for side in finding.sides)
    params = {
        "layer": Texts(result.lang).get_concept_name(finding.concept),
        "first": first,
        "second": second,
        "first_name": result.names[finding.sides[0].county],
        "second_name": result.names[finding.sides[1].county],
        "first_code": finding.sides[0].code or "—",
        "second_code": finding.sides[1].code or "—",
        "length": format_number(finding.length_m, LENGTH_DECIMALS),
        "deviation": format_number(finding.deviation_m, LENGTH_DECIMALS),
        "area": format_hectare_number(finding.area_m2) if finding.area_m2 is not None else "",
    }
    key = str(finding.kind)
    if finding.kind is SeamKind.STOP:
        key = "stop" if finding.severity is not Severity.INFO else "stop_note"
        if not finding.sides[0].keys:
            # The county with the feature comes first in the sentence.
            for name in ("", "_name", "_code"):
                params[f"first{name}"], params[f"second{name}"] = params[f"second{name}"], params[f"first{name}"]
    text = capitalise_first_letter(result.report_texts.get("seam_messages", key, **params))
    if not finding.other_counties:
        return text
    return result.report_texts.join_sentences(
        [
            text,
            result.report_texts.get(
                "seam_messages",
                "others",
                names=result.report_texts.join_parts(result.names[one] for one in finding.other_counties),
            ),
        ]
    )


def get_layer_title(concept: str, lang: str) -> str:
    """Return the name of a compared layer in a table."""
    return capitalise_first_letter(Texts(lang).get_concept_name(concept))


def _describe_side(side: SeamSide, result: SeamResult) -> str:
    """Return a county with the keys of its features at the place."""
    name = result.names[side.county]
    if not side.keys:
        return name
    return result.report_texts.get(
        "seam_messages",
        "side_more" if len(side.keys) > _MAX_KEYS else "side",
        county=name,
        keys=result.report_texts.join_parts(side.keys[:_MAX_KEYS]),
        count=len(side.keys),
    )


def make_pair_name(counties: tuple[str, str], result: SeamResult) -> str:
    """Return the names of both counties of a pair."""
    first, second = counties
    return f"{result.names[first]}—{result.names[second]}"


def describe_result(result: SeamResult) -> list[str]:
    """Return the result as lines for console and log."""
    lines = [describe_pairs(result)]
    lines += [
        result.report_texts.get(
            "counties",
            "line_without_verdict",
            name=county.name,
            state=result.report_texts.get("county_state", str(county.state)),
            reason=county.reason,
        )
        for county in result.counties
        if not county.is_read
    ]
    lines += list_gap_sentences(result.counties, result)
    for pair in result.pairs:
        if pair.findings:
            parts = [
                f"{result.report_texts.get('seam_kinds', str(kind))} {pair.count(kind)}"
                for kind in SeamKind
                if pair.count(kind)
            ]
            name, counts = make_pair_name(pair.counties, result), result.report_texts.join_parts(parts)
            lines.append(result.report_texts.get("seams", "line_pair", name=name, counts=counts))
    lines += [describe_sum(one, result) for one in result.sums]
    if result.ignored_names:
        lines.append(
            result.report_texts.get("counties", "ignored", names=result.report_texts.join_parts(result.ignored_names))
        )
    return lines


def list_gap_sentences(counties: Iterable[CountyBorders], result: SeamResult) -> list[str]:
    """Return sentences on unknown data of counties, each with the county's name."""
    texts = Texts(result.lang)
    return [
        texts.get("data_gaps", "of_county", county=result.names[county.name], gap=gap.render(texts))
        for county in counties
        for gap in county.gaps
    ]


def describe_pairs(result: SeamResult) -> str:
    """Return how many counties and pairs were compared, and what was found."""
    warnings = sum(one.severity is not Severity.INFO for one in result.findings)
    return result.report_texts.get(
        "seams",
        "done",
        counties=sum(one.is_read for one in result.counties),
        pairs=len(result.pairs),
        found=sum(bool(pair.findings) for pair in result.pairs),
        warnings=warnings,
        notes=len(result.findings) - warnings,
    )


def name_sum(one: ParentSum, result: SeamResult) -> str:
    """Return the indicator of a sum, with the city or province if there are sums of several."""
    from ...standard import load_standard
    from ...standard.divisions import label_division

    name = Texts(result.lang).get_indicator_name(one.target.indicator)
    if len({other.target.area_code for other in result.sums}) == 1 or not one.target.area_code:
        return name
    return result.report_texts.get(
        "seams",
        "sum_of_parent",
        indicator=name,
        parent=label_division(one.target.area_code, load_standard("county_db").code_lists.get("divisions")),
    )


def describe_sum(one: ParentSum, result: SeamResult) -> str:
    """Return a sum against the target of the parent as a sentence, with the counties that miss their targets."""
    parts = [
        result.report_texts.get(
            "seams",
            "line_sum",
            indicator=name_sum(one, result),
            value=format_number(one.sum_value, one.decimals),
            unit=result.report_texts.get_text_or_key("unit", one.target.unit),
            target=f"{COMPARISON_SIGNS[one.target.comparison]}{one.target.value}",
            state=describe_sum_state(one, result.report_texts),
        )
    ]
    if one.missing:
        parts.append(result.report_texts.get("seams", "sum_missing", names=_join_names(one.missing, result)))
    if one.misses:
        parts.append(
            result.report_texts.get(
                "seams", "sum_hides" if one.hides_misses else "sum_misses", names=describe_misses(one, result)
            )
        )
    if one.unconfirmed:
        parts.append(
            result.report_texts.get("seams", "sum_unconfirmed_names", names=_join_names(one.unconfirmed, result))
        )
    return result.report_texts.join_sentences(parts)


def describe_sum_state(one: ParentSum, report_texts: ReportTexts) -> str:
    """Return whether the sum meets the target, in words."""
    state = "unconfirmed" if one.state == TARGET_MET and one.unconfirmed else one.state or "unknown"
    return report_texts.get("seams", f"sum_{state}")


def describe_misses(one: ParentSum, result: SeamResult) -> str:
    """Return the counties that miss their targets, each with the amount in the unit of the parent's target."""
    key, texts = "above" if one.target.comparison == "<=" else "short", result.report_texts
    return texts.join_parts(
        texts.get(
            "seams",
            "miss",
            county=result.names[miss.county],
            amount=texts.get("signed", key, amount=format_number(abs(miss.margin), one.decimals)),
        )
        for miss in one.misses
    )


def _join_names(names: Iterable[str], result: SeamResult) -> str:
    """Return names of counties in a list; a code of a county without data is unchanged."""
    return result.report_texts.join_parts(result.names.get(name, name) for name in names)
