# SPDX-License-Identifier: GPL-2.0-or-later
"""Functions that the rules on packages (DOC) share.

These rules read the facts of the inspected package; they are not applicable in a check without one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from ....metadata import read_plugin_version
from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import RuleExample, RuleResult, Severity
from ...standard.messages.texts import Texts
from ..inspection.facts import LayerFact, PackageFacts
from ..manifest import compute_generator_digest

#: An example that every one of these rules passes.
NO_PACKAGE_EXAMPLE = RuleExample("no package is inspected", {})


def make_example(
    title: str, finds: int = 0, *, plan: dict[str, list[Any]] | None = None, **changes: Any
) -> RuleExample:
    """Return an example of a rule, whose package is that of a county after ``changes``.

    ``finds``: the expected number of findings; ``plan``: the layers of its data. `make_package_facts` of the tests
    lists the possible changes.
    """
    return RuleExample(title, plan or {}, finds=finds, side={"package": changes})


def inspects_package(inspect: Callable[..., Iterable[Finding] | RuleResult]) -> Callable[..., RuleResult]:
    """Return the function of a rule that calls ``inspect`` with the facts of the inspected package.

    The rule is not applicable in a check without a package.
    """

    @wraps(inspect)
    def check_package(*, ctx: RuleContext, **parameters: Any) -> RuleResult:
        package = ctx.side_inputs.get_input("package", PackageFacts)
        if package is None:
            return RuleResult(is_applicable=False, notes=[("package_not_given", {})])
        result = inspect(package, ctx=ctx, **parameters)
        return result if isinstance(result, RuleResult) else RuleResult(findings=list(result))

    return check_package


def make_file_finding(
    path: str, case: str = "", severity: Severity | None = None, *, part: str = "", **params: Any
) -> Finding:
    """Return a finding on a file of the package, or on a part of it.

    The file's path and ``part`` identify the finding in later checks.
    """
    return Finding(
        "", key=f"{path}/{part}" if part else path, case=case, severity=severity, params={"file": path, **params}
    )


def make_layer_finding(file: str, name: str, case: str, severity: Severity | None = None, **params: Any) -> Finding:
    """Return a finding on a layer of a file or data set; both identify the finding in later checks."""
    return make_file_finding(file, case, severity, part=name, name=name, **params)


def find_additional_fields(layer: LayerFact, package: PackageFacts, ctx: RuleContext) -> list[str]:
    """Return the names of a layer's fields that neither template nor specification has.

    The result is empty if the template of the layer is unknown.
    """
    standard, upper_name = ctx.norm.standard, layer.name.upper()
    slots = [slot for vectors in package.find_vector_sets(layer.file) for slot in vectors.layers]
    roles_by_name = [
        role for s in slots if s.name.upper() == upper_name for role in standard.concepts.get(s.layer, (s.layer,))
    ]
    templates = [
        t
        for role in roles_by_name or [upper_name]
        if role in standard.templates
        for t in standard.list_templates_of_role(role)
    ]
    if not templates or not layer.field_names:
        return []
    known_fields = {name.upper() for slot in slots for name in slot.names_by_field.values()}
    known_fields |= {n.upper() for t in templates for pair in t.shapefile_name_by_field.items() for n in pair}
    return [name for name in layer.field_names if name.upper() not in known_fields]


def is_of_other_version(package: PackageFacts) -> bool:
    """Return True if another version or build of this plugin made the package."""
    version = (package.manifest or {}).get("tool", {}).get("versions", {}).get("sanxian")
    return version is not None and explain_not_rebuilt(package, version) != ""


def explain_not_rebuilt(package: PackageFacts, version: str) -> str:
    """Return why the plugin's pages cannot be made again, as a key of a message text.

    Empty if they can be. ``version``: version of the plugin that made them. Another build of one version may have other
    templates, texts or page code.
    """
    if version != read_plugin_version():
        return "version"
    tool = (package.manifest or {}).get("tool")
    return "templates" if tool is not None and tool.get("generator") != compute_generator_digest() else ""


def is_made_by_plugin(package: PackageFacts) -> bool:
    """Return True if the manifest states that this plugin made the package."""
    return (package.manifest or {}).get("tool", {}).get("name") == "sanxian"


def format_value_or_missing(value: Any, texts: Texts) -> str:
    """Return a value as a message shows it; the words for “left blank” if it is empty or None."""
    return ("" if value is None else str(value).strip()) or texts.get("words", "left_blank")


def read_stated_field_count(layer: LayerFact, package: PackageFacts) -> int | None:
    """Return the number of a layer's fields by the manifest; None if not stated."""
    rows = package.manifest["layers"] if package.manifest else []
    key = layer.file, layer.name.upper()
    return next((row.get("fields") for row in rows if (row["file"], row["layer"].upper()) == key), None)
