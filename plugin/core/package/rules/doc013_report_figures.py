# SPDX-License-Identifier: GPL-2.0-or-later
import json
from collections.abc import Iterator
from typing import Any

from ...base.errors import DataError
from ...engine.context import RuleContext
from ...figures.indicators.compute import PlanIndicators, get_plan_indicators
from ...model.findings import Finding
from ...model.indicator import SQUARE_METRES, Indicator
from ...model.rule import RuleResult, Severity, rule
from ...render.figures import format_state, format_target
from ...render.words import ReportTexts
from ...standard.messages.texts import IndicatorName, Texts, format_number
from ...standard.profile.space_map import ZONE_CODE_BY_SPACE_FIGURE
from ..inspection.facts import PackageFacts
from ..tables.compare import compute_unprinted_tolerance, is_slight_difference
from ._package import (
    NO_PACKAGE_EXAMPLE,
    format_value_or_missing,
    inspects_package,
    is_made_by_plugin,
    is_of_other_version,
    make_example,
    make_file_finding,
)

#: A name of version 0.1.0, which the specification lists as a former name.
REPORT_PATH = "2-规划文档/140225浑源县三区三线检查报告.json"
PLAN_WITH_RED_LINE = {"red_line": ["POLYGON ((0 0, 500 0, 500 500, 0 500, 0 0))"]}
RED_LINE_INDICATOR = {"id": "red_line_area", "value": 249938.16918, "unit": "m2"}


def _make_report_document(
    *indicators: dict[str, Any],
    features: int = 1,
    area: str = "",
    findings: list[dict[str, Any]] | None = None,
    **summary: Any,
) -> dict[str, bytes]:
    """Return the report file of an example package: path → JSON.

    ``features``: number of features of its layer; ``area``: county code; ``summary``: items of the summary.
    """
    layers = [{"role": "STBHHX", "name": "STBHHX", "features": features}]
    data: dict[str, Any] = {
        "summary": {"verdict": "pass", "errors": 3, "skipped": 0, **summary},
        "indicators": list(indicators),
        "provenance": {"layers": layers, "profile": {"id": "example"}, "area_code": area},
        **({"findings": findings} if findings is not None else {}),
    }
    return {REPORT_PATH: json.dumps(data).encode()}


