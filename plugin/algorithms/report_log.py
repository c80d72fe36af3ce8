# SPDX-License-Identifier: GPL-2.0-or-later
"""Log lines of the algorithms, in the language of QGIS or of the report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..bridge.settings import get_interface_language
from ..core.render.words import ReportTexts
from ..core.standard.messages.texts import Texts

if TYPE_CHECKING:
    from ..bridge.layouts.run import MapExportOrder, MapExportOutcome
    from ..core.checks.check import CheckResult
    from ..core.exchange.create import CreatedLayers
    from ..core.standard.profile import Norm

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


def log_copy_of_sealed_layer(feedback, role: str, norm: Norm) -> None:
    """Log that a copy was written, if the layer with code ``role`` is approved data (封库) and must not change."""
    from ..core.standard.profile.norm import is_sealed

    if is_sealed(role, norm):
        template = norm.standard.templates.get(role)
        texts = Texts(get_interface_language())
        name = template.name if template is not None and texts.lang == "zh" else role
        feedback.pushInfo(texts.get("toolbox", "sealed_copy", layer=name))


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
