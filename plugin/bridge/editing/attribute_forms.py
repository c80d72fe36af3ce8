# SPDX-License-Identifier: GPL-2.0-or-later
"""Attribute forms made from a layer's template: names, code lists, constraints.

They use only features of QGIS (saved with the project, no code in the form), so they work for layers of any format.
Names of classes, feature numbers (标识码, BSM) and areas come from the plugin's expression functions (`expressions`).
"""

from __future__ import annotations

import html
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qgis.core import (
    Qgis,
    QgsAttributeEditorContainer,
    QgsAttributeEditorField,
    QgsDefaultValue,
    QgsEditFormConfig,
    QgsEditorWidgetSetup,
    QgsExpression,
    QgsFieldConstraints,
    QgsLayerNotesUtils,
    QgsProject,
    QgsValueMapFieldFormatter,
    QgsVectorLayer,
)

from ...core.standard.messages.texts import Texts
from ...core.standard.numbering import has_county_code_format
from ..settings import get_report_language
from .check_constraints import make_check_constraints, make_date_expression
from .dependent_fields import FORM_PROPERTY, make_expression_keeping_value
from .feature_numbers import COUNTY_CODE_PROPERTY

if TYPE_CHECKING:
    from ...core.standard import Standard
    from ...core.standard.profile import Norm
    from ...core.standard.template import CodeList, Template, TemplateField

#: The county's name if the list of divisions lacks it; stored in the layer next to its code.
COUNTY_NAME_PROPERTY = "sanxian/county_name"
#: The sections of a form's first tab, where it has tabs.
_SECTIONS_OF_FIRST_TAB = ("identity", "attributes")
#: Meanings of the fields that get the area of a drawn feature.
MEASURED_MEANINGS = ("area", "gross_area")
FORM_SECTION_IDS = ("identity", "attributes", "areas", "others")
_IDENTITY_MEANINGS = ("key", "feature_code", "division_code", "division_name", "feature_name")
_REMARK_FIELD = "BZ"
#: Ends the notes that this module wrote; a text that begins with it is not taken for rich text.
_PLUGIN_NOTES_MARK = "<!-- sanxian -->"
#: A form with more fields than this has a tab for each section, else a box.
_MAX_FIELDS_WITHOUT_TABS = 12
#: A longer text gets a field of several lines.
_MAX_LENGTH_OF_ONE_LINE = 255
#: Precedes a label for each level below the first; `gui.editing.open_forms` reads levels from it.
LEVEL_INDENT = "\u3000"
#: Sections with more fields than this have two columns.
_MAX_FIELDS_IN_ONE_COLUMN = 6
_GROUP_BOX, _TAB_PAGE = Qgis.AttributeEditorContainerType.GroupBox, Qgis.AttributeEditorContainerType.Tab
_HARD_CONSTRAINT = QgsFieldConstraints.ConstraintStrength.ConstraintStrengthHard


def find_matching_template(layer: QgsVectorLayer, role: str, standard: Standard) -> Template | None:
    """Return the template of a role, in the edition that shares most fields with the layer.

    ``role``: code of the plan layer, for example CZKFBJ. None for a role without a template.
    """
    layer_field_names = {name.upper() for name in layer.fields().names()}
    return max(
        standard.list_templates_of_role(role),
        key=lambda t: sum(f.name in layer_field_names for f in t.fields) / max(len(t.fields), 1),
        default=None,
    )


def apply_template_form(layer: QgsVectorLayer, template: Template, norm: Norm) -> None:
    """Set the attribute form of a layer from its template.

    Template fields that the layer lacks are skipped; data are unchanged. Default values use the county of the
    profile, else the county stored in the layer when it was created.
    """
    county = _find_county_code(norm) or str(layer.customProperty(COUNTY_CODE_PROPERTY, "") or "")
    if county:
        layer.setCustomProperty(COUNTY_CODE_PROPERTY, county)
    texts = Texts(get_report_language())
    fields = {f.name: layer.fields().lookupField(f.name) for f in template.fields}
    for field in template.fields:
        index = fields[field.name]
        if index >= 0:
            layer.setFieldAlias(index, field.alias)
            layer.setEditorWidgetSetup(
                index, _make_widget_setup(field, find_allowed_codes(template, field, norm), texts)
            )
            _set_constraint(layer, index, field, template, norm, texts)
    autofilled_indexes = _set_default_values(layer, template, norm, county)
    config = _make_section_config(layer, template, texts)
    for index in range(layer.fields().count()):
        config.setReadOnly(index, index in autofilled_indexes)
    layer.setEditFormConfig(config)
    _set_layer_notes(layer, template, norm)
    # Removed first, because setting an equal value emits no signal.
    layer.removeCustomProperty(FORM_PROPERTY)
    layer.setCustomProperty(FORM_PROPERTY, template.role)


