# SPDX-License-Identifier: GPL-2.0-or-later
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ....paths import REPORT_SCHEMA
from ...engine.context import Context
from ...files.data import strict_json
from ...indicators.compute import Figures, figures_of
from ...messages.texts import IndicatorName, Texts, format_number
from ...model.findings import Finding
from ...model.indicator import COUNT, SQUARE_METRES, Indicator
from ...model.rule import RuleResult, Severity, rule
from ...profile.space_map import SPACE_FIGURES
from ...render.figures import format_state, format_target
from ...render.words import Words
from ..inspection.facts import PackageFacts
from ..tables.compare import unprinted_tolerance
from ..tables.model import load_style_limits
from ._package import (
    NONE_INSPECTED,
    example,
    is_made_by_plugin,
    is_of_other_version,
    make_file_finding,
    no_package_given,
    package_facts,
    show_profile,
    show_value,
    unknown_keys,
)

PLACE = "2-规划文档/140225浑源县三区三线检查报告.json"
PLAN = {"red_line": ["POLYGON ((0 0, 500 0, 500 500, 0 500, 0 0))"]}
RED = {"id": "red_line_area", "value": 249938.16918, "unit": "m2"}


def _report(
    *indicators: dict[str, Any],
    features: int = 1,
    area: str = "",
    found: list[dict[str, Any]] | None = None,
    **summary: Any,
) -> dict[str, bytes]:
    layers = [{"role": "STBHHX", "name": "STBHHX", "features": features}]
    data: dict[str, Any] = {
        "summary": {"verdict": "pass", "errors": 3, "skipped": 0, **summary},
        "indicators": list(indicators),
        "provenance": {"layers": layers, "profile": {"id": "example"}, "area_code": area},
        **({"findings": found} if found is not None else {}),
    }
    return {PLACE: json.dumps(data).encode()}


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
        "summary": "The report “{file}” contradicts itself: {told} in its summary, {given} by its rules and findings. Make the package "
        "again.",
        "keys": "The report “{file}” has keys outside its schema: {keys}; they were probably added later. Make the package again.",
        "state": "{indicator}: “{told}” in the report “{file}”, “{given}” by the layers and the same profile. Make the package again.",
        "counts": "The report “{file}” and the manifest belong to different checks: {names}. Make the package again.",
        "outcomes": "The report “{file}” lists rules as passed that have findings in this check, with the same profile and layers: "
        "{names}. Rely on the report of this check.",
        "none": "The package lacks the report “{file}” and its page; every package of this plugin has them. Make the package again.",
        "profile": "The report “{file}” was made with profile “{told}”, this check with “{found}”: ratios were not compared. Inspect with "
        "the county's profile.",
    },
    fails=[
        example("a hectare more", 1, plan=PLAN, report=_report({**RED, "value": 259938.2})),
        example("a layer of two features", 1, plan=PLAN, report=_report(RED, features=2)),
        example("a figure that is none", 1, plan=PLAN, report=_report({**RED, "value": float("nan")})),
        example("a figure without end", 1, plan=PLAN, report=_report({**RED, "value": 10**400})),
        example("of another county", 1, plan=PLAN, report=_report(RED, area="140226")),
        example("a warning taken out of the summary", 1, plan=PLAN, report=_report(RED, warnings=0, found=[{"severity": "WARNING", "state": "open"}])),
        example("of more warnings than the manifest", 1, plan=PLAN, manifest=True, head={"check": {"warnings": 7}}, report=_report(RED, warnings=2)),
        example("no report of ours", 1, manifest=True, head={"tool": {"name": "sanxian"}}),
        example("without its data", 1, add={PLACE.replace(".json", ".html"): b"<html>"}),
        example("cut off", 1, plan=PLAN, report={PLACE: b'{"summary": {'}),
        example("another verdict than the manifest's", 1, plan=PLAN, manifest=True, report=_report(RED, errors=0)),
    ],
    passes=[
        example("the same", plan=PLAN, manifest=True, report=_report(RED)),
        example("in another unit", plan=PLAN, report=_report({**RED, "value": 24.993816918, "unit": "ha"})),
        NONE_INSPECTED,
    ],
)  # fmt: skip
def report_figures(*, ctx: Context) -> RuleResult:
    """Figures and counts of the package's report agree with its layers.

    What it checks
        Figures of the report (JSON) and numbers of features of its layers agree with the package's layers, its
        verdict and counts with the manifest. The report has no keys outside its schema and belongs to the package's
        county. Targets and states of indicators agree with the layers, the summary with the report's rules and
        findings. Rules that passed in the report pass here (with the same profile, phase and version).
    Why
        The report is read instead of the data; the report of an older edition proves nothing.
    How to fix
        Make the package again with export_package.
    Limits
        Only the report of this plugin is checked. Figures of townships and their tasks, and the pages (HTML), are not
        compared; ratios only with the same profile.
    """
    package = package_facts(ctx)
    if package is None:
        return no_package_given()
    report = package.report_path
    page = package.report_page
    there = [file.path for file in package.files if file.path in (report, page)]
    half = [
        make_file_finding(one, "half", Severity.WARNING, other=two)
        for one, two in ((report, page), (page, report))
        if there == [two]
    ]
    if report not in package.documents and half:
        return RuleResult(findings=half)
    if report not in package.documents and is_made_by_plugin(package):
        return RuleResult(findings=[make_file_finding(report, "none", Severity.WARNING)])
    if report not in package.documents:
        return RuleResult(applicable=False, notes=[("package_no_report", {"file": report})])
    return RuleResult(findings=[*half, *_compare(report, package, ctx)])


