# SPDX-License-Identifier: GPL-2.0-or-later
"""Log lines of the algorithms, in the language of QGIS or of the report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..bridge.settings import get_interface_language
from ..core.render.words import ReportTexts
from ..core.standard.messages.texts import Texts, format_number

if TYPE_CHECKING:
    from ..bridge.layouts.run import MapExportOrder, MapExportOutcome
    from ..core.checks.check import CheckResult
    from ..core.checks.tabulate import TabulatedPlan
    from ..core.exchange.create import CreatedLayers
    from ..core.figures.three_zones import DerivedZones
    from ..core.package.export import ExportedPackage
    from ..core.render.versions.sources import PlanComparison
    from ..core.standard.profile import Norm
    from ..core.studies.yearly import YearlyUpdate
    from ..core.studies.yearly.write_maintenance import WrittenUpdate

#: Outcomes that are not logged.
_OUTCOMES_NOT_LOGGED = ("passed", "not_applicable")


def log_options_from_project(feedback, filled_parameters: Mapping[str, object]) -> None:
    """Log the parameters that the user left empty and that the project filled.

    ``filled_parameters``: name of the parameter → value of the project.
    """
    if filled_parameters:
        settings = ", ".join(f"{name}={value}" for name, value in filled_parameters.items())
        feedback.pushInfo(Texts(get_interface_language()).get("toolbox", "county_of_project", settings=settings))


def log_lines(feedback, lines: Iterable[str]) -> None:
    """Log lines of text."""
    for line in lines:
        feedback.pushInfo(line)


def log_warnings(feedback, lines: Iterable[str]) -> None:
    """Log lines of text as warnings."""
    for line in lines:
        feedback.pushWarning(line)


def log_levels(feedback, lines: Iterable[tuple[str, str]]) -> list[str]:
    """Log sentences by their levels; return those that are errors or warnings."""
    remarks = []
    for level, text in lines:
        if level == "info":
            feedback.pushInfo(text)
            continue
        remarks.append(text)
        if level == "error":
            feedback.reportError(text)
        else:
            feedback.pushWarning(text)
    return remarks


def log_report(feedback, check_result: CheckResult) -> None:
    """Log layers, notices, rules with findings or errors, and the verdict of a check."""
    # Findings contain geometries; the list of algorithms must load without shapely.
    from ..core.model.report import INCOMPLETE_RUN_CODES
    from ..core.render.verdict import describe_package_waivers, describe_rules_run, format_rule_counts
    from ..core.standard.profile.document import render_lowered_secrecy_messages

    report = check_result.report
    texts = Texts(report.lang)
    for layer in report.provenance["layers"]:
        line = {"role": layer["role"], "layer": layer["name"], "features": layer["features"], "crs": layer["crs"]}
        feedback.pushInfo(texts.get("toolbox", "layer_line", **line))
    log_lines(feedback, report.provenance["notices"])
    log_warnings(feedback, render_lowered_secrecy_messages(report.provenance.get("document", {}), texts))
    for outcome in report.rules:
        if outcome.incomplete or str(outcome.outcome) not in _OUTCOMES_NOT_LOGGED:
            key, word = (
                "rule_line_found" if outcome.findings else "rule_line",
                texts.get("outcomes", str(outcome.outcome)),
            )
            line = texts.get(
                "toolbox", key, code=outcome.code, title=outcome.heading, outcome=word, findings=outcome.findings
            )
            feedback.pushInfo(f"{line} {outcome.reason}".rstrip())
    for finding in report.findings:
        if finding.code in INCOMPLETE_RUN_CODES:
            feedback.pushWarning(finding.message)
    summary = report.summary
    if summary["unconfirmed"]:
        settings = ", ".join(texts.get_setting_name(name) for name in summary["unconfirmed"])
        feedback.pushInfo(texts.get("toolbox", "not_confirmed", settings=settings))
    feedback.pushInfo(describe_rules_run(report, check_result.plan.norm, ReportTexts(texts.lang)))
    if summary["left_out"]:
        feedback.pushInfo(texts.get("toolbox", "left_out", rules=", ".join(summary["left_out"])))
    if summary["waived"]:
        feedback.pushInfo(texts.get("toolbox", "waived", count=summary["waived"]))
    if package_waivers := describe_package_waivers(report, ReportTexts(texts.lang)):
        feedback.pushInfo(package_waivers)
    verdict = texts.get("verdicts", summary["verdict"])
    counts = {"errors": summary["errors"], "warnings": summary["warnings"]}
    rules = format_rule_counts(report, ReportTexts(texts.lang))
    feedback.pushInfo(texts.get("toolbox", "summary", verdict=verdict, rules=rules, **counts))


def log_indicators(feedback, tabulated_plan: TabulatedPlan) -> None:
    """Log each indicator; one that misses its target as a warning."""
    from ..core.render import figures as shown

    report_texts = ReportTexts(tabulated_plan.indicators.texts.lang)
    log_lines(feedback, tabulated_plan.notices)
    for computed_indicator in tabulated_plan.indicators.compute_all_indicators():
        name = computed_indicator.definition.name(report_texts.lang)
        for one in computed_indicator.figures:
            target = (
                report_texts.get("cli", "of_target", target=shown.format_target(one, report_texts))
                if one.target
                else ""
            )
            figure_params = {
                "value": shown.format_indicator_value(one, report_texts),
                "target": target,
                "state": shown.format_state(one, report_texts),
            }
            line = report_texts.get("cli", "figure", name=name, **figure_params)
            (feedback.pushWarning if one.state in ("broken", "close", "unconfirmed") else feedback.pushInfo)(line)
        if not computed_indicator.figures:
            feedback.pushInfo(report_texts.get("cli", "no_figure", name=name, reason=computed_indicator.missing_reason))


def log_copy_of_sealed_layer(feedback, role: str, norm: Norm) -> None:
    """Log that a copy was written, if the layer with code ``role`` is approved data (封库) and must not change."""
    from ..core.standard.profile.norm import is_sealed

    if is_sealed(role, norm):
        template = norm.standard.templates.get(role)
        texts = Texts(get_interface_language())
        name = template.name if template is not None and texts.lang == "zh" else role
        feedback.pushInfo(texts.get("toolbox", "sealed_copy", layer=name))


def log_comparison(feedback, plan_comparison: PlanComparison) -> None:
    """Log the verdict, the sums and the reasons of a comparison of layer versions."""
    from ..core.render.versions.comparison_tables import get_comparison_verdict, list_difference_sentences

    texts = Texts(get_interface_language())
    comparison = plan_comparison.comparison
    areas = {"moved_in": "in", "moved_out": "out", "changed": "changed"}
    sums = {name: format_number(comparison.sum_area_m2(kind), 2) for name, kind in areas.items()}
    layer = comparison.later_edition.layer.template.name if texts.lang == "zh" else plan_comparison.role
    line = texts.get("versions", "summary", verdict=get_comparison_verdict(plan_comparison, texts), layer=layer, **sums)
    (feedback.pushInfo if comparison.is_identical else feedback.pushWarning)(line)
    log_lines(feedback, list_difference_sentences(plan_comparison, texts))


def log_yearly_update(feedback, update: YearlyUpdate, written_update: WrittenUpdate) -> None:
    """Log for each layer the numbers of changes, the skipped features and the unknown codes."""
    from ..core.studies.yearly.balance import list_notes, summarise_layers

    texts = Texts(get_interface_language())
    log_lines(feedback, summarise_layers(update, texts))
    log_warnings(
        feedback,
        [
            *list_notes(update, texts),
            *(problem.format_as_sentence(texts) for problem in written_update.problems),
        ],
    )


def log_single_rule_check(feedback, check_result: CheckResult) -> None:
    """Log the figures and the outcome of a run of a single rule."""
    report = check_result.report
    texts = Texts(report.lang)
    (outcome,) = report.rules
    for indicator in report.indicators:
        if indicator.value is not None:
            feedback.pushInfo(f"{indicator.name} {indicator.value:.10g} {texts.get('units', indicator.unit)}".rstrip())
    if outcome.reason:
        feedback.pushWarning(outcome.reason)
    counts = {k: report.summary[k] for k in ("errors", "warnings")}
    line = texts.get(
        "toolbox",
        "one_rule",
        code=outcome.code,
        title=outcome.heading,
        outcome=texts.get("outcomes", str(outcome.outcome)),
        findings=len(report.findings),
        **counts,
    )
    feedback.pushInfo(line)


def log_three_zones(feedback, derived: DerivedZones) -> None:
    """Log area and share of each of the three zones, differences of their sums, and skipped features."""
    texts, three_zones = Texts(get_interface_language()), derived.three_zones
    for figure in derived.indicators:
        line = texts.get(
            "toolbox", "space_line", name=texts.get_indicator_name(figure.id), km2=format_number(figure.value, 4),
            ha=format_number(100 * figure.value, 2), features=figure.inputs["features"],
        )  # fmt: skip
        share = figure.inputs.get("county_share")
        feedback.pushInfo(
            line + (texts.get("toolbox", "space_share", share=format_number(share, 2)) if share is not None else "")
        )
    sums = {"zones": format_number(three_zones.input_m2, 2), "spaces": format_number(three_zones.total_m2, 2)}
    feedback.pushInfo(
        texts.get("toolbox", "space_sums", **sums, difference=format_number(three_zones.difference_m2, 2))
    )
    for code, (count, area_m2) in sorted(three_zones.unmapped_zones.items()):
        params = {"count": count, "area": format_number(area_m2, 2), "code": code}
        feedback.pushWarning(texts.get("toolbox", "space_unmapped" if code else "space_no_code", **params))
    if not three_zones.do_areas_add_up:
        params = {
            "overlap": format_number(three_zones.overlap_m2, 2),
            "between": format_number(three_zones.shared_between_m2, 2),
        }
        feedback.pushWarning(texts.get("toolbox", "space_overlap", **params))
    for key, count in (
        ("space_missing", three_zones.missing_shape_count),
        ("space_repaired", three_zones.repaired_shape_count),
    ):
        if count:
            feedback.pushWarning(texts.get("toolbox", key, count=count))


def log_package(feedback, exported_package: ExportedPackage) -> None:
    """Log the problems of a package export, the layers read back from the package, and the manifest's digest."""
    texts = Texts(get_interface_language())
    for problem in exported_package.problems:
        (feedback.pushInfo if problem.level == "note" else feedback.pushWarning)(problem.format_as_sentence(texts))
    for row in exported_package.manifest["layers"]:
        line = {"layer": row["layer"], "rows": row["features"], "library": row["read_back"]["library"]}
        feedback.pushInfo(texts.get("toolbox", "package_layer", **line))
    for origin in ("made", "given"):
        maps = [row for row in exported_package.manifest["maps"] if row["origin"] == origin]
        if maps:
            titles = "、".join(f"{row['number']}{row['title']}" for row in maps)
            line = {"count": len(maps), "dpi": round(maps[0]["dpi"] or 0), "maps": titles}
            feedback.pushInfo(texts.get("toolbox", f"package_maps_{origin}", **line))
    if exported_package.manifest["check"]["forced"]:
        feedback.pushWarning(texts.get("toolbox", "package_forced"))
    feedback.pushInfo(texts.get("toolbox", "package_digest", digest=exported_package.manifest_digest))


