#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the JSON schemas of the TOML files that people edit: ``python tools/make_schemas.py``.

An editor completes and checks the files with them (CONTRIBUTING.md, More kinds). They come from the annotations by
which the plugin reads the files; those of a profile's settings come from the county's standard.
"""

import json
import re
import sys
from dataclasses import is_dataclass
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from plugin.core.base.files.data import (  # noqa: E402 - after the path is set
    EVERY_KEY,
    ONE_OR_SEVERAL,
    Limit,
    list_known_values,
    list_record_items,
)
from plugin.core.exchange.boundary_points.forms import PointForm  # noqa: E402
from plugin.core.exchange.drawings.mapping import MappingFile as DrawingMappingFile  # noqa: E402
from plugin.core.exchange.mapping import FieldMapping  # noqa: E402
from plugin.core.model.rule import load_all_rules  # noqa: E402
from plugin.core.package.package_spec.spec import PackageSpec  # noqa: E402
from plugin.core.standard import EVERY_RULE, SETTING_SECTIONS, Standard, load_standard  # noqa: E402
from plugin.core.standard.conflicts import ConflictsFile  # noqa: E402
from plugin.core.standard.edition import StandardFile  # noqa: E402
from plugin.core.standard.indicator_catalogue import CatalogueFile  # noqa: E402
from plugin.core.standard.maintenance import MaintenanceSpec  # noqa: E402
from plugin.core.standard.map_set import MapSet  # noqa: E402
from plugin.core.standard.messages.texts import Texts  # noqa: E402
from plugin.core.standard.profile.checks import find_setting_type  # noqa: E402
from plugin.core.standard.profile.load import ProfileFile  # noqa: E402
from plugin.core.standard.template import Template  # noqa: E402
from plugin.core.studies.office_tables.office_table import TableLayout  # noqa: E402
from plugin.core.studies.projects.review_settings import ReviewFile  # noqa: E402

SCHEMAS_FOLDER = ROOT / "resources" / "schemas"
#: Name of a schema → files of the repository that it describes, and their dataclass.
FILE_KINDS: dict[str, tuple[str, Any]] = {
    "boundary_points": ("resources/boundary_points/t*.toml", PointForm),
    "conflicts": ("resources/standards/*/conflicts.toml", ConflictsFile),
    "conformity": ("resources/standards/*/conformity.toml", ReviewFile),
    "drawing_mapping": ("resources/drawings/[!s]*.toml", DrawingMappingFile),
    "indicators": ("resources/standards/*/indicators.toml", CatalogueFile),
    "maintenance": ("resources/standards/*/maintenance.toml", MaintenanceSpec),
    "map_set": ("resources/layouts/maps.toml", MapSet),
    "mapping": ("*.mapping.toml", FieldMapping),
    "office_table": ("resources/office_tables/*.toml", TableLayout),
    "package": ("resources/packages/*.toml", PackageSpec),
    "profile": ("resources/profiles/*.toml", ProfileFile),
    "standard": ("resources/standards/*/standard.toml", StandardFile),
    "template": ("resources/standards/*/templates/*.toml", Template),
}
_JSON_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", dict: "object", list: "array"}


def describe(kind: Any) -> dict[str, Any]:
    """Return the schema of an annotation, as `read_value` reads it."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return {}
    if origin is Annotated:
        schema = describe(arguments[0])
        for limit in arguments[1:]:
            schema |= limit.schema if isinstance(limit, Limit) else {}
        return {"anyOf": [schema["items"], schema]} if ONE_OR_SEVERAL in arguments else schema
    if origin is list or (origin is tuple and arguments[-1] is ...):
        return {"type": "array", "items": describe(arguments[0])}
    if origin is tuple:
        length = len(arguments)
        return {"type": "array", "items": [describe(one) for one in arguments], "minItems": length, "maxItems": length}
    if origin is dict:
        schema = {"type": "object", "additionalProperties": describe(arguments[1])}
        if keys := list_known_values(arguments[0]):
            schema |= {"properties": {key: describe(arguments[1]) for key in keys}, "additionalProperties": False}
        return schema | ({"required": keys} if EVERY_KEY in get_args(arguments[0]) else {})
    if origin in (Union, UnionType):
        kinds = [describe(one) for one in arguments if one is not NoneType]
        return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    if is_dataclass(kind):
        return describe_record(kind)
    if origin is Literal or (isinstance(kind, type) and issubclass(kind, Enum)):
        return {"enum": list_known_values(kind)}
    return {"type": _JSON_TYPES[kind]}


