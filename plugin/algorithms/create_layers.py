# SPDX-License-Identifier: GPL-2.0-or-later
"""新建图层、按属性结构表建库: create an empty database from templates, or from attribute structures (xlsx)."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..bridge.editing.styled_layers import (
    find_sources_by_layer_name,
    get_position_by_role,
    place_layer_in_tree,
    set_up_layer,
)
from ..bridge.new_project.assemble import load_norm
from ..bridge.project import county
from ..bridge.running.threads import run_in_python_thread
from ..bridge.settings import get_interface_language
from ..bridge.texts import mark_text, tr
from ..core.base.errors import Cancellation, InputError
from ..core.standard import ALL_LAYERS, load_standard
from ..core.standard.messages.texts import Texts
from .common import SanxianAlgorithm
from .outputs import load_layer
from .parameters import (
    EXISTING,
    LOAD,
    STANDARD,
    WORKBOOK_FILTER,
    Tool,
    declare_numbers,
    declare_texts,
    make_crs,
    make_database_output,
    make_file,
    make_folder_output,
    make_text,
    set_widget,
)

if TYPE_CHECKING:
    from ..core.exchange.create import CreatedLayers


_make_county = partial(make_text, "COUNTY", mark_text("County (code or name)"), default=None)


class CreateLayers(SanxianAlgorithm):
    """Algorithm `create_layers`: create an empty database and load its layers."""

    tool = Tool(
        identifier="create_layers",
        section="layers",
        title=mark_text("New layers"),
        keywords=("create", "database", "template", "geopackage", "filegdb", "三区三线", "建库", "新建", "图层"),
        parameters=(
            set_widget(
                make_text("GROUPS", mark_text("Groups of layers"), default="three_lines", optional=False),
                "GroupsWidget",
            ),
            set_widget(_make_county(optional=False), "CountyWidget"),
            make_crs(mark_text("Coordinate system (empty: the county's)")),
            EXISTING,
            STANDARD,
            make_database_output(),
            LOAD,
        ),
        results=(
            *declare_numbers(LAYERS=mark_text("Layers made")),
            *declare_texts(COUNTY_CODE=mark_text("Code of the county")),
        ),
        repeatable_parameters=frozenset({"GROUPS"}),
    )

    def shortHelpString(self):
        text = tr(
            "Creates an empty database of plan layers from the templates of the standard: fields with types, "
            "lengths and Chinese names, coded domains, spatial index, and feature datasets in a FileGDB.\n\n"
            "Groups: {groups}. Separate several groups, by id or Chinese name, by commas.\n\n"
            "County: code or name; for a county of another province, give both. If no coordinate system is chosen, the "
            "zone of the county is used if it is known.\n\n"
            "If the database exists: stop changes nothing, add creates only missing layers, replace creates a "
            "new database.\n\n"
            "Layers loaded into a project have symbols, forms and the county's code and name, in the groups of "
            "the standard. New County Plan in the menu creates a whole project with themes, snapping and bookmarks.\n\n"
            "These formats cannot store the lengths of numbers; a FileGDB stores dates with a time of day."
        )
        return text.format(groups=_format_groups(load_standard()))

    def prepare(self, parameters, context, feedback):
        from ..core.standard.divisions import parse_county

        self.standard = self.read_standard(parameters, context)
        if not (groups := self.read_names_parameter(parameters, "GROUPS", context)):
            raise InputError("groups_missing", known=_format_groups(self.standard))
        self.templates = self.standard.list_templates_of_groups(groups)
        # An office's own standard may lack the lists of divisions.
        code_lists = load_standard().code_lists | self.standard.code_lists
        self.divisions = code_lists["divisions"]
        self.county = parse_county(self.read_text_parameter(parameters, "COUNTY", context), code_lists)
        self.crs_given = self.read_crs(parameters, context)
        self.existing = self.parameterAsEnumString(parameters, "EXISTING", context)
        self.norm = None
        if self.parameterAsBool(parameters, "LOAD", context) and context.project() is not None:
            # The layer forms use the limits and lists by which the project is checked.
            profile = county.read_county_settings(context.project()).profile
            self.norm = load_norm(self.standard.standard_key, profile, self.county.code)
        self.target = self.read_target(parameters, context)

    def execute(self, parameters, context, feedback):
        created_layers, crs, notice = self._create_layers(self.cancellation)
        texts = Texts(get_interface_language())
        _log_created_layers(feedback, created_layers, crs, notice, texts)
        unverified = [t.role for t in self.templates if t.fields_mark == "C" and t.role in created_layers.created_names]
        if unverified:
            params = {"count": len(unverified), "layers": ", ".join(unverified)}
            feedback.pushInfo(texts.get("toolbox", "unverified_fields", **params))
        lists = {f.codes for t in self.templates if t.role in created_layers.created_names for f in t.fields if f.codes}
        unconfirmed_lists = [
            texts.get_setting_name(f"codes.{n}") for n in sorted(lists) if self.standard.code_lists[n].mark == "C"
        ]
        if unconfirmed_lists:
            params = {
                "count": len(unconfirmed_lists),
                "lists": "、".join(unconfirmed_lists) if texts.lang == "zh" else ", ".join(unconfirmed_lists),
            }
            feedback.pushInfo(texts.get("toolbox", "unverified_lists", **params))
        if self.norm is not None:
            sources, order = find_sources_by_layer_name(Path(self.target)), get_position_by_role(self.standard)
            roles = [*created_layers.created_names, *created_layers.existing_names]
            for role in sorted(roles, key=order.__getitem__):
                style = partial(_style_created_layer, role, self.norm, self.county)
                load_layer(context, sources[role], self.standard.templates[role].name, style)
        return {"OUTPUT": self.target, "LAYERS": len(created_layers.created_names), "COUNTY_CODE": self.county.code}

    @run_in_python_thread
    def _create_layers(self, cancellation: Cancellation):
        from ..core.exchange.create import create_database
        from ..core.geometry.crs import make_crs_label, parse_crs
        from ..core.standard.divisions import check_county_in_crs_zone, find_default_crs, require_drawable_crs

        given_crs = self.crs_given
        crs = (
            require_drawable_crs(parse_crs(given_crs), given_crs)
            if given_crs
            else find_default_crs(self.county.code, self.divisions)
        )
        notice = check_county_in_crs_zone(crs, self.county.code, self.divisions)
        created_layers = create_database(
            self.target,
            self.templates,
            crs,
            code_lists=self.standard.code_lists,
            existing=self.existing,
            cancellation=cancellation,
        )
        return created_layers, make_crs_label(crs), notice


def _style_created_layer(role, norm, county, layer, context):
    """Style a loaded layer and place it in the layer tree.

    ``role``: code of the plan layer; ``county``: entry of the code list with code and name of the county.
    """
    set_up_layer(layer, role, norm, county.code, county.name)
    if context.project() is not None and context.project().mapLayer(layer.id()) is not None:
        place_layer_in_tree(context.project(), layer, role, norm.standard)


def _format_groups(standard) -> str:
    """Return the ids and names of all layer groups of a standard as text."""
    named_ids = [*((group.id, group.name) for group in standard.groups.values()), (ALL_LAYERS, tr("all layers"))]
    return tr(", ").join(tr("{id} ({name})").format(id=one, name=name) for one, name in named_ids)


class LayersFromStructure(SanxianAlgorithm):
    """Algorithm `layers_from_structure`: create layers that a workbook describes."""

    tool = Tool(
        identifier="layers_from_structure",
        section="layers",
        title=mark_text("Layers from a table of attribute structures"),
        keywords=("create", "database", "template", "xlsx", "属性结构描述表", "建库", "模板", "字段表"),
        help_parts=(
            mark_text(
                "Creates an empty database from a table of attribute structures (xlsx): one row for each field, with "
                "columns such as layer code, field code, field name, field type, length, decimals, domain, constraint. "
                "If there is no column for the layer, each sheet is one layer.\n\n"
                "Geometry: a column of the table, or else the geometry type of the layer with this code in the "
                "standard. A domain with the name of a code list becomes a coded domain; others are listed in the "
                "log.\n\n"
                "Nothing is guessed: merged cells, a missing column or an unknown type stop the run, with a message "
                "that names sheet and row.\n\n"
                "Custom standard: a new folder with a template for each layer. Enter its path as the standard in other "
                "tools, and edit the templates there.\n\n"
                "Coordinate system: choose one, or enter a county to use its zone."
            ),
        ),
        parameters=(
            make_file(
                "SOURCE", mark_text("Table of attribute structures"), WORKBOOK_FILTER, optional=False, offers_all=False
            ),
            _make_county(optional=True),
            make_crs(mark_text("Coordinate system (empty: the county's)")),
            EXISTING,
            STANDARD,
            make_folder_output("FOLDER", mark_text("Custom standard (new folder)"), optional=True),
            make_database_output(),
        ),
        results=declare_numbers(LAYERS=mark_text("Layers made")),
    )

    def prepare(self, parameters, context, feedback):
        self.standard = self.read_standard(parameters, context)
        self.source = self.parameterAsFile(parameters, "SOURCE", context).strip()
        self.county = self.read_text_parameter(parameters, "COUNTY", context)
        self.crs_given = self.read_crs(parameters, context)
        self.existing = self.parameterAsEnumString(parameters, "EXISTING", context)
        self.folder = self.parameterAsFileOutput(parameters, "FOLDER", context) if parameters.get("FOLDER") else ""
        self.target = self.read_target(parameters, context)

    def execute(self, parameters, context, feedback):
        structure, created_layers, crs, notice = self._create_layers(self.cancellation)
        texts = Texts(get_interface_language())
        _log_created_layers(feedback, created_layers, crs, notice, texts)
        for note in structure.unknown_domains:
            feedback.pushWarning(
                texts.get(
                    "toolbox", "structure_domain", sheet=note.sheet_name, row=note.row_number, value=note.domain_name
                )
            )
        if self.folder:
            feedback.pushInfo(texts.get("toolbox", "structure_standard", folder=self.folder))
        return {"OUTPUT": self.target, "FOLDER": self.folder, "LAYERS": len(created_layers.created_names)}

    @run_in_python_thread
    def _create_layers(self, cancellation: Cancellation):
        from ..core.exchange.structure_table import choose_plan_crs, create_from_structure, read_structure
        from ..core.geometry.crs import make_crs_label

        structure = read_structure(self.source, self.standard)
        crs, notice = choose_plan_crs(self.crs_given, self.county)
        created_layers = create_from_structure(
            structure,
            self.standard,
            self.target,
            crs,
            existing=self.existing,
            folder=self.folder,
            cancellation=cancellation,
        )
        return structure, created_layers, make_crs_label(crs), notice


def _log_created_layers(
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