def _set_layer_notes(layer: QgsVectorLayer, template: Template, norm: Norm) -> None:
    """Set the notes that QGIS shows at the layer in the layer tree; notes of the user stay."""
    former_notes = QgsLayerNotesUtils.layerNotes(layer)
    if former_notes and _PLUGIN_NOTES_MARK not in former_notes:
        return
    try:
        from ...core.render.dictionary import describe_layer

        lines = [html.escape(line) for line in describe_layer(template, norm.standard, get_report_language())]
    except ImportError:
        # Without the libraries, which the rules of a layer need, the sample opens with forms and no notes.
        return
    paragraphs = "".join(f"<p>{line}</p>" for line in [f"<b>{lines[0]}</b>", *lines[1:]])
    QgsLayerNotesUtils.setLayerNotes(layer, f"{paragraphs}{_PLUGIN_NOTES_MARK}")


def get_role_of_form(layer: QgsVectorLayer) -> str:
    """Return the role (code of the plan layer) that a layer's form was made for.

    Empty if the form was not made by the plugin.
    """
    return str(layer.customProperty(FORM_PROPERTY, "") or "")


def apply_forms_to_project(project: QgsProject, layer_id_by_role: dict[str, str], norm: Norm) -> list[str]:
    """Set the attribute forms of layers and return the names of these layers.

    ``layer_id_by_role``: role → layer id. Layers that are no longer in the project are skipped.
    """
    changed_layers = []
    for role, layer_id in layer_id_by_role.items():
        layer = project.mapLayer(layer_id)
        template = find_matching_template(layer, role, norm.standard) if isinstance(layer, QgsVectorLayer) else None
        if template is not None:
            apply_template_form(layer, template, norm)
            changed_layers.append(layer.name())
    return changed_layers


def _find_county_code(norm: Norm) -> str:
    """Return the code of the county that the profile is for.

    Empty if the profile is for a province or a city, or for no area.
    """
    code = norm.profile.area_code
    return code if has_county_code_format(code) and not code.endswith("00") else ""


# --- widgets
def _make_widget_setup(field: TemplateField, codes: CodeList | None, texts: Texts) -> QgsEditorWidgetSetup:
    """Return the form widget for a field: drop-down list for codes, calendar for dates, text edit for texts."""
    if codes is not None:
        blank_choice = {texts.get("forms", "blank"): QgsValueMapFieldFormatter.NULL_VALUE}
        choices = [{label: code} for label, code in list_code_choices(codes, field.code_pad)]
        return QgsEditorWidgetSetup("ValueMap", {"map": [blank_choice, *choices]})
    if field.type == "date":
        date_widget_options = {"display_format": "yyyy-MM-dd", "calendar_popup": True, "allow_null": True}
        return QgsEditorWidgetSetup("DateTime", date_widget_options)
    if field.type == "text":
        return QgsEditorWidgetSetup("TextEdit", {"IsMultiline": (field.length or 0) > _MAX_LENGTH_OF_ONE_LINE})
    return QgsEditorWidgetSetup()


def find_allowed_codes(template: Template, field: TemplateField, norm: Norm) -> CodeList | None:
    """Return the codes that a layer's field allows; None without a code list.

    Excluded are codes of other layers (setting `attributes.layer_codes`) and, in the central urban area (中心城区),
    first-level planning zones that are divided into second-level ones.
    """
    if not field.codes:
        return None
    codes = norm.standard.code_lists[field.codes]
    allowed_entries = norm.get_accepted_codes_of_field(template, field)
    role = template.base or template.role
    if field.meaning == "zone_code" and role in norm.get("attributes.centre_zone_layers"):
        divided = {row.parent for row in allowed_entries.values()}
        allowed_entries = {code: row for code, row in allowed_entries.items() if row.parent or code not in divided}
    return replace(codes, entry_by_code=allowed_entries)


