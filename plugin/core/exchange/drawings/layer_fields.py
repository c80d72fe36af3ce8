# SPDX-License-Identifier: GPL-2.0-or-later
"""The fields of layers from drawings: of projects, and those that each layer has in addition to its template."""

from __future__ import annotations

from dataclasses import replace

from ...standard.template import Template, TemplateField

#: Name of the layer of projects, and the field that has a project's name.
PROJECT = "XMFW"
LAYER_FIELD, HANDLE_FIELD, TEXT_FIELD, GAP_FIELD = "TZTC", "TZJB", "TZWZ", "TZBHJL"
PLANE_FIELD, STATUTORY_FIELD = "TZPMMJ", "TZTQMJ"
_DRAWING_FIELDS = (
    TemplateField(LAYER_FIELD, "图纸图层", "text", "C"),
    TemplateField(HANDLE_FIELD, "图纸图元句柄", "text", "C"),
    TemplateField(TEXT_FIELD, "图纸文字", "text", "C"),
    TemplateField(GAP_FIELD, "图纸闭合间隙（米）", "real", "C"),
    TemplateField(PLANE_FIELD, "图纸平面面积（平方米）", "real", "C"),
    TemplateField(STATUTORY_FIELD, "图纸图斑椭球面积（平方米）", "real", "C"),
)


def make_project_template() -> Template:
    """Return the layer of projects as a template."""
    return Template(
        role=PROJECT,
        name="项目范围",
        geometry="polygon",
        overlap="allowed",
        constraint="",
        name_mark="C",
        fields_mark="C",
        source="",
        fields=(TemplateField("XMBH", "项目编号", "text", "C"), TemplateField("XMMC", "项目名称", "text", "C")),
    )


def add_drawing_fields(template: Template) -> Template:
    """Return a template with the fields that state where in the drawing a polygon is; areas are in m²."""
    return replace(template, fields=(*template.fields, *_DRAWING_FIELDS))
