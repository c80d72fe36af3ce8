# SPDX-License-Identifier: GPL-2.0-or-later
import json
import math
from collections.abc import Iterator
from typing import Any

from ..context import Context
from ..exchange.package.inspection.facts import PackageFacts
from ..exchange.package.tables.compare import moved
from ..findings import Finding
from ..indicators.compute import Figures, figures_of
from ..indicators.model import SQUARE_METRES, Indicator
from ..rule import RuleResult, Severity, rule
from ..texts import Texts, number
from ..three_zones.spaces import SPACE_FIGURES
from ._package import NONE_INSPECTED, example, none_given, on_file

PLACE = "2-规划文档/140225浑源县三区三线检查报告.json"
PLAN = {"red_line": ["POLYGON ((0 0, 500 0, 500 500, 0 500, 0 0))"]}
RED = {"id": "red_line_area", "value": 249938.16918, "unit": "m2"}


def _report(*indicators: dict[str, Any], features: int = 1, **summary: Any) -> dict[str, bytes]:
    layers = [{"role": "STBHHX", "name": "STBHHX", "features": features}]
    said = {"verdict": "pass", "errors": 3, "skipped": 0, **summary}
    told = {
        "summary": said,
        "indicators": list(indicators),
        "provenance": {"layers": layers, "profile": {"id": "example"}},
    }
    return {PLACE: json.dumps(told).encode()}


@rule(
    "DOC013",
    "report-figures",
    basis=["T3", "package-draft"],
    needs={},
    messages={
        "damaged": "The report “{file}” is damaged, so nothing of it was compared. Make the package anew.",
        "half": "The report “{file}” is not there, while “{other}”, made with it, is. Put it back, or make the package anew.",
        "figure": "The report “{file}” says {indicator} is {told}; the layers give {given}: {apart} apart. Make the package anew.",
        "features": "The report “{file}” was made of {told} features of layer {name}; there are {found}. Make the package anew.",
        "check": "The report “{file}” says “{told}” (errors {errors}), the manifest “{found}” (errors {other_errors}). Make the package anew.",
        "profile": "The report “{file}” was made with profile “{told}”, this check with “{found}”: ratios were not compared. Inspect with "
        "the county's own profile.",
    },
    fails=[
        example("a hectare more", 1, plan=PLAN, report=_report({**RED, "value": 259938.2})),
        example("a layer of two features", 1, plan=PLAN, report=_report(RED, features=2)),
        example("a figure that is none", 1, plan=PLAN, report=_report({**RED, "value": float("nan")})),
        example("a figure without end", 1, plan=PLAN, report=_report({**RED, "value": 10**400})),
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
    """The report in the package tells of its layers.

    What it checks
        Figures of the report (JSON) and numbers of features of the layers it was made of, against the package's layers; its verdict
        against the manifest's.
    Why
        The report is read in place of the data; one of an older edition proves nothing.
    How to fix
        Make the package anew with export_package.
    Limits
        Only the report of this plugin. Figures of townships against their tasks, and the pages (HTML), are not compared; ratios only with the same profile.
    """
    package = ctx.plan.package
    if package is None:
        return none_given()
    report = package.report_path
    page = report.removesuffix("json") + "html"
    there = [file.path for file in package.files if file.path in (report, page)]
    half = [
        on_file(one, "half", Severity.WARNING, other=two)
        for one, two in ((report, page), (page, report))
        if there == [two]
    ]
    if report not in package.documents and half:
        return RuleResult(findings=half)
    if report not in package.documents:
        return RuleResult(applicable=False, notes=[("package_no_report", {"file": report})])
    return RuleResult(findings=[*half, *_look(report, package, ctx)])


def _look(path: str, package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    try:
        told = json.loads(package.documents[path])
        rows = [(str(r["id"]), _number(r["value"]), str(r["unit"])) for r in told["indicators"]]
        layers = [(str(r["role"]), str(r["name"]), int(r["features"])) for r in told["provenance"]["layers"]]
        profile = str(told["provenance"]["profile"]["id"])
        verdict, errors = told["summary"]["verdict"], told["summary"]["errors"]
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        yield on_file(path, "damaged")
        return
    for role, name, features in layers:
        layer = ctx.plan.layers.get(role)
        if layer is not None and len(layer) != features:
            params = {"file": path, "name": name, "told": features, "found": len(layer)}
            yield Finding(role, key=path, case="features", params=params)
    agreed = package.manifest["check"] if package.manifest else None
    if agreed and (verdict, errors) != (agreed.get("verdict"), agreed.get("errors")):
        words = Texts(ctx.lang).section("verdicts")
        said = {
            "told": words.get(str(verdict), verdict),
            "found": words.get(str(agreed.get("verdict")), agreed.get("verdict")),
        }
        yield on_file(path, "check", errors=errors, other_errors=agreed.get("errors"), **said)
    same = profile == ctx.norm.profile.id
    if not same and any(unit == "ratio" for _, _, unit in rows):
        yield on_file(path, "profile", Severity.INFO, told=profile or "—", found=ctx.norm.profile.id or "—")
    figures = figures_of(ctx, ctx.lang)
    for name, value, unit in dict.fromkeys(rows):
        if value is not None and (same or unit != "ratio"):
            found = figures.value(name) if name in figures.catalogue.entries else _space(name, figures)
            yield from _figure(path, name, value, unit, found, figures.texts)


def _number(value: Any) -> float | None:
    """ValueError for what is no number: one that compares with nothing would agree with everything."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(value)
    return float(value)


def _space(name: str, figures: Figures) -> Indicator | None:
    """A figure of the three spaces, which the list of indicators does not have."""
    if name not in SPACE_FIGURES:
        return None
    result, _ = figures.of_rule("LAW003")
    return next((i for i in result.indicators if i.id == name), None) if result is not None else None


def _figure(path: str, name: str, told: float, unit: str, found: Indicator | None, texts: Texts) -> Iterator[Finding]:
    if found is None or found.value is None or (found.unit != unit and not {found.unit, unit} <= SQUARE_METRES.keys()):
        return
    given = found.value * SQUARE_METRES.get(found.unit, 1.0) / SQUARE_METRES.get(unit, 1.0)
    apart = abs(told - given)
    if apart > moved(given, unit):
        digits = 2 if unit == "m2" else 6
        word = texts.get("units", unit) if unit else ""
        texts_of = {
            key: f"{number(v, digits)} {word}".strip()
            for key, v in (("told", told), ("given", given), ("apart", apart))
        }
        yield Finding("", key=f"{path}/{name}", case="figure", params={"file": path, "indicator": name, **texts_of})
