# SPDX-License-Identifier: GPL-2.0-or-later
"""导出成果包、检查成果包: make a submission package of a plan that passes, and check one of any source."""

from dataclasses import replace
from pathlib import Path

from ..bridge.checking.check import check_project_or_folder
from ..bridge.settings import get_interface_language
from ..bridge.texts import mark_text
from ..core.base.errors import Cancellation, InputError
from ..core.standard.messages.texts import Texts
from ..core.standard.profile.document import override_document
from ..core.standard.profile.profile_data import DocumentInfo
from .check_plan import CHECK_RESULTS, REPORT_OUTPUTS, CheckPlan, log_report
from .common import describe_norms, log_written_files, make_progress_callback
from .parameters import (
    DOCUMENTS,
    NORMS,
    PERSONAL,
    RUN_OPTIONS,
    SECRECY,
    SECRECY_REASON,
    SOURCE_AND_LAYERS,
    Tool,
    declare_texts,
    make_file,
    make_folder_output,
    make_package_form,
    make_switch,
    set_widget,
)

#: Share of the progress that the check takes.
_CHECK_SHARE_OF_PROGRESS = 0.4


class ExportPackage(CheckPlan):
    """Algorithm `export_package`: check a plan with all rules and write its package."""

    tool = Tool(
        identifier="export_package",
        section="package",
        title=mark_text("Export the submission package"),
        keywords=("package", "submission", "FileGDB", "manifest", "汇交", "成果包", "上报", "一张图", "入库"),
        help_parts=(
            mark_text(
                "Checks the plan and, if it passes, makes the submission package: a folder named after the county, "
                "with layers, documents, tables, maps, metadata and a manifest.\n\n"
                "A package specification defines contents and names: county, city, or the path of a custom .toml "
                "file (a copy of resources/packages/county.toml). The manifest lists the parts of the specification "
                "without a verified source (mark C).\n\n"
                "Values are not cut, rounded or guessed: a text too long for its field, a character that the "
                "encoding lacks, or an empty required field stops the export, with a message that names layer, "
                "feature and field. Every written layer is read with another library and compared with the plan, row "
                "by row and vertex by vertex (0.0001 m).\n\n"
                "Documents, maps and tables are found by their names in the given folder and copied into the "
                "package. Personal data are not written by default.\n\n"
                "Force: the package is made even if the plan does not pass or parts are missing; manifest and "
                "metadata state this. An existing package is replaced as a whole; if an error occurs, the existing "
                "package is not changed."
            ),
            mark_text(
                "Maps: the plugin makes the maps that the specification lists and the folder lacks, from the "
                "exported layers and with the resolution of the specification. Log and manifest list the maps that "
                "were not made, with the reasons. Put other maps (from export_maps or another program) into the "
                "folder under the required name; they are copied unchanged. The window does not respond while a page "
                "is drawn; Cancel takes effect between pages."
            ),
            mark_text(
                "Document information: secrecy level, authorities, date and map approval number are taken from the "
                "project (if its layers are exported), or else from [document] of the county profile, or else from "
                "the package specification; a secrecy level given here precedes all of them. Without a secrecy level "
                "nothing is exported. A level below that of project, profile or specification requires a reason, "
                "which is written to manifest and report. The map approval number is printed on public results only."
            ),
        ),
        parameters=(
            *SOURCE_AND_LAYERS,
            *NORMS,
            *RUN_OPTIONS,
            make_package_form(),
            DOCUMENTS,
            make_switch("MAPS", mark_text("Make the maps that the folder lacks"), True),
            PERSONAL,
            make_switch("FORCE", mark_text("Force: make the package even if the plan does not pass")),
            SECRECY,
            SECRECY_REASON,
            make_folder_output("OUTPUT", mark_text("Folder in which the package is made")),
        ),
        results=(*CHECK_RESULTS, *declare_texts(DIGEST=mark_text("SHA-256 of the manifest"))),
        repeatable_parameters=frozenset({"RULES"}),
    )

    def prepare(self, parameters, context, feedback):
        from ..core.package.export import ExportOrder, make_options_for_package
        from ..core.package.package_spec.load import load_package_spec

        form = load_package_spec(self.read_text_parameter(parameters, "PACKAGE", context) or "county")
        self.prepare_check(parameters, context)
        self.options = make_options_for_package(self.options, form)
        output = self.read_output_folder(parameters, context)
        documents = self.read_documents_folder(parameters, context)
        given_info = DocumentInfo(
            secrecy=self.read_text_parameter(parameters, "SECRECY", context),
            secrecy_reason=self.read_text_parameter(parameters, "SECRECY_REASON", context),
        )
        # A reason without a secrecy level has no effect.
        info, lowering = self.options.document_info, None
        if given_info.secrecy:
            info, lowering = override_document(given_info, info or DocumentInfo())
        self.options = replace(self.options, document_info=info)
        self.order = ExportOrder(
            form,
            output,
            documents,
            is_forced=self.parameterAsBoolean(parameters, "FORCE", context),
            keeps_personal_fields=self.parameterAsBoolean(parameters, "PERSONAL", context),
            makes_maps=self.parameterAsBoolean(parameters, "MAPS", context),
            document_info=info,
            lowered_secrecy=(lowering,) if lowering is not None else (),
        )

    def execute(self, parameters, context, feedback):
        from ..bridge.package.tasks import export_project_package

        check_result = check_project_or_folder(
            self.path_or_snapshots,
            self.options,
            source=self.origin,
            progress=make_progress_callback(feedback, end=_CHECK_SHARE_OF_PROGRESS),
            cancellation=self.cancellation,
        )
        log_report(feedback, check_result)
        self.cancellation.raise_if_cancelled()
        exported_package = export_project_package(
            check_result,
            self.order,
            progress=make_progress_callback(feedback, _CHECK_SHARE_OF_PROGRESS),
            cancellation=self.cancellation,
        )
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
        log_written_files(feedback, [str(exported_package.path)])
        summary = check_result.report.summary
        results = {key.upper(): summary[key] for key in ("errors", "warnings", "skipped", "verdict")}
        return {"OUTPUT": str(exported_package.path), "DIGEST": exported_package.manifest_digest, **results}