def list_code_choices(codes: CodeList, pad: int = 0) -> list[tuple[str, str]]:
    """Return the entries of a code list for a drop-down list, as (label, code).

    Children follow their parent and are indented; the code is written as in the data. ``pad``: length to which
    codes are padded with zeros.
    """
    codes_by_parent: dict[str, list[str]] = {}
    for code in codes.entry_by_code.values():
        codes_by_parent.setdefault(code.parent if code.parent in codes.entry_by_code else "", []).append(code.code)
    code_choices: list[tuple[str, str]] = []

    def add_children(parent: str, depth: int) -> None:
        for code in sorted(codes_by_parent.get(parent, ())):
            padded_code = code.ljust(pad, "0")
            code_choices.append((f"{LEVEL_INDENT * depth}{padded_code} {codes.entry_by_code[code].name}", padded_code))
            add_children(code, depth + 1)

    add_children("", 0)
    return code_choices


# --- constraints
def _set_constraint(
    layer: QgsVectorLayer, index: int, field: TemplateField, template: Template, norm: Norm, texts: Texts
) -> None:
    filled_codes = norm.get("attributes.filled_codes")
    is_required = field.meaning == "key" or field.constraint == "M" or field.name in filled_codes
    if is_required:
        layer.setFieldConstraint(index, QgsFieldConstraints.Constraint.ConstraintNotNull, _HARD_CONSTRAINT)
    if field.meaning == "key":
        layer.setFieldConstraint(index, QgsFieldConstraints.Constraint.ConstraintUnique, _HARD_CONSTRAINT)
    rule, case, params = _make_constraint_and_message(layer, index, field, template, norm)
    if field.codes:
        case = "codes_filled" if is_required else case
        params["list"] = texts.get_setting_name(f"codes.{field.codes}")
    place_params = {"layer": f"{template.name} {template.role}", "field": f"{field.alias} {field.name}"}
    reasons = [texts.get("forms", case, **params, **place_params)] if rule else []
    if is_required and field.meaning != "key":
        column_reference = QgsExpression.quotedColumnRef(layer.fields().at(index).name())
        rule = " AND ".join(
            [f"trim(coalesce(to_string({column_reference}), '')) <> ''", *([f"({rule})"] if rule else [])]
        )
        if not field.codes:
            reasons.insert(0, texts.get("forms", "filled", **place_params))
    check_constraints = make_check_constraints(layer, template.role, field.name, norm, texts)
    if rule or check_constraints:
        # A field has one expression: a check below ERROR makes it a warning, so that it does not prevent saving.
        is_hard = all(one.is_hard for one in check_constraints)
        if check_constraints:
            rule = " AND ".join(f"({one})" for one in (rule, *(one.expression for one in check_constraints)) if one)
        reasons += [one.description for one in check_constraints]
        layer.setConstraintExpression(index, rule, texts.join_sentences(reasons))
        strength = _HARD_CONSTRAINT if is_hard else QgsFieldConstraints.ConstraintStrength.ConstraintStrengthSoft
        layer.setFieldConstraint(index, QgsFieldConstraints.Constraint.ConstraintExpression, strength)


