# SPDX-License-Identifier: GPL-2.0-or-later
"""导出图件: export the maps of a county as jpg and pdf, whole and by township."""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from qgis.core import (
    Qgis,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFile,
    QgsProject,
)

from ..bridge.layers.properties import get_file_path
from ..bridge.layers.role_recognition import list_plan_layers
from ..bridge.layouts.build import LayoutBuilder
from ..bridge.layouts.export import MAP_FILE_FORMATS, MIN_DPI, MapExportOrder, MapExportOutcome, export_maps
from ..bridge.layouts.map_layers import collect_from_layers
from ..bridge.layouts.public_maps import make_public_builder, require_no_world_file
from ..bridge.layouts.source import open_map_source
from ..bridge.project import county
from ..bridge.settings import get_interface_language, get_report_language
from ..bridge.texts import mark_text, tr
from ..core.base.errors import Cancellation, InputError
from ..core.base.files.writing import check_writable
from ..core.standard import map_set as maps
from ..core.standard.messages.texts import Texts
from ..core.standard.profile.document import override_document, resolve_document
from ..core.standard.profile.profile_data import DocumentInfo
from .common import (
    SanxianAlgorithm,
    describe_norms,
    log_lines,
    log_warnings,
    make_progress_callback,
    split_words,
)
from .inputs import get_vector_layers, list_values_from_project, read_source_without_layers
from .parameters import (
    NORMS,
    ROLES,
    SECRECY,
    SECRECY_REASON,
    SOURCE_AND_LAYERS,
    Parameter,
    Tool,
    declare_numbers,
    declare_texts,
    make_choice,
    make_folder_output,
    make_number,
    make_switch,
    make_text,
    mark_advanced,
    parameter_kind,
)

#: Value of the option for both formats, and its name in scripts for earlier versions.
_BOTH_FORMATS, _FORMER_BOTH_FORMATS = "jpg+pdf", "both"


@parameter_kind
def _make_maps(name: str, label: str) -> QgsProcessingParameterEnum:
    titles = [f"{one.number:02d} {_get_title(one)}" for one in maps.load_map_set().map_by_id.values()]
    return QgsProcessingParameterEnum(name, label, titles, allowMultiple=True, optional=True)


