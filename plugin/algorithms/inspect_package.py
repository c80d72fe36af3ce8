# SPDX-License-Identifier: GPL-2.0-or-later
"""检查成果包: check a submission package (folder or zip): its layers as a plan, and its files."""

from __future__ import annotations

from pathlib import Path

from qgis.core import Qgis, QgsProcessingParameterFile

from ..bridge import health
from ..bridge.texts import mark_text, tr
from ..core.base.cancellation import Cancellation
from ..core.base.errors import InputError
from .check_plan import CheckPlan
from .common import describe_norms, make_progress_callback, make_text_parameter


class InspectPackage(CheckPlan):
    """Algorithm `inspect_package`: check the layers and the files of a submission package."""

    toolbox_section = "package"
    identifier = "inspect_package"
    keywords = ("package", "submission", "check", "zip", "manifest", "汇交", "成果包", "检查", "验收", "质检")
    title = mark_text("Inspect a submission package")
    help_parts = (
        mark_text(
            "Checks a submission package from any source, a folder or a zip: names, mandatory parts and their "
            "places, files left by programs, whether documents, maps and data can be opened, changes since the "
            "manifest was made (SHA-256), and the coordinate system of every layer. The layers are then checked "
            "with the default rules of “Check the plan” and the rules for packages.\n\n"
            "Nothing is changed. A zip is unpacked into a temporary folder; a zip that is damaged, encrypted, "
            "too large or has paths outside its folder is rejected.\n\n"
            "A package specification defines the required contents: county, city, or the path of a custom .toml file."
        ),
        describe_norms,
    )

    def initAlgorithm(self, configuration=None):
        from ..core.package.package_spec.read import list_package_spec_ids

        package = QgsProcessingParameterFile(
            "INPUT",
            tr("Package: folder or zip"),
            Qgis.ProcessingFileParameterBehavior.File,
            # Only the filter (*) lets the user choose a folder.
            fileFilter=f"ZIP (*.zip);;{tr('All')} (*)",
        )
        widget = f"{__name__.rsplit('.', 2)[0]}.gui.toolbox.source_widget.SourceWidget"
        package.setMetadata({"widget_wrapper": {"class": widget}})
        form = tr("Package specification (id, or path of a .toml file; empty: county)")
        self.add_check_parameters(
            [package, make_text_parameter("PACKAGE", form, list_package_spec_ids())], has_rule_choice=False
        )
        self.add_report_parameters()
        self.add_check_outputs()

    def prepare(self, parameters, context, feedback):
        health.require_libraries()
        from ..core.package.export import make_options_for_package
        from ..core.package.package_spec.load import load_package_spec

        self.package_spec = load_package_spec(self.read_text_parameter(parameters, "PACKAGE", context) or "county")
        super().prepare(parameters, context, feedback)
        self.options = make_options_for_package(self.options, self.package_spec)

    def get_data_to_check(self, parameters, context):
        path = self.parameterAsFile(parameters, "INPUT", context).strip()
        if not path:
            raise InputError("package_no_input")
        if not Path(path).exists():
            raise InputError("source_missing", source=path)
        return path, path, [path], False

    def run_check(self, feedback):
        from ..bridge.package.tasks import inspect_package_layers

        progress, cancellation = make_progress_callback(feedback), Cancellation(feedback.isCanceled)
        return inspect_package_layers(
            self.path_or_snapshots, self.package_spec, self.options, progress=progress, cancellation=cancellation
        )