def log_created_layers(
    feedback, created_layers: CreatedLayers, crs: str, notice: tuple[str, dict[str, Any]] | None, texts: Texts
) -> None:
    """Log the layers of a database that were created, and those that existed.

    ``notice``: key and parameters of a notice on the choice of the CRS.
    """
    if notice:
        feedback.pushWarning(texts.format_notice(*notice))
    for key, layers, message_params in (
        ("created_layers", created_layers.created_names, {"crs": crs}),
        ("kept_layers", created_layers.existing_names, {}),
    ):
        if layers:
            feedback.pushInfo(texts.get("toolbox", key, count=len(layers), layers=", ".join(layers), **message_params))


def log_written_files(feedback, paths: Iterable[str]) -> None:
    """Log the paths of the written files; empty paths are skipped."""
    for path in filter(None, paths):
        feedback.pushInfo(Texts(get_interface_language()).get("toolbox", "written", path=path))


def log_maps(feedback, outcome: MapExportOutcome, order: MapExportOrder, texts: Texts) -> list[str]:
    """Log the created maps and the missing ones.

    Return a sentence for each map that was not created, with the reason.
    """
    log_warnings(feedback, dict.fromkeys(note.render(texts) for note in outcome.notes))
    if outcome.used_project_layout_names:
        feedback.pushInfo(texts.get("maps", "own", names="、".join(outcome.used_project_layout_names)))
    # Group maps by message: a county without the layers of a central urban area lacks many maps for the same reason.
    titles_by_message: dict[tuple, list[str]] = {}
    for one, lack in outcome.not_made:
        titles_by_message.setdefault((lack.key, *lack.params.items()), []).append(one.title)
    lines = [
        texts.get("maps", key, map="”、“".join(titles), **dict(message_params))
        for (key, *message_params), titles in titles_by_message.items()
    ]
    for line in lines:
        feedback.pushWarning(line)
    if outcome.written_files:
        counts = {
            "count": len(outcome.exported_maps),
            "files": len(outcome.written_files),
            "folder": order.target_folder.name,
        }
        feedback.pushInfo(texts.get("maps", "made", sheet=order.page_size.id, dpi=round(order.dpi), **counts))
    return lines