def _make_constraint_and_message(
    layer: QgsVectorLayer, index: int, field: TemplateField, template: Template, norm: Norm
) -> tuple[str, str, dict[str, Any]]:
    """Return a field's constraint as (expression, message key, message parameters).

    Empty values satisfy it; whether a field may be empty is a separate constraint. All three are empty for a field
    without a constraint.
    """
    column_reference = QgsExpression.quotedColumnRef(layer.fields().at(index).name())
    blank_condition = f"coalesce(to_string({column_reference}), '') = ''"
    codes = find_allowed_codes(template, field, norm)
    if codes is not None:
        allowed_codes = dict.fromkeys(
            ["", *codes.entry_by_code, *(c.ljust(field.code_pad, "0") for c in codes.entry_by_code)]
        )
        quoted_codes = ", ".join(QgsExpression.quotedString(c) for c in allowed_codes)
        return f"coalesce(to_string({column_reference}), '') IN ({quoted_codes})", "codes", {}
    if field.meaning == "key" and field.length:
        return f"length({column_reference}) = {field.length}", "key", {"length": field.length}
    earliest = int(norm.get("rules.ATT016.earliest_year"))
    if field.meaning == "data_year":
        within = f"to_int({column_reference}) BETWEEN {earliest} AND year(now())"
        return f"{blank_condition} OR coalesce(try({within}), false)", "year", {"earliest": earliest}
    if field.type == "date":
        # The date must be valid and not before the earliest year; an end date not before its start date, any other date
        # not after today.
        starts = dict(reversed(line.split()) for line in norm.get("attributes.date_pairs"))
        start = layer.fields().lookupField(starts.get(field.name, ""))
        bounds, case, params = (
            [f"{make_date_expression(column_reference)} >= to_date('{earliest}-01-01')"],
            "date",
            {"earliest": earliest},
        )
        if field.name not in starts:
            bounds.append(f"{make_date_expression(column_reference)} <= to_date(now())")
        elif start < 0:
            case = "date_end_alone"
        else:
            case = "date_end"
            column = QgsExpression.quotedColumnRef(layer.fields().at(start).name())
            bounds.append(f"coalesce({make_date_expression(column_reference)} >= {make_date_expression(column)}, true)")
            params["start"] = f"{layer.attributeDisplayName(start)} {layer.fields().at(start).name()}"
        return (
            f"coalesce(to_string({column_reference}), '') = '' OR coalesce({' AND '.join(bounds)}, false)",
            case,
            params,
        )
    if field.meaning == "deduction_rate":
        return (
            f"{blank_condition} OR coalesce(try({column_reference} >= 0 AND {column_reference} < 1), false)",
            "rate",
            {},
        )
    if field.type in ("integer", "real"):
        return f"{blank_condition} OR coalesce(try({column_reference} >= 0), false)", "number", {}
    if field.type == "text" and field.length:
        return f"coalesce(length({column_reference}), 0) <= {field.length}", "length", {"length": field.length}
    return "", "", {}


# --- default values
def _make_default_expression(
    layer: QgsVectorLayer, template: Template, field: TemplateField, norm: Norm, county_code: str
) -> str:
    """Return the default expression of a field that depends on no other field.

    Empty for a field without a default value.
    """
    if field.meaning == "key":
        return f"sanxian_next_bsm(@layer{f', {QgsExpression.quotedString(county_code)}' if county_code else ''})"
    if field.meaning == "feature_code" and template.feature_code:
        return QgsExpression.quotedString(template.feature_code)
    if field.default:
        return QgsExpression.quotedString(field.default)
    if county_code and template.role not in norm.standard.concepts.get("townships", ()):
        return _make_division_expression(
            field, norm, county_code, str(layer.customProperty(COUNTY_NAME_PROPERTY, "") or "")
        )
    return ""


def _set_default_values(layer: QgsVectorLayer, template: Template, norm: Norm, county_code: str) -> set[int]:
    """Set the default values of a layer; return the indexes of the fields that they fill completely."""
    autofilled_indexes: set[int] = set()
    index_by_field_name = {f.name: layer.fields().lookupField(f.name) for f in template.fields}
    followed = {f.code_name: f for f in template.fields if f.code_name and index_by_field_name[f.name] >= 0}
    for field in template.fields:
        index = index_by_field_name[field.name]
        if index < 0:
            continue
        column_name, by = layer.fields().at(index).name(), followed.get(field.name)
        follows = by is not None
        if by is not None:
            code_column = QgsExpression.quotedColumnRef(layer.fields().at(index_by_field_name[by.name]).name())
            expression = f"sanxian_code_name({QgsExpression.quotedString(by.codes)}, {code_column})"
        elif field.meaning in MEASURED_MEANINGS and (
            template.geometry == "polygon" and field.unit in ("", "m2") and layer.crs().isValid()
        ):
            decimals = 2 if field.decimals is None else field.decimals
            follows = field.meaning == "area"
            expression = f"round(sanxian_statutory_area(@geometry), {decimals})"
        else:
            expression = _make_default_expression(layer, template, field, norm, county_code)
        if follows:
            expression = make_expression_keeping_value(expression, column_name)
        # Never on update: QGIS would evaluate it for each changed row. `dependent_fields` fills dependent fields.
        layer.setDefaultValueDefinition(index, QgsDefaultValue(expression, False))
        if follows or field.meaning == "key" or (field.meaning == "feature_code" and expression):
            autofilled_indexes.add(index)
        if field.meaning == "key":
            # Each piece of a split or copied feature gets a new number.
            layer.setFieldSplitPolicy(index, Qgis.FieldDomainSplitPolicy.DefaultValue)
            layer.setFieldDuplicatePolicy(index, Qgis.FieldDuplicatePolicy.DefaultValue)
    return autofilled_indexes


