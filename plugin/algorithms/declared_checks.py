# SPDX-License-Identifier: GPL-2.0-or-later
"""增补检查: check layers with the checks that a standard or a profile declares as data."""

from __future__ import annotations

from dataclasses import replace

from ..bridge.texts import mark_text, tr
from ..core.standard.profile.norm import DECLARED_GROUP
from .check_plan import CheckPlan
from .common import (
    describe_norms,
    make_file_parameter,
    make_norm_parameters,
    make_roles_parameter,
    make_text_parameter,
    mark_parameter_advanced,
)
from .inputs import fill_options_from_project, make_scope_parameter, make_source_parameters, read_plan_options


class DeclaredChecks(CheckPlan):
    """Algorithm `declared_checks`: run only the checks declared as data, all or some."""

    identifier = "declared_checks"
    keywords = ("checks", "declared", "province", "profile", "attributes", "增补检查", "县配置", "省", "属性")
    title = mark_text("Declared checks")
    help_parts = (
        mark_text(
            "Checks layers with the checks that the profile or the standard declares as data ([[check]] in their "
            "file): conditions between fields, ranges, patterns, values that must occur in another layer, unique "
            "values. The manual explains how to write them.\n\n"
            "Source: a GeoPackage, FileGDB, shapefile or a folder of them. If no source is given, the chosen layers, "
            "or all vector layers of the project, are checked, including unsaved edits. Inputs are not changed.\n\n"
            "Checks: their codes, such as Xzhejiang-001; empty: all of the profile and its standard. A check of the "
            "whole plan includes them."
        ),
        describe_norms,
    )

    def initAlgorithm(self, configuration=None):
        waivers = tr("Waivers (empty: the .waivers.csv in the data folder)")
        self.add_parameters(
            *make_source_parameters(),
            *make_norm_parameters(),
            make_text_parameter("RULES", tr("Checks, by code (empty: all)")),
            mark_parameter_advanced(make_scope_parameter()),
            make_roles_parameter(),
            mark_parameter_advanced(make_file_parameter("WAIVERS", waivers, "CSV (*.csv)")),
        )
        self.add_report_parameters()
        self.add_check_outputs()

    def prepare_check(self, parameters, context):
        self.path_or_snapshots, self.origin, inputs, has_chosen_layers = self.get_data_to_check(parameters, context)
        given_options = replace(
            read_plan_options(self, parameters, context),
            rules=tuple(self.read_names_parameter(parameters, "RULES", context)) or (DECLARED_GROUP,),
            waivers=self.read_text_parameter(parameters, "WAIVERS", context),
        )
        self.options, self.options_from_project = fill_options_from_project(
            given_options, self.path_or_snapshots, context.project(), not has_chosen_layers
        )
        return [*inputs, *filter(None, [self.options.waivers])]
