# SPDX-License-Identifier: GPL-2.0-or-later
"""Algorithms for single rules, for toolbox, models, batch and qgis_process."""

from __future__ import annotations

from dataclasses import replace

from ..bridge import health
from ..bridge.checking.check import write_check_outputs
from ..bridge.layers.reading import read_snapshots
from ..bridge.layers.role_recognition import assign_roles_for_rule
from ..bridge.layers.snapshots import make_snapshot_names_unique
from ..bridge.running.threads import run_in_python_thread
from ..bridge.settings import get_interface_language
from ..bridge.texts import mark_text, tr
from ..core.base.errors import Cancellation, InputError
from ..core.base.files.writing import OutputPaths, check_outputs
from ..core.checks.check import CheckResult, check_plan as core_check
from ..core.model.rule import EVERY_LAYER, LayerNeed, Rule
from ..core.standard import load_standard
from ..core.standard.messages.texts import Texts
from .common import SanxianAlgorithm, describe_norms, log_lines, log_written_files, make_progress_callback
from .inputs import check_connection, read_layer_list_parameter, read_layer_parameter
from .outputs import FindingsOutput
from .parameters import (
    ANY_GEOMETRY,
    BASELINE,
    FINDINGS,
    NORMS,
    SCOPE,
    SIDE_TABLES,
    Tool,
    declare_numbers,
    declare_texts,
    make_layer,
    make_layers,
    make_number,
    make_role,
    mark_advanced,
)

#: Optional input in addition to the rule's own: gives findings their township.
TOWNSHIPS = "townships"
_UNIT_SIGNS = {"m2": "m²", "m": "m", "share": "0–1", "degrees": "°"}


