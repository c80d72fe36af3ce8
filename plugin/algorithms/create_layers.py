# SPDX-License-Identifier: GPL-2.0-or-later
"""新建图层: create an empty county database from the templates of the standard."""

from __future__ import annotations

from pathlib import Path

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterCrs,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterString,
)

from ..bridge import health
from ..bridge.editing.styled_layers import (
    find_sources_by_layer_name,
    get_position_by_role,
    place_layer_in_tree,
    set_up_layer,
)
from ..bridge.layers.properties import format_crs_for_pyproj
from ..bridge.new_project.assemble import load_norm
from ..bridge.project import county
from ..bridge.running.threads import run_in_python_thread
from ..bridge.settings import get_interface_language
from ..bridge.texts import mark_text, tr
from ..core.base.cancellation import Cancellation
from ..core.base.errors import InputError
from ..core.standard import ALL_LAYERS, load_standard
from ..core.standard.messages.texts import Texts
from .common import SanxianAlgorithm, make_standard_parameter, mark_parameter_advanced
from .inputs import make_existing_database_parameter, set_parameter_widget
from .outputs import make_post_processor
from .report_log import log_created_layers

GROUPS, COUNTY, CRS, EXISTING, STANDARD, OUTPUT = "GROUPS", "COUNTY", "CRS", "EXISTING", "STANDARD", "OUTPUT"
LOAD_PARAMETER = "LOAD"


class CreateLayers(SanxianAlgorithm):
    """Algorithm `create_layers`: create an empty database and load its layers."""

    toolbox_section = "layers"
    identifier = "create_layers"
    keywords = ("create", "database", "template", "geopackage", "filegdb", "三区三线", "建库", "新建", "图层")
    repeatable_parameters = frozenset({GROUPS})
    title = mark_text("New layers")

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

    def initAlgorithm(self, configuration=None):
        groups = QgsProcessingParameterString(GROUPS, tr("Groups of layers"), defaultValue="three_lines")
        county_parameter = QgsProcessingParameterString(COUNTY, tr("County (code or name)"))
        self.add_parameters(
            set_parameter_widget(groups, "create_widgets.GroupsWidget"),
            set_parameter_widget(county_parameter, "create_widgets.CountyWidget"),
            QgsProcessingParameterCrs(CRS, tr("Coordinate system (empty: the county's)"), optional=True),
            make_existing_database_parameter(EXISTING),
            make_standard_parameter(),
            QgsProcessingParameterFileDestination(
                OUTPUT, tr("Database"), "GeoPackage (*.gpkg);;FileGDB (*.gdb)", createByDefault=False
            ),
            mark_parameter_advanced(
                QgsProcessingParameterBoolean(LOAD_PARAMETER, tr("Load the layers into the project"), True)
            ),
        )
        self.addOutput(QgsProcessingOutputNumber("LAYERS", tr("Layers made")))
        self.addOutput(QgsProcessingOutputString("COUNTY_CODE", tr("Code of the county")))

    def prepare(self, parameters, context, feedback):
        health.require_libraries()
        from ..core.standard.divisions import parse_county

        self.standard = load_standard(self.read_text_parameter(parameters, STANDARD, context) or "county_db")
        groups = self.read_names_parameter(parameters, GROUPS, context)
        if not groups:
            raise InputError("groups_missing", known=_format_groups(self.standard))
        self.templates = self.standard.list_templates_of_groups(groups)
        # A standard without a list of divisions (the city's) uses that of the county standard.
        self.divisions = self.standard.code_lists.get("divisions") or load_standard().code_lists["divisions"]
        provinces = load_standard().code_lists["provinces"]
        self.county = parse_county(self.read_text_parameter(parameters, COUNTY, context), provinces, self.divisions)
        system = self.parameterAsCrs(parameters, CRS, context)
        self.crs_given = str(parameters.get(CRS) or "") if not system.isValid() else format_crs_for_pyproj(system)
        self.existing = self.parameterAsEnumString(parameters, EXISTING, context)
        self.target = self.parameterAsFileOutput(parameters, OUTPUT, context)
        self.norm = None
        if self.parameterAsBool(parameters, LOAD_PARAMETER, context) and context.project() is not None:
            # The layer forms use the limits and lists by which the project is checked.
            profile = county.read_county_settings(context.project()).profile
            self.norm = load_norm(self.standard.standard_key, profile, self.county.code)
        if not self.target:
            raise InputError("output_missing")

    def execute(self, parameters, context, feedback):
        created_layers, crs, notice = self._create_layers(Cancellation(feedback.isCanceled))
        texts = Texts(get_interface_language())
        log_created_layers(feedback, created_layers, crs, notice, texts)
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
        self._register_layers([*created_layers.created_names, *created_layers.existing_names], context)
        return {OUTPUT: self.target, "LAYERS": len(created_layers.created_names), "COUNTY_CODE": self.county.code}

    def _register_layers(self, layer_roles, context) -> None:
        """Register the layers, so that QGIS loads them when the tool has ended.

        Nothing is registered if the user does not want results loaded.
        """
        if self.norm is None:
            return
        sources = find_sources_by_layer_name(Path(self.target))
        order = get_position_by_role(self.standard)
        for role in sorted(layer_roles, key=order.__getitem__):
            template = self.standard.templates[role]
            details = QgsProcessingContext.LayerDetails(template.name, context.project(), OUTPUT)
            details.forceName = True
            details.setPostProcessor(
                make_post_processor(sources[role], _make_styling_action(role, self.norm, self.county))
            )
            context.addLayerToLoadOnCompletion(sources[role], details)

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


def _make_styling_action(role, norm, county):
    """Return a function that styles a loaded layer and places it in the layer tree.

    ``role``: code of the plan layer; ``norm``: standard and profile; ``county``: entry of the code list with code and
    name of the county.
    """

    def style_and_place(layer, context):
        set_up_layer(layer, role, norm, county.code, county.name)
        if context.project() is not None and context.project().mapLayer(layer.id()) is not None:
            place_layer_in_tree(context.project(), layer, role, norm.standard)

    return style_and_place


def _format_groups(standard) -> str:
    """Return the ids and names of all layer groups of a standard as text."""
    named_ids = [*((group.id, group.name) for group in standard.groups.values()), (ALL_LAYERS, tr("all layers"))]
    return tr(", ").join(tr("{id} ({name})").format(id=one, name=name) for one, name in named_ids)