@dataclass(frozen=True)
class _Parsed:
    """A report (``data``) with its compared parts.

    Figures are (id, value, unit), layers are (role, name, features).
    """

    data: dict[str, Any]
    figures: list[tuple[str, float | None, str]]
    layers: list[tuple[str, str, int]]
    profile: str
    verdict: Any
    errors: Any


def _parse(document: bytes) -> _Parsed | None:
    """Return the report; None if it is truncated or lacks required parts."""
    try:
        data = strict_json(document)
        return _Parsed(
            data,
            [(str(r["id"]), _number(r["value"]), str(r["unit"])) for r in data["indicators"]],
            [(str(r["role"]), str(r["name"]), int(r["features"])) for r in data["provenance"]["layers"]],
            str(data["provenance"]["profile"]["id"]),
            data["summary"]["verdict"],
            data["summary"]["errors"],
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def _compare(path: str, package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    texts = Texts(ctx.lang)
    report = _parse(package.documents[path])
    if report is None:
        yield make_file_finding(path, "damaged")
        return
    if found := unknown_keys(report.data, REPORT_SCHEMA):
        yield make_file_finding(path, "keys", Severity.WARNING if is_of_other_version(package) else None, keys=found)
    yield from _compare_county(path, report.data["provenance"], package)
    yield from _compare_summary(path, report.data, texts)
    for role, name, features in report.layers:
        layer = ctx.plan.layers.get(role)
        if layer is not None and len(layer) != features:
            params = {"file": path, "name": name, "told": features, "found": len(layer)}
            yield Finding(role, key=path, case="features", params=params)
    if package.manifest:
        yield from _compare_with_manifest(path, report, package.manifest["check"], texts)
    yield from _compare_with_layers(path, report, package, ctx)


def _compare_with_manifest(path: str, report: _Parsed, agreed: Any, texts: Texts) -> Iterator[Finding]:
    """Compare counts and verdict with the manifest's."""
    if isinstance(agreed, dict):
        yield from _compare_counts(path, report.data["summary"], agreed, texts)
    if agreed and (report.verdict, report.errors) != (agreed.get("verdict"), agreed.get("errors")):
        words = texts.section("verdicts")
        verdicts: dict[str, Any] = {
            "told": words.get(str(report.verdict), show_value(report.verdict, texts)),
            "found": words.get(str(agreed.get("verdict")), show_value(agreed.get("verdict"), texts)),
        }
        other = show_value(agreed.get("errors"), texts)
        yield make_file_finding(path, "check", errors=report.errors, other_errors=other, **verdicts)


def _compare_with_layers(path: str, report: _Parsed, package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    """Compare figures, targets and states with those of the layers.

    Ratios and states are compared only with the same profile.
    """
    texts = Texts(ctx.lang)
    same = report.profile == ctx.norm.profile.id
    if not same and any(unit == "ratio" for _, _, unit in report.figures):
        own = show_profile(ctx.norm.profile.id, texts)
        yield make_file_finding(path, "profile", Severity.INFO, told=show_profile(report.profile, texts), found=own)
    figures = figures_of(ctx, ctx.lang)
    other_version = is_of_other_version(package)
    standard = report.data["provenance"].get("standard")
    alike = not isinstance(standard, dict) or standard.get("id") == ctx.norm.standard.id
    if same and alike and not other_version:
        yield from _compare_states(path, report.data["indicators"], figures)
    for name, value, unit in dict.fromkeys(report.figures):
        if value is not None and (same or unit != "ratio"):
            given = _computed_indicator(name, figures)
            for finding in _compare_figure(path, name, value, unit, given, figures.texts):
                if other_version and given is not None and _is_slight(value, unit, given):
                    finding.severity = Severity.WARNING
                    finding.params["other"] = texts.get("words", "slight")
                yield finding


def _computed_indicator(name: str, figures: Figures) -> Indicator | None:
    """Return an indicator of catalogue or three spaces, computed from the layers."""
    return figures.value(name) if name in figures.catalogue.entries else _find_space_figure(name, figures)


def _compare_states(path: str, rows: list[dict[str, Any]], figures: Figures) -> Iterator[Finding]:
    """Compare targets and states of the plan's indicators with those by the layers.

    The profile must be the same.
    """
    words = Words(figures.texts.lang)
    for row in rows:
        name = str(row["id"])
        found = _computed_indicator(name, figures)
        # Without a target on both sides, the state may depend on data that this check lacks.
        if found is None or found.value is None or row.get("place") or row.get("state") is None:
            continue
        try:
            stated = Indicator.from_dict(row)
        except TypeError:
            # A record with other keys, which make another finding.
            continue
        sides = [" ".join(filter(None, (format_target(o, words), format_state(o, words)))) for o in (stated, found)]
        if sides[0] != sides[1]:
            params = {"file": path, "indicator": IndicatorName(name), "told": sides[0], "given": sides[1]}
            yield Finding("", key=f"{path}/{name}", case="state", params=params)


def _compare_county(path: str, provenance: dict[str, Any], package: PackageFacts) -> Iterator[Finding]:
    """Compare the area of the report with that of the package, by code and by name."""
    digits = package.package_spec.digits
    pairs = [
        (str(provenance.get("area_code") or "")[:digits].ljust(6, "0"), package.code),
        (str(provenance.get("area_name") or ""), package.name),
    ]
    if any(stated.strip("0") and found and stated != found for stated, found in pairs):
        stated, found = (" ".join(filter(None, side)) for side in zip(*pairs, strict=True))
        yield make_file_finding(path, "county", told=stated, found=found)


#: Counts of a summary, in addition to its verdict and errors.
_COUNTED = ("warnings", "waived", "skipped", "crashed", "left_out", "unconfirmed")


def _compare_summary(path: str, report: dict[str, Any], texts: Texts) -> Iterator[Finding]:
    """Compare the summary with the report's rules and findings."""
    summary, rules, findings = report["summary"], report.get("rules"), report.get("findings")
    given = _recount(summary, rules, findings)
    wrong = {key: value for key, value in given.items() if key in summary and summary[key] != value}
    sides = [(_describe_items(summary, wrong, texts), _describe_items(given, wrong, texts))] if wrong else []
    sides += _compare_rule_counts(rules, findings, texts)
    if sides:
        between = texts.get("words", "between_names")
        stated_all, given_all = (between.join(side) for side in zip(*sides, strict=True))
        yield make_file_finding(path, "summary", told=stated_all, given=given_all)


def _recount(summary: dict[str, Any], rules: Any, findings: Any) -> dict[str, Any]:
    """Return the items of a summary by the report's lists of rules and findings."""
    given: dict[str, Any] = {}
    if isinstance(findings, list):
        open_ones = [f for f in findings if isinstance(f, dict) and f.get("state") != "waived"]
        counts = Counter(str(f.get("severity")) for f in open_ones)
        given |= {"errors": counts["ERROR"], "warnings": counts["WARNING"], "infos": counts["INFO"]}
        given["waived"] = len(findings) - len(open_ones)
    if isinstance(rules, list) and all(isinstance(r, dict) for r in rules):
        outcomes = Counter(str(r.get("outcome")) for r in rules)
        given |= {
            "rules": len(rules),
            **{key: outcomes[key] for key in ("passed", "failed", "not_applicable", "crashed")},
        }
        given["skipped"] = sum(r.get("outcome") == "skipped" or bool(r.get("incomplete")) for r in rules)
        given["unconfirmed"] = sorted({str(name) for r in rules for name in r.get("unconfirmed") or ()})
    if isinstance(rules, list) and isinstance(findings, list):
        given["verdict"] = _best_verdict(summary, given)
    return given


def _compare_rule_counts(rules: Any, findings: Any, texts: Texts) -> list[tuple[str, str]]:
    """Describe the first rule whose findings contradict the list, and the list.

    A rule does if the list has another number of its findings, or if it passed with findings.
    """
    if not isinstance(findings, list) or not isinstance(rules, list):
        return []
    rows = [f for f in findings if isinstance(f, dict)]
    counts = Counter(str(f.get("code")) for f in rows)
    # A comparison that a rule could not make is a finding of the run, and is counted for the rule.
    runs = Counter(str((f.get("params") or {}).get("rule")) for f in rows if f.get("code") in ("RUN900", "RUN901"))
    for one in (r for r in rules if isinstance(r, dict)):
        code, found = str(one.get("code")), one.get("findings")
        if isinstance(found, int) and not counts[code] <= found <= counts[code] + runs[code]:
            stated = texts.get("words", "rule_found", code=code, count=found)
            return [(stated, texts.get("words", "list_has", code=code, count=counts[code]))]
        if one.get("outcome") == "passed" and counts[code]:
            stated = texts.get("words", "rule_passed", code=code)
            return [(stated, texts.get("words", "list_has", code=code, count=counts[code]))]
    return []


def _best_verdict(summary: dict[str, Any], given: dict[str, Any]) -> Any:
    """Return the best verdict that the counts allow, or the given one if allowed.

    The rules for verdicts are those that all versions of the plugin have in common.
    """
    verdict = summary.get("verdict")
    if given["errors"]:
        return "fail"
    if verdict in ("pass", "conditional") and (given["skipped"] or given["crashed"] or not given["rules"]):
        return "incomplete"
    if verdict == "pass" and (given["warnings"] or given["waived"] or given["unconfirmed"] or summary.get("left_out")):
        return "conditional"
    return verdict


def _describe_items(values: dict[str, Any], keys: Iterable[str], texts: Texts) -> str:
    """Return items with their values, lists with their lengths."""
    words = texts.section("verdicts")
    parts = []
    for key in keys:
        value = values.get(key)
        text = words.get(str(value), value) if key == "verdict" else len(value) if isinstance(value, list) else value
        parts.append(f"{texts.get('origin', key)} {show_value(text, texts)}")
    return texts.get("words", "between_names").join(parts)


def _compare_counts(path: str, summary: dict[str, Any], agreed: dict[str, Any], texts: Texts) -> Iterator[Finding]:
    """Compare the counts in manifest and summary, except verdict and errors."""
    wrong = [key for key in _COUNTED if key in summary and key in agreed and summary[key] != agreed[key]]
    if wrong:
        names = f"{_describe_items(summary, wrong, texts)} ≠ {_describe_items(agreed, wrong, texts)}"
        yield make_file_finding(path, "counts", names=names)


def _number(value: Any) -> float | None:
    """Return a number or None.

    Raises
    ------
    ValueError
        If the value is not a finite number: comparisons with NaN are always false.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(value)
    return float(value)


def _find_space_figure(name: str, figures: Figures) -> Indicator | None:
    """Return a figure of the three spaces, which the list of indicators does not have."""
    if name not in SPACE_FIGURES:
        return None
    result, _ = figures.of_rule("LAW003")
    return next((i for i in result.indicators if i.id == name), None) if result is not None else None


def _is_slight(stated: float, unit: str, found: Indicator) -> bool:
    """Return True if another version may have measured this figure; never for counts."""
    given = _in_unit_of(found, unit)
    return given is not None and unit != COUNT and abs(stated - given) <= load_style_limits().slight_share * abs(given)


def _in_unit_of(found: Indicator, unit: str) -> float | None:
    """Return a figure of the layers in the report's unit; None if not convertible."""
    if found.value is None or (found.unit != unit and not {found.unit, unit} <= SQUARE_METRES.keys()):
        return None
    return found.value * SQUARE_METRES.get(found.unit, 1.0) / SQUARE_METRES.get(unit, 1.0)


def _compare_figure(
    path: str, name: str, stated: float, unit: str, found: Indicator | None, texts: Texts
) -> Iterator[Finding]:
    given = _in_unit_of(found, unit) if found is not None else None
    if given is None:
        return
    difference = abs(stated - given)
    if difference > unprinted_tolerance(given, unit):
        digits = 2 if unit == "m2" else 6
        word = texts.get("units", unit) if unit else ""
        texts_of = {
            key: f"{format_number(v, digits)} {word}".strip()
            for key, v in (("told", stated), ("given", given), ("apart", difference))
        }
        yield Finding(
            "",
            key=f"{path}/{name}",
            case="figure",
            params={"file": path, "indicator": IndicatorName(name), **texts_of, "other": ""},
        )
