# SPDX-License-Identifier: GPL-2.0-or-later
"""What the rules on packages (DOC) share: they look at `package_facts`, and do not apply where no package is inspected."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....metadata import plugin_version
from ...messages.texts import Texts
from ...model.findings import Finding
from ...model.rule import Example, RuleResult, Severity
from ..generator import generator_digest
from ..inspection.facts import PackageFacts

if TYPE_CHECKING:
    from ...engine.context import Context
    from ...plan.layer import Layer
    from ..inspection.facts import LayerFact


#: What every one of these rules passes.
NONE_INSPECTED = Example("no package is inspected", {})


def example(title: str, finds: int = 0, *, plan: dict[str, list[Any]] | None = None, **changes: Any) -> Example:
    """A whole package of a county after ``changes`` (`facts_of` of the tests lists them), with the layers of its ``plan``."""
    return Example(title, plan or {}, finds=finds, side={"package": changes})


def package_facts(ctx: Context) -> PackageFacts | None:
    """Return what is seen of the package that is inspected, if one is."""
    return ctx.side.get("package", PackageFacts)


def inspect_facts(ctx: Context, inspect: Callable[[PackageFacts, Context], Iterable[Finding]]) -> RuleResult:
    """What a look at the package finds; not applicable where none is inspected."""
    package = package_facts(ctx)
    return no_package_given() if package is None else RuleResult(findings=list(inspect(package, ctx)))


def no_package_given() -> RuleResult:
    return RuleResult(applicable=False, notes=[("package_not_given", {})])


def make_file_finding(path: str, case: str = "", severity: Severity | None = None, **params: Any) -> Finding:
    """A finding on a file of the package: its path is its key, so that it is known again."""
    return Finding("", key=path, case=case, severity=severity, params={"file": path, **params})


def find_additional_fields(layer: LayerFact, package: PackageFacts, ctx: Context) -> list[str]:
    """Fields of a layer of the package that neither a template of its role has nor the form; none where its role is not known."""
    standard, upper = ctx.norm.standard, layer.name.upper()
    slots = [slot for vectors in package.sets_of(layer.file) for slot in vectors.layers]
    called = [role for s in slots if s.name.upper() == upper for role in standard.concepts.get(s.layer, (s.layer,))]
    templates = [t for role in called or [upper] if role in standard.templates for t in standard.all_templates(role)]
    if not templates or not layer.fields:
        return []
    known = {name.upper() for slot in slots for name in slot.names.values()}
    for template in templates:
        known |= {name.upper() for pair in template.export_names.items() for name in pair}
    return [name for name in layer.fields if name.upper() not in known]


def is_of_other_version(package: PackageFacts) -> bool:
    """Return True if the manifest names another version or build of this plugin."""
    tool = (package.manifest or {}).get("tool")
    versions = tool.get("versions") if isinstance(tool, dict) else None
    said = versions.get("sanxian") if isinstance(versions, dict) else None
    return said is not None and (said != plugin_version() or _of_other_build(tool))


def _of_other_build(tool: Any) -> bool:
    """Was the package made with other templates, texts or code for pages, whatever version the manifest names?"""
    return isinstance(tool, dict) and tool.get("generator") != generator_digest()


def explain_not_rebuilt(package: PackageFacts, version: str) -> str:
    """Why pages of this version may differ from those made here (key of texts ``explain_not_rebuilt``); empty where they may not."""
    if version != plugin_version():
        return "version"
    tool = package.manifest.get("tool") if package.manifest else None
    return "templates" if _of_other_build(tool) else ""


def is_made_by_plugin(package: PackageFacts) -> bool:
    """Return True if the manifest says that this plugin made the package."""
    tool = package.manifest.get("tool") if package.manifest else None
    return isinstance(tool, dict) and tool.get("name") == "sanxian"


def show_value(value: Any, texts: Texts) -> str:
    """Return a value as a message repeats it; words for an empty or absent one."""
    text = "" if value is None else str(value).strip()
    return text or texts.get("words", "left_blank")


def show_profile(profile: str, texts: Texts) -> str:
    """A profile by its id, in words where none is chosen."""
    return profile or texts.get("words", "no_profile")


def year_of(layer: Layer | None) -> str:
    """The one year of the data that a layer's rows say, as the manifest has it; empty for none or several."""
    years = set(layer.text("data_year")) - {""} if layer is not None and layer.has("data_year") else set()
    return next(iter(years)) if len(years) == 1 else ""


def stated_field_count(layer: LayerFact, package: PackageFacts) -> int | None:
    """How many fields the manifest says a layer has; None where it does not say."""
    rows = package.manifest["layers"] if package.manifest else []
    told = [r.get("fields") for r in rows if (r["file"], r["layer"].upper()) == (layer.file, layer.name.upper())]
    return told[0] if told and isinstance(told[0], int) else None


#: Keys that a message names, and letters of each.
_NAMED, _LONGEST = 8, 80


@cache
def _schema(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def unknown_keys(data: Any, path: Path) -> str:
    """Name the keys of ``data`` that the JSON schema at ``path`` has no place for; empty for none. Objects of which the schema
    names no properties may have any."""
    schema = _schema(path)
    found = list(dict.fromkeys(_unknown(data, schema, schema, "")))
    return ", ".join(key[:_LONGEST] for key in found[:_NAMED]) + (" …" if len(found) > _NAMED else "")


def _unknown(data: Any, schema: dict[str, Any], whole: dict[str, Any], place: str) -> Iterator[str]:
    if "$ref" in schema:
        schema = whole["$defs"][schema["$ref"].rpartition("/")[2]]
    if isinstance(data, list) and "items" in schema:
        for one in data:
            yield from _unknown(one, schema["items"], whole, f"{place}[]")
    if not isinstance(data, dict):
        return
    properties, more = schema.get("properties"), schema.get("additionalProperties")
    for key, value in data.items():
        inside = f"{place}.{key}" if place else key
        if properties is not None and key in properties:
            yield from _unknown(value, properties[key], whole, inside)
        elif isinstance(more, dict):
            yield from _unknown(value, more, whole, inside)
        elif properties is not None and key not in schema.get("required", ()):
            yield inside