class RuleAlgorithm(SanxianAlgorithm):
    """Algorithm that runs one rule, built from the declaration of the rule."""

    def __init__(self, rule: Rule):
        super().__init__()
        self.rule, self.manual_topic = rule, rule.code
        self.texts = Texts(get_interface_language())
        #: Names of the options for tables that users fill in and that the rule reads.
        self._table_names = [name for name in SIDE_TABLES if name in rule.inputs]

    def createInstance(self):
        return RuleAlgorithm(self.rule)

    def name(self):
        return self.rule.algorithm_id

    def displayName(self):
        return f"{self.rule.code} {self.texts.get_rule_title(self.rule)}"

    def group(self):
        family = self.rule.family
        family_names = {
            "SCH": tr("Rules: structure"),
            "GEO": tr("Rules: geometry"),
            "ATT": tr("Rules: attributes"),
            "TOP": tr("Rules: topology"),
            "REL": tr("Rules: between layers"),
            "LAW": tr("Rules: quotas and thresholds"),
            "DOC": tr("Rules: package"),
        }
        return family_names.get(family, family)

    def groupId(self):
        return self.rule.family.lower()

    def tags(self):
        return [self.rule.code, self.rule.name, *(Texts(lang).get_rule_title(self.rule) for lang in ("zh", "en"))]

    def shortHelpString(self):
        # Lines without markup: a dialog makes a paragraph of each, and a command line prints them unchanged.
        parts = [f"{heading}\n{text}" for heading, text in self.texts.get_rule_help(self.rule).items()]
        return "\n\n".join([*parts, describe_norms()])

    tool = Tool(
        results=(
            *declare_numbers(
                ERRORS=mark_text("Errors"), WARNINGS=mark_text("Warnings"), FINDINGS=mark_text("Findings in all")
            ),
            *declare_texts(OUTCOME=mark_text("Outcome")),
        ),
        needs_libraries_to_prepare=False,
    )

    def list_parameters(self):
        if not (needs := dict(self.rule.needs)):
            yield make_layers("LAYERS", mark_text("Layers of the plan"), ANY_GEOMETRY)
            yield SCOPE
        if all(need.concept != TOWNSHIPS for need in needs.values()):
            needs[TOWNSHIPS] = LayerNeed(TOWNSHIPS, optional=True)
        for name, need in needs.items():
            label = tr("Layer") if need.concept == EVERY_LAYER else self.texts.get_concept_name(need.concept)
            label = label[:1].upper() + label[1:]
            source = make_layer(name.upper(), label, ANY_GEOMETRY, optional=need.optional)
            yield from [source] if name in self.rule.needs else mark_advanced(source)
            if need.concept == EVERY_LAYER:
                yield make_role(sorted(load_standard().templates))
        names = self.texts.get_section("parameters")
        for one in self.rule.parameters:
            # An empty value uses that of the profile or the standard; a default here would override theirs.
            default = tr("empty: the setting, by default {value}").format(value=f"{one.default:g}")
            hint = "; ".join(filter(None, [_UNIT_SIGNS.get(one.unit, ""), default]))
            yield make_number(one.name.upper(), f"{names.get(one.name, one.name.replace('_', ' '))} ({hint})")
        if "tolerance" in self.rule.uses:
            yield from mark_advanced(
                make_number("MIN_AREA", mark_text("Smallest area (m²)")),
                make_number("MIN_WIDTH", mark_text("Smallest width (m)")),
            )
        if any(need.concept == "base_parcels" for need in needs.values()):
            yield make_number("BASE_YEAR", mark_text("Year of the base parcels"), is_integer=True)
        if "baseline" in self.rule.side:
            yield BASELINE
        yield from [*(SIDE_TABLES[name] for name in self._table_names), *NORMS, FINDINGS]

    def prepare(self, parameters, context, feedback):
        self.sources = {}
        for name in [*self.rule.needs, TOWNSHIPS]:
            if self.parameterDefinition(name.upper()) is not None:
                if (shot := read_layer_parameter(self, parameters, name.upper(), context)) is not None:
                    self.sources[name] = shot
        self.other_layers = (
            read_layer_list_parameter(self, parameters, "LAYERS", context) if not self.rule.needs else []
        )
        make_snapshot_names_unique([*self.sources.values(), *self.other_layers])
        self.role = self.read_text_parameter(parameters, "ROLE", context) if self.parameterDefinition("ROLE") else ""
        self.base = replace(
            self.read_norm_options(parameters, context),
            scope=self.read_text_parameter(parameters, "SCOPE", context) if self.parameterDefinition("SCOPE") else "",
            rules=(self.rule.code,),
            baseline=check_connection(self.read_text_parameter(parameters, "BASELINE", context))
            if self.parameterDefinition("BASELINE")
            else "",
            base_year=self.read_number(parameters, "BASE_YEAR", context, is_integer=True),
            **{name: self.read_text_parameter(parameters, name.upper(), context) for name in self._table_names},
        )
        given_values = {p.name: self.read_number(parameters, p.name.upper(), context) for p in self.rule.parameters}
        self.given = {name: value for name, value in given_values.items() if value is not None}
        options = {"min_area_m2": "MIN_AREA", "min_width_m": "MIN_WIDTH"}
        limits = {field: self.read_number(parameters, name, context) for field, name in options.items()}
        self.limits = {field: value for field, value in limits.items() if value is not None}
        self.findings = FindingsOutput(parameters, context)
        inputs = [shot.file_path for shot in [*self.sources.values(), *self.other_layers]]
        inputs += [self.base.baseline] if self.base.baseline else []
        inputs += filter(None, (getattr(self.base, name) for name in self._table_names))
        check_outputs(OutputPaths(findings=self.findings.file), inputs, [self.findings.database])

    def execute(self, parameters, context, feedback):
        check_result = self._check_layers(feedback, self.cancellation)
        (outcome,) = check_result.report.rules
        # A Processing model would treat the missing findings of a rule that did not run as a pass.
        if outcome.outcome == "crashed":
            raise InputError("rule_crashed", rule=outcome.code, reason=outcome.reason)
        if outcome.outcome == "skipped":
            texts = Texts(self.base.lang)
            reasons = [
                texts.format_problem(u.problem, {"layer": u.name, "role": u.role, **u.params})
                for u in check_result.plan.unusable_layers.values()
            ]
            raise InputError("rule_not_run", rule=outcome.code, reason=texts.join_sentences(reasons) or outcome.reason)
        report = check_result.report
        texts = Texts(report.lang)
        log_lines(
            feedback,
            (
                f"{one.name} {one.value:.10g} {texts.get('units', one.unit)}".rstrip()
                for one in report.indicators
                if one.value is not None
            ),
        )
        if outcome.reason:
            feedback.pushWarning(outcome.reason)
        counts = {key: report.summary[key] for key in ("errors", "warnings")}
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
        write_check_outputs(check_result, OutputPaths(findings=self.findings.file), cancellation=self.cancellation)
        results = self.findings.write_findings(self, parameters, context, check_result, self.cancellation)
        log_written_files(feedback, [self.findings.file])
        return {
            **results,
            **{key.upper(): count for key, count in counts.items()},
            "FINDINGS": len(report.findings),
            "OUTCOME": str(outcome.outcome),
        }

    @run_in_python_thread
    def _check_layers(self, feedback, cancellation: Cancellation) -> CheckResult:
        health.require_libraries(cancellation)
        norm = self.base.resolve_norm()
        shots = [*self.sources.values(), *self.other_layers]
        source_layers = list(
            read_snapshots(shots, progress=make_progress_callback(feedback, end=0.1), cancellation=cancellation)
        )
        layer_by_need = dict(zip(self.sources, source_layers, strict=False))
        roles = assign_roles_for_rule(
            layer_by_need, {**self.rule.needs, TOWNSHIPS: LayerNeed(TOWNSHIPS)}, norm, self.role
        )
        options = replace(
            self.base,
            roles=roles,
            parameters={self.rule.code: self.given},
            tolerance=replace(norm.make_tolerance(), **self.limits) if self.limits else None,
        )
        return core_check(source_layers, options, progress=make_progress_callback(feedback), cancellation=cancellation)