def describe_record(kind: Any) -> dict[str, Any]:
    """Return the schema of a dataclass; the docstring has the descriptions of its keys: ``key``: …."""
    text = " ".join((kind.__doc__ or "").split())
    texts = dict(re.findall(r"``(\w+)``: ([^;.]+)", text))
    items = list_record_items(kind)
    properties = {}
    for key, item in items.items():
        properties[key] = describe(item.kind)
        if item.field_name in texts:
            properties[key]["description"] = texts[item.field_name]
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if hasattr(kind, "check_record"):
        # What only the reader checks.
        schema["$comment"] = " ".join(kind.check_record.__doc__.split())
    required = [key for key, item in items.items() if item.is_required]
    return schema | ({"required": required} if required else {})


def describe_settings(standard: Standard, path: tuple[str, ...]) -> dict[str, Any]:
    """Return the schema of a section of settings, or of a table in it, with the names of the settings."""
    titles = Texts("zh").get_section("setting")
    properties: dict[str, Any] = {}
    for key in standard.settings:
        parts = tuple(key.split("."))
        if parts[: len(path)] == path and len(parts) > len(path):
            name = parts[len(path)]
            is_value = len(parts) == len(path) + 1
            one = describe(find_setting_type(key, standard)) if is_value else describe_settings(standard, (*path, name))
            properties[name] = one | ({"description": titles[key]} if key in titles else {})
    return {"type": "object", "properties": properties, "additionalProperties": False}


def add_standard_to_profile(schema: dict[str, Any], standard: Standard) -> None:
    """Add what a profile may set: the settings and the lists of a standard, and the rules with their parameters."""
    rules, properties = load_all_rules(), schema["properties"]
    properties |= {section: describe_settings(standard, (section,)) for section in SETTING_SECTIONS}
    # Any layer may have these limits, and a county may define further zones.
    for name in ("min_area_m2", "narrow_m"):
        limits = properties["quality"]["properties"].setdefault(name, {"type": "object"})
        limits["additionalProperties"] = {"type": "number", "minimum": 0}
    three_zones = [entry.name for entry in standard.code_lists["three_zones"].entry_by_code.values()]
    properties["three_zones"] = {"type": "object", "additionalProperties": {"enum": three_zones}}
    for rule in rules.values():
        parameters = {
            one.name: {"type": "number", "minimum": 0, **({"maximum": 1} if one.name.endswith("_share") else {})}
            for one in rule.parameters
        }
        properties["rules"]["properties"][rule.code] = {
            "type": "object",
            "properties": parameters,
            "additionalProperties": False,
        }
    schema["definitions"] = {"severities": properties["severity"] | {"properties": {code: {} for code in rules}}}
    severities = {"$ref": "#/definitions/severities"}
    properties["severity"] = severities
    for phase in properties["phase"]["properties"].values():
        phase["properties"]["severity"] = severities
    for key in ("rules_extra", "rules_off"):
        # Checks that the file declares have codes of another form.
        codes = {"enum": [EVERY_RULE, *standard.rule_groups, *rules]}
        properties[key]["items"] = {"anyOf": [codes, {"type": "string", "pattern": "^X"}]}
    properties["absent"]["properties"]["concepts"]["items"] = {"enum": [*standard.concepts, *standard.templates]}
    for key, name in (("kind", "heritage_kind"), ("level", "heritage_level")):
        names = [entry.name for entry in standard.code_lists[name].entry_by_code.values()]
        properties["heritage_register"]["items"]["properties"][key]["enum"] = [
            *names,
            *([""] if key == "level" else []),
        ]


def make_schemas() -> dict[Path, str]:
    """Return path → text of each schema, and of the file by which editors find them."""
    schemas = {name: describe_record(kind) for name, (_, kind) in FILE_KINDS.items()}
    schemas["standard"]["properties"] |= {section: {"type": "object"} for section in SETTING_SECTIONS}
    add_standard_to_profile(schemas["profile"], load_standard())
    head = {"$schema": "http://json-schema.org/draft-07/schema#"}
    texts = {
        SCHEMAS_FOLDER / f"{name}.json": json.dumps({**head, **schema}, ensure_ascii=False, indent=1) + "\n"
        for name, schema in schemas.items()
    }
    rules = [
        f'\n[[rule]]\ninclude = ["{pattern}"]\nschema.path = "resources/schemas/{name}.json"\n'
        for name, (pattern, _) in FILE_KINDS.items()
    ]
    return {**texts, ROOT / ".taplo.toml": "# Written by tools/make_schemas.py for editors.\n" + "".join(rules)}


if __name__ == "__main__":
    SCHEMAS_FOLDER.mkdir(exist_ok=True)
    for path, text in make_schemas().items():
        path.write_text(text, encoding="utf-8")