@rule(
    "DOC013",
    "report-figures",
    problem="The check report is not of these layers",
    basis=["T3", "package-draft"],
    needs={},
    messages={
        "damaged": "The report “{file}” is damaged and was not compared. Make the package again.",
        "half": "The report “{file}” is missing, but “{other}”, made with it, exists. Restore it, or make the package again.",
        "figure": "{indicator}: {told} in the report “{file}”, {given} by the layers; difference {apart}{other}. Make the package again.",
        "features": "Number of features of layer {name}: {told} in the report “{file}”, {found} in the data. Make the package again.",
        "check": "The verdict in the report “{file}” is “{told}” (errors: {errors}), in the manifest “{found}” (errors: {other_errors}). "
        "Make the package again.",
        "county": "The report “{file}” belongs to {told}, the package to {found}. Make the package again from its data.",
        "state": "{indicator}: “{told}” in the report “{file}”, “{given}” by the layers and the same profile. Make the package again.",
        "counts": "The report “{file}” and the manifest belong to different checks: {names}. Make the package again.",
        "outcomes": "The report “{file}” lists rules as passed that have findings in this check, with the same "
        "profile and layers: {names}. Use the report of this check; correct the findings, and make the package again.",
        "values": "The report “{file}” was made with other values than this check, though the profile is the same: {names}. Find out who "
        "changed them, choose the settings of the report, and check again.",
        "none": "The package lacks the report “{file}” and its page; every package of this plugin has them. Make the package again.",
        "profile": "The report “{file}” was made with profile “{told}”, this check with “{found}”. Expansion ratios "
        "were not compared, because their definitions may differ. Choose the profile that the report was made with, "
        "and check again.",
    },
    fails=[
        make_example("a hectare more", 1, plan=PLAN_WITH_RED_LINE, report=_make_report_document({**RED_LINE_INDICATOR, "value": 259938.2})),
        make_example("a layer of two features", 1, plan=PLAN_WITH_RED_LINE, report=_make_report_document(RED_LINE_INDICATOR, features=2)),
        make_example("a figure that is none", 1, plan=PLAN_WITH_RED_LINE, report=_make_report_document({**RED_LINE_INDICATOR, "value": float("nan")})),
        make_example("a figure without end", 1, plan=PLAN_WITH_RED_LINE, report=_make_report_document({**RED_LINE_INDICATOR, "value": 10**400})),
        make_example("of another county", 1, plan=PLAN_WITH_RED_LINE, report=_make_report_document(RED_LINE_INDICATOR, area="140226")),
        make_example("of more warnings than the manifest", 1, plan=PLAN_WITH_RED_LINE, manifest=True, head={"check": {"warnings": 7}}, report=_make_report_document(RED_LINE_INDICATOR, warnings=2)),
        make_example("no report of ours", 1, manifest=True, head={"tool": {"name": "sanxian"}}),
        make_example("without its data", 1, add={REPORT_PATH.replace(".json", ".html"): b"<html>"}),
        make_example("other findings than the manifest counts", 1, plan=PLAN_WITH_RED_LINE, manifest=True, head={"check": {"findings": 0, "errors": 0}}, report=_make_report_document(RED_LINE_INDICATOR, errors=0, findings=[{"severity": "INFO", "state": "open"}] * 3)),
        make_example("cut off", 1, plan=PLAN_WITH_RED_LINE, report={REPORT_PATH: b'{"summary": {'}),
        make_example("another verdict than the manifest's", 1, plan=PLAN_WITH_RED_LINE, manifest=True, report=_make_report_document(RED_LINE_INDICATOR, errors=0)),
    ],
    passes=[
        make_example("the same", plan=PLAN_WITH_RED_LINE, manifest=True, report=_make_report_document(RED_LINE_INDICATOR)),
        make_example("stricter, since land counts twice", plan=PLAN_WITH_RED_LINE, report=_make_report_document({**RED_LINE_INDICATOR, "confirmed": False, "backed": False})),
        make_example("in another unit", plan=PLAN_WITH_RED_LINE, report=_make_report_document({**RED_LINE_INDICATOR, "value": 24.993816918, "unit": "ha"})),
        NO_PACKAGE_EXAMPLE,
    ],
)  # fmt: skip
@inspects_package
def report_figures(package: PackageFacts, *, ctx: RuleContext) -> RuleResult:
    """Figures and counts of the package's report agree with its layers.

    What it checks
        Figures of the report (JSON) and numbers of features of its layers agree with the package's layers, its verdict
        and counts with the manifest. The report belongs to the package's county. Targets and states of indicators agree
        with the layers. Rules that passed in the report pass here, with the same tolerances and parameters (with the
        same profile, phase and version).
    Why
        The report is read instead of the data; the report of an older edition proves nothing.
    How to fix
        Make the package again with export_package.
    Limits
        Only the report of this plugin is checked; a package gathered from counties (汇总) may have none. Figures of
        townships and their tasks, single findings and the pages (HTML) are not compared; ratios only with the same
        profile.
    """
    report, page = package.report_path, package.report_page_path
    present_paths = [file.path for file in package.files if file.path in (report, page)]
    missing_half = [
        make_file_finding(existing_path, "half", Severity.WARNING, other=missing_path)
        for existing_path, missing_path in ((report, page), (page, report))
        if present_paths == [missing_path]
    ]
    if report in package.document_contents:
        return RuleResult(findings=[*missing_half, *_compare_report(report, package, ctx)])
    if missing_half:
        return RuleResult(findings=missing_half)
    if is_made_by_plugin(package) and not package.is_gathered:
        return RuleResult(findings=[make_file_finding(report, "none", Severity.WARNING)])
    key = "package_gathered" if package.is_gathered else "package_no_report"
    return RuleResult(is_applicable=False, notes=[(key, {"file": report})])


def _compare_report(path: str, package: PackageFacts, ctx: RuleContext) -> Iterator[Finding]:
    """Yield findings on parts of the report that contradict the package."""
    texts, report = Texts(ctx.lang), package.report_data
    if not report:
        yield make_file_finding(path, "damaged")
        return
    provenance = report["provenance"]
    digits = package.package_spec.digits
    pairs = [
        (str(provenance.get("area_code") or "")[:digits].ljust(6, "0"), package.county_code),
        (str(provenance.get("area_name") or ""), package.county_name),
    ]
    if any(
        stated_text.strip("0") and package_text and stated_text != package_text for stated_text, package_text in pairs
    ):
        stated_text, package_text = (" ".join(filter(None, side)) for side in zip(*pairs, strict=True))
        yield make_file_finding(path, "county", told=stated_text, found=package_text)
    for row in report["provenance"]["layers"]:
        layer = ctx.plan.layers.get(row["role"])
        if layer is not None and len(layer) != row["features"]:
            yield Finding(
                row["role"],
                key=path,
                case="features",
                params={"file": path, "name": row["name"], "told": row["features"], "found": len(layer)},
            )
    if package.manifest:
        manifest_summary = package.manifest["check"]
        # The summary counts waived findings apart; the manifest counts all of them together.
        counts = {"findings": len(report["findings"])} if "findings" in report else {}
        summary = {**report["summary"], **counts}
        differing_keys = [
            key
            for key in _COUNTED_ITEMS
            if key in summary and key in manifest_summary and summary[key] != manifest_summary[key]
        ]
        if differing_keys:
            # A list is shown by its length.
            counts_of_sides = (
                {key: len(one[key]) if isinstance(one[key], list) else one[key] for key in differing_keys}
                for one in (summary, manifest_summary)
            )
            sides = (
                texts.get("words", "between_names").join(
                    f"{texts.get('origin', key)} {format_value_or_missing(count, texts)}"
                    for key, count in counts.items()
                )
                for counts in counts_of_sides
            )
            yield make_file_finding(path, "counts", names=" ≠ ".join(sides))
        results = [(one.get("verdict"), one.get("errors")) for one in (summary, manifest_summary)]
        if results[0] != results[1]:
            verdict_words = texts.get_section("verdicts")
            stated, found = (verdict_words.get(str(one), format_value_or_missing(one, texts)) for one, _ in results)
            errors = {"errors": summary["errors"], "other_errors": format_value_or_missing(results[1][1], texts)}
            yield make_file_finding(path, "check", told=stated, found=found, **errors)
    yield from _compare_with_layers(path, report, package, ctx)


