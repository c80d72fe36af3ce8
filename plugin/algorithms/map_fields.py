# SPDX-License-Identifier: GPL-2.0-or-later
"""字段映射、三区: make layers of a template from other layers."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import (
    Qgis,
    QgsProject,
)

from ..bridge import health
from ..bridge.editing.feature_numbers import find_highest_used_number_by_county
from ..bridge.layers.reading import read_snapshot
from ..bridge.layers.role_recognition import assign_roles_for_rule
from ..bridge.layers.snapshots import make_snapshot_names_unique
from ..bridge.layers.tables import (
    LAYER_DRIVERS,
    TABLE_DRIVERS,
    make_loss_table,
    make_template_table,
    write_rows_to_sink,
    write_table,
)
from ..bridge.mapping.run import read_source_rows
from ..bridge.running.threads import run_in_python_thread
from ..bridge.settings import get_interface_language, get_report_language
from ..bridge.texts import mark_text, tr
from ..core.base.errors import Cancellation, DataError, InputError, OutputError
from ..core.base.files import find_free_path
from ..core.base.files.writing import is_same_file, write_atomically
from ..core.model.rule import LayerNeed
from ..core.standard import load_standard
from ..core.standard.messages.texts import Texts, format_number
from ..core.standard.profile import Norm, load_profile
from .common import (
    SanxianAlgorithm,
    describe_norms,
    log_copy_of_sealed_layer,
    log_lines,
    log_written_files,
)
from .inputs import read_layer_parameter
from .outputs import LayerOutput
from .parameters import (
    ANY_GEOMETRY,
    NORMS,
    POLYGONS,
    STANDARD,
    Tool,
    declare_numbers,
    declare_texts,
    make_file,
    make_layer,
    make_layer_output,
    make_switch,
    make_text,
    mark_advanced,
)

if TYPE_CHECKING:
    from ..core.exchange.mapping import FieldMapping, FieldProposal, MappedRows
    from ..core.figures.three_zones import DerivedZones
    from ..core.plan.layer import SourceLayer

_THREE_ZONES_ROLE = "SQKJ"
#: Outputs (statutory areas in m²) by the code of the space.
_AREA_OUTPUTS_BY_CODE = {
    "01": "AGRICULTURAL_M2",
    "02": "ECOLOGICAL_M2",
    "03": "URBAN_M2",
    "90": "OUTSIDE_M2",
    "99": "UNMAPPED_M2",
}


class MapFields(SanxianAlgorithm):
    """Algorithm `map_fields`: map a layer into a template of the standard."""

    tool = Tool(
        identifier="map_fields",
        section="layers",
        title=mark_text("Map a layer into a template"),
        keywords=("fields", "mapping", "template", "codes", "survey", "字段", "对应", "映射", "三调", "入库"),
        parameters=(
            make_layer("INPUT", mark_text("Layer"), ANY_GEOMETRY),
            make_text(
                "TEMPLATE",
                mark_text("Template (code of the layer)"),
                lambda: sorted(load_standard().templates),
                default=None,
                optional=False,
            ),
            make_file("MAPPING", mark_text("Mapping of fields (empty: proposed)"), "TOML (*.toml)", offers_all=False),
            STANDARD,
            *mark_advanced(make_switch("DROP_PERSONAL", mark_text("Leave personal data out"))),
            make_layer_output("OUTPUT", mark_text("Layer in the template"), ANY_GEOMETRY, optional=False),
            make_layer_output("UNMAPPED", mark_text("Not converted"), Qgis.ProcessingSourceType.Vector),
        ),
        results=(
            *declare_numbers(
                ROWS=mark_text("Rows"), LOSSES=mark_text("Values to verify"), EMPTY=mark_text("Left empty")
            ),
            *declare_texts(MAPPING_USED=mark_text("Mapping used")),
        ),
        needs_libraries_to_prepare=False,
    )

    def shortHelpString(self):
        text = tr(
            "Converts a layer to the fields of a template: names, types and lengths are those of the template, "
            "and codes of another list are translated (survey classes into those of 2023). Every row and shape "
            "is kept; the input is not changed.\n\n"
            "Template: the code of an official layer, such as DLTB or XZYDYH.\n\n"
            "Mapping: a saved file. If empty, fields are matched by name, Chinese name, names cut to ten bytes, "
            "usual names, meaning and content, and the mapping is written to a file ending in .mapping.toml in the "
            "folder of the output, to be verified, edited and used again. An existing file of that name is not "
            "overwritten.\n\n"
            "Values not converted: one row for each value that does not fit (text too long, not a number, a code "
            "that is not in the list or matches several codes), one for each source field without a target field, "
            "and one for each of its values, with rows, features and area. Such a cell is left empty; only a code "
            "that is missing in its source list is kept unchanged.\n\n"
            "Personal data (names, ID numbers, telephones, addresses of the persons responsible) can be omitted "
            "in a copy for others: the fields are kept and left empty."
        )
        templates_sentence = tr(
            "Templates: {names}. Their fields and codes: Data Dictionary in the locator bar."
        ).format(names=tr(", ").join(f"{t.role} {t.name}" for t in load_standard().templates.values() if not t.base))
        return f"{text}\n\n{templates_sentence}"

    def prepare(self, parameters, context, feedback):
        self.texts = Texts(get_report_language())
        self.standard = self.read_standard(parameters, context)
        role = self.read_text_parameter(parameters, "TEMPLATE", context).upper()
        if role not in self.standard.templates:
            template_roles = ", ".join(sorted(self.standard.templates))
            raise InputError("mapping_no_template", role=role, standard=self.standard.id, known=template_roles)
        self.template = self.standard.templates[role]
        self.layer_snapshot = read_layer_parameter(self, parameters, "INPUT", context)
        if self.layer_snapshot is None:
            raise InputError("no_layers")
        self.mapping_file = self.parameterAsFile(parameters, "MAPPING", context).strip()
        if self.mapping_file and not Path(self.mapping_file).is_file():
            raise DataError("data_file_missing", file=self.mapping_file)
        self.drop_personal = self.parameterAsBool(parameters, "DROP_PERSONAL", context)
        inputs = [self.layer_snapshot.file_path, self.mapping_file]
        self.output = LayerOutput(parameters, context, "OUTPUT", self.template.name, inputs)
        self.unmapped = LayerOutput(parameters, context, "UNMAPPED", tr("Not converted"), inputs, TABLE_DRIVERS)
        self.proposal_file = ""
        if self.output.file and not self.mapping_file:
            self.proposal_file = find_free_path(Path(self.output.file).with_suffix(".mapping.toml"))
        if self.output.file and is_same_file(self.output.file, self.unmapped.file):
            raise OutputError("output_twice", target=self.output.file)

    def execute(self, parameters, context, feedback):
        layer, mapping, proposals, mapped = self._map_fields_of_layer(feedback, self.cancellation)
        self._log_mapping(feedback, layer, mapping, proposals, mapped)
        is_workbook = self.unmapped.file.lower().endswith(".xlsx")
        tables = (
            (self.output, make_template_table(mapped.frame, self.template, self.layer_snapshot.crs), LAYER_DRIVERS),
            (self.unmapped, make_loss_table(mapped.losses, self.texts, is_workbook=is_workbook), TABLE_DRIVERS),
        )
        with ExitStack() as stack:
            # The exit order is reversed: the layer, which another program may have open, is moved first.
            if self.proposal_file:
                from ..core.exchange.mapping import format_mapping_as_toml

                stack.enter_context(write_atomically(self.proposal_file)).write_text(
                    format_mapping_as_toml(mapping, self.template), encoding="utf-8", newline="\n"
                )
            for output, table, formats in reversed(tables):
                if output.file:
                    temporary = stack.enter_context(write_atomically(output.file))
                    write_table(temporary, table, formats[temporary.suffix.lower()], self.cancellation)
            self.cancellation.raise_if_cancelled()
        results = {}
        for output, table, _ in tables:
            if output.wants_sink:
                sink, results[output.name] = output.open_sink(
                    self, parameters, context, table.fields, table.geometry_type, table.crs
                )
                write_rows_to_sink(sink, table, output.destination, self.cancellation)
            results |= output.register_written_file(context)
        log_written_files(feedback, (self.output.file, self.unmapped.file))
        log_copy_of_sealed_layer(feedback, self.template.role, Norm(self.standard, load_profile()))
        if self.proposal_file:
            feedback.pushInfo(Texts(get_interface_language()).get("mapping", "saved", path=self.proposal_file))
        rows = [loss for loss in mapped.losses if loss.fid is not None]
        return {
            **results,
            "ROWS": len(mapped.frame),
            "LOSSES": len(rows),
            "EMPTY": sum(not loss.is_carried_over for loss in rows),
            "MAPPING_USED": self.mapping_file or self.proposal_file,
        }

    @run_in_python_thread
    def _map_fields_of_layer(
        self, feedback, cancellation: Cancellation
    ) -> tuple[SourceLayer, FieldMapping, list[FieldProposal], MappedRows]:
        """Read the layer and map it; return the layer, the mapping, its proposals and the mapped rows.

        The list of proposals is empty if the user gave a mapping file.
        """
        health.require_libraries(cancellation)
        from ..core.exchange.mapping import (
            apply_mapping,
            drop_personal_data,
            load_mapping,
            make_mapping_from_proposals,
            propose_mapping,
        )

        feedback.setProgressText(
            Texts(get_interface_language()).get("toolbox", "reading", layer=self.layer_snapshot.name)
        )
        # Validate the mapping before reading a large layer.
        mapping = load_mapping(self.mapping_file, self.template, self.standard) if self.mapping_file else None
        layer = read_source_rows(self.layer_snapshot, cancellation)
        feedback.setProgress(40)
        cancellation.raise_if_cancelled()
        proposals = []
        if mapping is None:
            proposals = propose_mapping(layer, self.template, self.standard)
            mapping = make_mapping_from_proposals(self.template.role, proposals)
        cancellation.raise_if_cancelled()
        mapped = apply_mapping(layer, mapping, self.template, self.standard)
        if self.drop_personal:
            mapped = drop_personal_data(mapped, self.template)
        feedback.setProgress(70)
        feedback.setProgressText(Texts(get_interface_language()).get("toolbox", "writing"))
        return layer, mapping, proposals, mapped

    def _log_mapping(self, feedback, layer, mapping, proposals, mapped) -> None:
        texts = Texts(get_interface_language())
        log_lines(feedback, (texts.format_notice(key, params) for key, params in layer.notices))
        if not self.layer_snapshot.crs.isValid():
            feedback.pushWarning(texts.get("mapping", "no_crs", layer=layer.name))
        methods = {p.target_field: p.matched_by for p in proposals}
        for target, source in mapping.source_by_target.items():
            method = texts.get("mapping", f"how_{methods.get(target) or 'given'}")
            feedback.pushInfo(texts.get("mapping", "line", target=target, source=source, how=method))
        for target, unit in mapping.unit_by_target.items():
            names = {"target": target, "source": mapping.source_by_target[target]}
            feedback.pushInfo(texts.get("mapping", "converted", unit=texts.get("unit_names", unit), **names))
        for target, translation in mapping.translation_by_target.items():
            if translation.list_id:
                code_list_name = texts.get_setting_name(f"codes.{translation.list_id}")
                line = texts.get(
                    "mapping", "translated", target=target, list=code_list_name, column=translation.target_column
                )
                feedback.pushInfo(line)
        for proposal in proposals:
            if proposal.doubt_reason:
                message = texts.get(
                    "mapping", proposal.doubt_reason, target=proposal.target_field, source=proposal.source_field
                )
                feedback.pushWarning(message)
        for key, field_names in (("unfilled", mapped.unfilled_fields), ("unmapped", mapped.unmapped_fields)):
            if field_names:
                feedback.pushInfo(texts.get("mapping", key, fields=", ".join(field_names)))
        rows = [loss for loss in mapped.losses if loss.fid is not None]
        empty = sum(not loss.is_carried_over for loss in rows)
        if self.drop_personal and self.template.personal_fields:
            fields = ", ".join(f.name for f in self.template.personal_fields)
            feedback.pushInfo(texts.get("mapping", "personal_left_out", fields=fields))
        counts = {"rows": len(mapped.frame), "losses": len(rows), "empty": empty}
        feedback.pushInfo(texts.get("mapping", "done", layer=layer.name, role=self.template.role, **counts))


class DeriveThreeZones(SanxianAlgorithm):
    """Algorithm `derive_three_zones`: write 农业空间, 生态空间 and 城镇空间 with their areas."""

    tool = Tool(
        identifier="derive_three_zones",
        section="layers",
        title=mark_text("Derive the three zones"),
        keywords=("three zones", "zones", "dissolve", "areas", "三区", "农业空间", "生态空间", "城镇空间", "规划分区"),
        help_parts=(
            mark_text(
                "Merges planning zones into the three zones (agricultural, ecological and urban space) and computes "
                "their statutory areas. The input is not changed.\n\n"
                "The table [three_zones] assigns zone codes to spaces; a county profile can change single lines, and "
                "the table of the standard is not verified (mark C). Land that belongs to none of the three zones, and "
                "zones whose code is not in the table, are kept as separate rows; codes that are not in the table are "
                "listed.\n\n"
                "Shared edges of zones are kept unchanged. Overlaps within one space count once; overlaps between two "
                "spaces count in both, and their area is reported. Multipart features are split into single parts.\n\n"
                "County: with the layer of the county, the share of each space in the county is reported."
            ),
            describe_norms,
        ),
        parameters=(
            make_layer("INPUT", mark_text("Planning zones")),
            make_layer("COUNTY_LAYER", mark_text("Outline of the county"), optional=True),
            *NORMS,
            make_layer_output("OUTPUT", mark_text("Three zones"), POLYGONS, optional=False),
        ),
        results=declare_numbers(
            AGRICULTURAL_M2=mark_text("Agricultural space (m²)"),
            ECOLOGICAL_M2=mark_text("Ecological space (m²)"),
            URBAN_M2=mark_text("Urban space (m²)"),
            OUTSIDE_M2=mark_text("In none of the three (m²)"),
            UNMAPPED_M2=mark_text("Zones not in the table (m²)"),
            ZONES_M2=mark_text("All zones (m²)"),
            OVERLAP_M2=mark_text("Covered by several zones (m²)"),
        ),
        needs_libraries_to_prepare=False,
    )

    def prepare(self, parameters, context, feedback):
        self.norm = self.read_norm_options(parameters, context).resolve_norm()
        # A standard without this layer (the city's) uses the template of the county standard.
        self.template = (
            self.norm.standard.templates.get(_THREE_ZONES_ROLE) or load_standard().templates[_THREE_ZONES_ROLE]
        )
        self.zones = read_layer_parameter(self, parameters, "INPUT", context)
        self.county = read_layer_parameter(self, parameters, "COUNTY_LAYER", context)
        if self.zones is None:
            raise InputError("no_layers")
        make_snapshot_names_unique([shot for shot in (self.zones, self.county) if shot is not None])
        self.used = find_highest_used_number_by_county(
            context.project() or QgsProject.instance(), [str(self.zones.file_path)] if self.zones.file_path else []
        )
        inputs = [shot.file_path for shot in (self.zones, self.county) if shot is not None]
        self.output = LayerOutput(parameters, context, "OUTPUT", self.template.name, inputs)

    def execute(self, parameters, context, feedback):
        derived = self._derive_zones(feedback, self.cancellation)
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
            texts.get(
                "toolbox",
                "space_sums",
                **sums,
                difference=format_number(three_zones.input_m2 - three_zones.total_m2, 2),
            )
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
        table = make_template_table(derived.frame, self.template, self.zones.crs)
        results = self.output.write_table(self, parameters, context, table, self.cancellation)
        log_written_files(feedback, [self.output.file])
        areas = {name: three_zones.get_zone_area_m2(zone_code) for zone_code, name in _AREA_OUTPUTS_BY_CODE.items()}
        return {**results, **areas, "ZONES_M2": three_zones.input_m2, "OVERLAP_M2": three_zones.overlap_m2}

    @run_in_python_thread
    def _derive_zones(self, feedback, cancellation: Cancellation) -> DerivedZones:
        health.require_libraries(cancellation)
        from ..core.figures.three_zones import derive_from_plan
        from ..core.plan.loading.assembly import assemble_plan

        texts = Texts(get_interface_language())
        shots = {"zones": self.zones, "county": self.county}
        source_by_need = {}
        for name, shot in shots.items():
            if shot is not None:
                feedback.setProgressText(texts.get("toolbox", "reading", layer=shot.name))
                source_by_need[name] = read_snapshot(shot, cancellation=cancellation)
        feedback.setProgress(40)
        roles = assign_roles_for_rule(source_by_need, {name: LayerNeed(name) for name in shots}, self.norm)
        plan = assemble_plan(
            source_by_need.values(), self.norm, roles=roles, scope="three_lines", cancellation=cancellation
        )
        derived = derive_from_plan(plan, self.template, texts, cancellation=cancellation, used_numbers=self.used)
        feedback.setProgress(80)
        return derived