def find_constant_value_by_field(template: Template, norm: Norm) -> dict[str, str]:
    """Return field → value, for the fields that have the same value in all features of the profile's county.

    The fields are those of the feature code, of the county's code and name, and with a default value in the template.
    """
    county, constant_values = _find_county_code(norm), {}
    for field in template.fields:
        value = ""
        if field.meaning == "feature_code":
            value = template.feature_code
        elif field.default:
            value = field.default
        elif county and template.role not in norm.standard.concepts.get("townships", ()):
            value = str(QgsExpression(_make_division_expression(field, norm, county, "") or "''").evaluate() or "")
        if value:
            constant_values[field.name] = value
    return constant_values


def _make_division_expression(field: TemplateField, norm: Norm, county_code: str, name: str) -> str:
    """Return the default expression for the code or the name of the county; empty if its name is unknown."""
    if field.meaning == "division_code":
        return QgsExpression.quotedString(county_code)
    divisions = norm.standard.code_lists.get("divisions")
    if divisions and county_code in divisions.entry_by_code:
        name = divisions.entry_by_code[county_code].name
    return QgsExpression.quotedString(name) if field.meaning == "division_name" and name else ""


# --- sections
def _get_form_section(field: TemplateField | None) -> str:
    """Return the section of the form in which a field is placed.

    ``field`` is None for a field that the template lacks.
    """
    if field is None or field.personal or field.name == _REMARK_FIELD:
        return "others"
    if field.meaning in _IDENTITY_MEANINGS:
        return "identity"
    if field.unit == "m2" or field.meaning in ("area", "deduction_rate") or field.meaning.endswith("_area"):
        return "areas"
    return "attributes"


def _make_section_config(layer: QgsVectorLayer, template: Template, texts: Texts) -> QgsEditFormConfig:
    """Return the form configuration with the fields in sections, on tabs if they are many."""
    template_field_by_name = {f.name.upper(): f for f in template.fields}
    ids = set() if layer.providerType() == "memory" else set(layer.primaryKeyAttributes())
    sections: dict[str, list[tuple[str, int]]] = {name: [] for name in FORM_SECTION_IDS}
    for index, field in enumerate(layer.fields()):
        template_field = template_field_by_name.get(field.name().upper())
        if template_field is not None or index not in ids:
            sections[_get_form_section(template_field)].append((field.name(), index))
    tabs = sum(map(len, sections.values())) > _MAX_FIELDS_WITHOUT_TABS
    config = layer.editFormConfig()
    config.clearTabs()
    config.setLayout(Qgis.AttributeFormLayout.DragAndDrop)
    root = config.invisibleRootContainer()
    front = None
    if tabs:
        # Number and name are above the attributes; on a separate tab they would hide the fields to fill in.
        front = QgsAttributeEditorContainer(texts.get("forms", "attributes"), root)
        front.setType(_TAB_PAGE)
        config.addTab(front)
    for name, members in sections.items():
        inside = front if front is not None and name in _SECTIONS_OF_FIRST_TAB else root
        section = QgsAttributeEditorContainer(texts.get("forms", name), inside)
        section.setType(_GROUP_BOX if not tabs or inside is front else _TAB_PAGE)
        section.setColumnCount(
            2 if len(members) > _MAX_FIELDS_IN_ONE_COLUMN or (inside is front and len(members) > 1) else 1
        )
        for field_name, index in members:
            section.addChildElement(QgsAttributeEditorField(field_name, index, section))
        if not members:
            continue
        if inside is root:
            config.addTab(section)
        else:
            inside.addChildElement(section)
    return config