def _compare_with_layers(
    path: str, report: dict[str, Any], package: PackageFacts, ctx: RuleContext
) -> Iterator[Finding]:
    """Yield findings on figures, targets and states that the layers contradict.

    Ratios and states are compared only with the same profile.
    """
    texts, provenance, profile_id = Texts(ctx.lang), report["provenance"], ctx.norm.profile.id
    is_same_profile = provenance["profile"]["id"] == profile_id
    if not is_same_profile and any(row["unit"] == "ratio" for row in report["indicators"]):
        yield make_file_finding(
            path,
            "profile",
            Severity.INFO,
            told=provenance["profile"]["id"] or texts.get("words", "no_profile"),
            found=profile_id or texts.get("words", "no_profile"),
        )
    figures = get_plan_indicators(ctx, ctx.lang)
    other_version = is_of_other_version(package)
    is_same_standard = provenance.get("standard", {}).get("id", ctx.norm.standard.id) == ctx.norm.standard.id
    if is_same_profile and is_same_standard and not other_version:
        yield from _compare_states(path, report["indicators"], figures)
    for name, value, unit in dict.fromkeys((row["id"], row["value"], row["unit"]) for row in report["indicators"]):
        computed_value = _compute_figure(name, unit, figures)
        if value is None or computed_value is None or (unit == "ratio" and not is_same_profile):
            continue
        difference = abs(value - computed_value)
        # Another version may have measured a figure slightly differently, but counts alike.
        is_slight = other_version and is_slight_difference(difference, computed_value, unit)
        digits, word = 2 if unit == "m2" else 6, figures.texts.get("units", unit) if unit else ""
        stated_figure, computed_figure, shown_difference = (
            f"{format_number(one, digits)} {word}".strip() for one in (value, computed_value, difference)
        )
        if difference > compute_unprinted_tolerance(computed_value, unit):
            yield make_file_finding(
                path,
                "figure",
                Severity.WARNING if is_slight else None,
                part=name,
                indicator=IndicatorName(name),
                told=stated_figure,
                given=computed_figure,
                apart=shown_difference,
                other=texts.get("words", "slight") if is_slight else "",
            )


def _find_computed_indicator(name: str, figures: PlanIndicators) -> Indicator | None:
    """Return an indicator as computed from the layers, None if it is unknown.

    The figures of the three spaces (三类空间) are not in the catalogue of indicators.
    """
    if name in figures.catalogue.indicator_by_id:
        return figures.get_first_figure(name)
    result = figures.run_rule_once("LAW003")[0] if name in ZONE_CODE_BY_SPACE_FIGURE else None
    return next((i for i in result.indicators if i.id == name), None) if result is not None else None


def _compute_figure(name: str, unit: str, figures: PlanIndicators) -> float | None:
    """Return an indicator's value by the layers in ``unit``; None if it is unknown or cannot be converted."""
    indicator = _find_computed_indicator(name, figures)
    if indicator is None or indicator.value is None:
        return None
    if indicator.unit == unit:
        return indicator.value
    is_area = {indicator.unit, unit} <= SQUARE_METRES.keys()
    return indicator.value * SQUARE_METRES[indicator.unit] / SQUARE_METRES[unit] if is_area else None


def _compare_states(path: str, rows: list[dict[str, Any]], figures: PlanIndicators) -> Iterator[Finding]:
    """Yield findings on targets and states that differ from those of the layers.

    ``rows`` are the indicators of the report; the profile must be the same.
    """
    report_texts = ReportTexts(figures.texts.lang)
    for row in rows:
        name = row["id"]
        computed_indicator = _find_computed_indicator(name, figures)
        # Without a target on both sides, the state may depend on data that this check lacks.
        if (
            computed_indicator is None
            or computed_indicator.value is None
            or row.get("place")
            or row.get("state") is None
        ):
            continue
        try:
            stated_indicator = Indicator.from_dict(row)
        except DataError:
            # A record with other keys, which make another finding.
            continue
        stated, computed = (
            " ".join(filter(None, (format_target(o, report_texts), format_state(o, report_texts))))
            for o in (stated_indicator, computed_indicator)
        )
        if stated != computed:
            yield make_file_finding(
                path, "state", part=name, indicator=IndicatorName(name), told=stated, given=computed
            )


#: Counts of a summary, in addition to its verdict and errors.
_COUNTED_ITEMS = ("warnings", "waived", "findings", "skipped", "crashed", "left_out", "unconfirmed")