class InspectPackage(CheckPlan):
    """Algorithm `inspect_package`: check the layers and the files of a submission package."""

    tool = Tool(
        identifier="inspect_package",
        section="package",
        title=mark_text("Inspect a submission package"),
        keywords=("package", "submission", "check", "zip", "manifest", "汇交", "成果包", "检查", "验收", "质检"),
        help_parts=(
            mark_text(
                "Checks a submission package from any source, a folder or a zip: names, mandatory parts and their "
                "places, files left by programs, whether documents, maps and data can be opened, changes since the "
                "manifest was made (SHA-256), and the coordinate system of every layer. The layers are then checked "
                "with the default rules of “Check the plan” and the rules for packages.\n\n"
                "Nothing is changed. A zip is unpacked into a temporary folder; a zip that is damaged, encrypted, too "
                "large or has paths outside its folder is rejected.\n\n"
                "A package specification defines the required contents: county, city, or the path of a custom .toml "
                "file."
            ),
            describe_norms,
        ),
        parameters=(
            # Only the filter (*) lets the user choose a folder.
            set_widget(
                make_file("INPUT", mark_text("Package: folder or zip"), "ZIP (*.zip)", optional=False), "SourceWidget"
            ),
            make_package_form(),
            *NORMS,
            *RUN_OPTIONS,
            *REPORT_OUTPUTS,
        ),
        results=CheckPlan.tool.results,
        repeatable_parameters=frozenset({"RULES"}),
    )

    def prepare(self, parameters, context, feedback):
        from ..core.package.export import make_options_for_package
        from ..core.package.package_spec.load import load_package_spec

        self.package_spec = load_package_spec(self.read_text_parameter(parameters, "PACKAGE", context) or "county")
        super().prepare(parameters, context, feedback)
        self.options = make_options_for_package(self.options, self.package_spec)

    def get_data_to_check(self, parameters, context):
        if not (path := self.parameterAsFile(parameters, "INPUT", context).strip()):
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