class ExportMaps(SanxianAlgorithm):
    """Algorithm `export_maps`: print the maps of a county plan."""

    tool = Tool(
        identifier="export_maps",
        section="package",
        title=mark_text("Export maps"),
        keywords=("map", "layout", "atlas", "print", "jpg", "pdf", "成果图件", "图件", "制图", "布局", "导出"),
        parameters=(
            *SOURCE_AND_LAYERS,
            _make_maps("MAPS", mark_text("Maps (empty: all)")),
            make_choice("PAGE", mark_text("Page"), lambda: maps.load_map_set().page_size_by_id),
            make_choice("FORMAT", mark_text("Format"), [_BOTH_FORMATS, *MAP_FILE_FORMATS]),
            make_number("DPI", mark_text("Dots per inch"), MIN_DPI, is_integer=True, minValue=MIN_DPI, maxValue=1200),
            make_switch("TOWNSHIPS", mark_text("Also a page for each township")),
            make_switch("PUBLIC", mark_text("Public edition of the maps")),
            SECRECY,
            make_text("MAKER", mark_text("Planning authority")),
            make_text("DRAWER", mark_text("Cartographer")),
            make_text("DATE", mark_text("Date on the maps")),
            make_text("MAP_APPROVAL", mark_text("Map approval number (public maps only)")),
            SECRECY_REASON,
            *NORMS,
            ROLES,
            *mark_advanced(
                make_switch("WORLD_FILE", mark_text("World file (.jgw) for each jpg")),
                Parameter(
                    "MAP_SET",
                    mark_text("Map set (.toml; empty: that of the plugin)"),
                    partial(QgsProcessingParameterFile, extension="toml", optional=True),
                ),
            ),
            make_folder_output("OUTPUT", mark_text("Folder of the maps"), createByDefault=True),
        ),
        results=(
            *declare_numbers(MADE=mark_text("Maps made"), FILES=mark_text("Files written")),
            *declare_texts(NOT_MADE=mark_text("Maps not made"), LEFT_OUT=mark_text("Left out of the public edition")),
        ),
    )

    def flags(self):
        # QGIS prints layouts on the main thread only.
        return super().flags() | Qgis.ProcessingAlgorithmFlag.NoThreading

    def shortHelpString(self):
        text = tr(
            "Makes the maps of the county's plan with title, legend, scale, north arrow, locator and title "
            "block, and writes them as jpg (at least 300 dpi) and pdf, with the file names of the submission: "
            "code, name, number, title.\n\n"
            "Maps: {maps}. Separate several maps by commas; if empty, all possible maps are made. A map whose "
            "layers are missing is omitted, with the reason in the log.\n\n"
            "If the project has a layout for a map (Make Layouts), that layout is exported unchanged.\n\n"
            "By township: in addition, one page for each township from every map of the whole county.\n\n"
            "The window does not respond while a page is drawn; Cancel takes effect between pages. Files are "
            "replaced after all pages are made. The files do not contain the names of user and computer.\n\n"
            "Order, numbers and titles of the maps have no verified source (mark C). To change them, edit a copy "
            "of resources/layouts/maps.toml and choose it as the map set."
        )
        document = tr(
            "Document information: secrecy level, authorities, date and map approval number are taken from the "
            "parameters, or else from the document information of the project, or else from [document] of the "
            "county profile. Without a secrecy level nothing is exported. A level below that of project or "
            "profile requires a reason, which is written to the log. The map approval number is printed on "
            "public maps only."
        )
        public = tr(
            "Public edition: the maps are made without the layers on the list of the public edition, grids, the name "
            "of the CRS, texts with coordinates and labels of typed texts; file names end in （公开版）. A page in the "
            "folder lists what was left out of each map. A map that needs such a layer, and a layout of the project "
            "that cannot be searched, are not made. The secrecy level must be 公开, and no world files are written. "
            "The list (resources/standards/common-2021/public_edition.toml) has no verified source (mark C); a county "
            "profile can name another one ([public_edition] list)."
        )
        maps_text = text.format(
            maps="、".join(f"{m.id}（{_get_title(m)}）" for m in maps.load_map_set().map_by_id.values())
        )
        return f"{maps_text}\n\n{public}\n\n{document}\n\n{describe_norms()}"

    def checkParameterValues(self, parameters, context):
        """Validate the parameters as QGIS does, but accept map ids and the former name of an option.

        QGIS would accept only positions in the list of maps, and not the former option for both file formats.
        """
        maps_value = parameters.get("MAPS")
        plain_parameters = {**parameters, "MAPS": []} if _parse_map_ids(maps_value) is not None else parameters
        if plain_parameters.get("FORMAT") == _FORMER_BOTH_FORMATS:
            plain_parameters = {**plain_parameters, "FORMAT": _BOTH_FORMATS}
        return super().checkParameterValues(plain_parameters, context)

    def prepare(self, parameters, context, feedback):
        self.layers = get_vector_layers(self, parameters, "LAYERS", context) if parameters.get("LAYERS") else []
        self.source = read_source_without_layers(self, parameters, context, self.layers)
        self.catalogue = maps.load_map_set(self.read_text_parameter(parameters, "MAP_SET", context))
        maps_value = parameters.get("MAPS")
        # For an empty value QGIS would return the first entry of its list.
        ids = [] if maps_value in (None, "", []) else _parse_map_ids(maps_value)
        if ids is None:
            map_ids = list(maps.load_map_set().map_by_id)
            ids = [map_ids[n] for n in self.parameterAsEnums(parameters, "MAPS", context)]
        self.maps = tuple(maps.select_maps(self.catalogue, ids))
        self.options, self.options_from_project = self._read_options(parameters, context)
        # In the order of `DocumentInfo`.
        names = ("SECRECY", "MAKER", "DRAWER", "DATE", "MAP_APPROVAL", "SECRECY_REASON")
        given_info = DocumentInfo(*(self.read_text_parameter(parameters, name, context) for name in names))
        from_project = not self.source and context.project() is not None
        project_info = county.read_document_info(context.project()) if from_project else DocumentInfo()
        merged_info, lowering = override_document(given_info, project_info)
        resolved = resolve_document(merged_info, self.options.resolve_norm().profile)
        resolved.require_exportable()
        self.document = resolved.document_info
        self.lowered_secrecy = [one.message for one in (*filter(None, [lowering]), *resolved.lowered_levels)]
        self.is_public = self.parameterAsBool(parameters, "PUBLIC", context)
        if self.is_public:
            # Before the layers are read, which may take long.
            from ..core.render.public_edition.edition import require_public_level

            require_public_level(self.document.secrecy)
            require_no_world_file(self.parameterAsBool(parameters, "WORLD_FILE", context))
        self.folder = Path(self.parameterAsString(parameters, "OUTPUT", context))
        self.project = context.project() or QgsProject.instance()
        inputs = (
            [self.source] if self.source else [get_file_path(v) for v in self.layers or list_plan_layers(self.project)]
        )
        check_writable(self.folder / "maps.jpg", inputs)

    def _read_options(self, parameters, context):
        """Return the check options, and parameter → value of the options that came from the project.

        Without SOURCE, empty options are filled from the project's county settings (县配置).
        """
        roles = self.read_text_parameter(parameters, "ROLES", context)
        given_options = replace(self.read_norm_options(parameters, context), roles=roles)
        if self.source or context.project() is None:
            return given_options, {}
        project_options = county.make_check_options(context.project())
        values_from_project = list_values_from_project(given_options, project_options, ("profile", "standard"))
        options = replace(given_options, **values_from_project, roles=given_options.roles or project_options.roles)
        return options, {name.upper(): value for name, value in values_from_project.items()}

    def execute(self, parameters, context, feedback):
        cancellation, texts = Cancellation(feedback.isCanceled), Texts(get_interface_language())
        log_warnings(feedback, [message.render(texts) for message in self.lowered_secrecy])
        is_former_format = parameters.get("FORMAT") == _FORMER_BOTH_FORMATS
        kind = _BOTH_FORMATS if is_former_format else self.parameterAsEnumString(parameters, "FORMAT", context)
        order = MapExportOrder(
            maps=self.maps,
            page_size=self.catalogue.page_size_by_id[self.parameterAsEnumString(parameters, "PAGE", context)],
            target_folder=self.folder,
            formats=MAP_FILE_FORMATS if kind == _BOTH_FORMATS else (kind,),
            dpi=self.parameterAsInt(parameters, "DPI", context),
            adds_township_pages=self.parameterAsBool(parameters, "TOWNSHIPS", context),
            writes_world_file=self.parameterAsBool(parameters, "WORLD_FILE", context),
        )
        with ExitStack() as stack:
            if self.source:
                layers = stack.enter_context(
                    open_map_source(
                        self.source,
                        self.options,
                        cancellation=cancellation,
                        report_unusable=lambda key, params: feedback.pushWarning(texts.format_problem(key, params)),
                    )
                )
            else:
                layers = collect_from_layers(self.project, self.layers or list_plan_layers(self.project), self.options)
            builder = LayoutBuilder(layers, self.catalogue, self.document)
            if self.is_public:
                builder, public = make_public_builder(builder, get_report_language())
                order = replace(order, public=public)
            outcome = export_maps(builder, order, progress=make_progress_callback(feedback), cancellation=cancellation)
        lines = _log_maps(feedback, outcome, order, texts)
        if not outcome.written_files:
            raise InputError("map_none", reasons=texts.join_sentences(lines))
        results = {
            "OUTPUT": str(self.folder),
            "MADE": len(outcome.exported_maps),
            "FILES": len(outcome.written_files),
            "NOT_MADE": tr(", ").join(_get_title(one) for one, _ in outcome.not_made),
        }
        if order.public:
            public_lines = order.public.record.list_log_lines(order.public.edition, order.public.redactor.texts)
            log_lines(feedback, public_lines)
            log_warnings(feedback, [note.render(texts) for note in order.public.notes])
            results["LEFT_OUT"] = "\n".join(public_lines)
        return results


def _parse_map_ids(value) -> list[str] | None:
    """Return the map ids in a parameter value; None if it holds positions in the dialog's list of maps."""
    if isinstance(value, str):
        value = split_words(value)
    if isinstance(value, list | tuple) and value and not all(re.fullmatch(r"\d+", str(one)) for one in value):
        return [str(one) for one in value]
    return None


def _get_title(map_spec: maps.MapSpec) -> str:
    return map_spec.title if get_interface_language() == "zh" else map_spec.title_en


def _log_maps(feedback, outcome: MapExportOutcome, order: MapExportOrder, texts: Texts) -> list[str]:
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
    log_warnings(feedback, lines)
    if outcome.written_files:
        counts = {"count": len(outcome.exported_maps), "files": len(outcome.written_files), "dpi": round(order.dpi)}
        place = {"sheet": order.page_size.id, "folder": order.target_folder.name}
        feedback.pushInfo(texts.get("maps", "made", **place, **counts))
    return lines
