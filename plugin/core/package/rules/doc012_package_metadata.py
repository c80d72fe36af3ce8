# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator
from typing import Any

from ...engine.context import RuleContext
from ...files.digests import MANIFEST_FILE_NAME
from ...messages.texts import Texts
from ...model.findings import Finding
from ...model.rule import RuleResult, Severity, rule
from ...profile.document import PACKAGE_SPEC_SOURCE, PROFILE_SOURCE, load_secrecy_levels
from ..inspection.facts import PackageFacts
from ..metadata import UnreadableXml, read_metadata_by_spec, read_xml
from ._metadata import check_metadata_values
from ._package import (
    NO_PACKAGE_EXAMPLE,
    apply_check_to_package_facts,
    make_example,
    make_file_finding,
)

METADATA_PATH = "5-元数据/140225浑源县国土空间总体规划元数据.xml"


def _make_metadata_document(text: str, codec: str = "utf-8") -> dict[str, bytes]:
    """Return the metadata file of an example package: path → content."""
    return {METADATA_PATH: text.encode(codec)}


@rule(
    "DOC012",
    "package-metadata",
    problem="Metadata is unreadable or disagrees with the package",
    severity=Severity.WARNING,
    basis=["package-form"],
    needs={},
    messages={
        "missing": "The package has no metadata (“{file}”). Make it with export_package, or add the file.",
        "damaged": "“{file}” is not well-formed XML (error in line {line}) and was not compared. Export it again.",
        "encoding": "“{file}” declares the encoding {declared}, but is in {found}. Save it in the declared encoding.",
        "entities": "“{file}” declares a document type (DTD, entities), as harmful files do; it was not read. Remove the declaration.",
        "schema": "“{file}” has the root element “{root}” instead of “{expected}” in the specification: it has another schema and was not "
        "compared. Compare it by hand.",
        "unknown": "“{file}” has elements that the specification does not have: {names}. They were not compared. Rename or delete them, or "
        "add them to the specification.",
        "lacking": "“{file}” lacks elements that the specification requires: {names}. Add them; if a value is unknown, add the element without a value.",
        "twice": "“{file}” has repeated elements in one place: {names}. The first was compared; delete the others.",
        "layer_twice": "“{file}” describes layer {name} more than once: {count}. Delete the other entries.",
        "layer_lost": "“{file}” describes layer {name}, which is not in the data. Delete the entry, or add the layer.",
        "layer_more": "“{file}” does not describe layer {name}. Add an entry, or make the package again.",
        "set_more": "“{file}” does not describe the layers of “{place}” ({count}). Add entries, or remove the data set if it is not needed.",
        "level": "The secrecy level in the manifest “{file}” is {told}; the specification allows {expected}. Make the package again with "
        "the right level.",
        "lowered": "The secrecy level in the manifest “{file}” is {told}, below {expected} of {source}, and no reason is stated. Restore the "
        "level, or make the package again with a reason (降密理由).",
        "value": "“{file}”, {owner}: item “{item}” contains “{told}”; it is {found}. Correct it, or make the package again.",
    },
    fails=[
        make_example("none", 1, documents={}),
        make_example("cut off", 1, documents=_make_metadata_document("<元数据><成果包>")),
        make_example("a bomb", 1, documents=_make_metadata_document('<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><元数据>&c;</元数据>')),
        make_example("another file", 1, documents=_make_metadata_document('<!DOCTYPE a SYSTEM "file:///etc/passwd"><元数据/>')),
        make_example("GBK that calls itself UTF-8", 1, documents=_make_metadata_document('<?xml version="1.0" encoding="UTF-8"?><元数据/>', "gbk")),
        make_example("another schema", 1, documents=_make_metadata_document('<MD_Metadata xmlns="http://www.isotc211.org/2005/gmd"/>')),
        make_example("a feature fewer", 1, metadata={"CZKFBJ": {"features": "17"}}),
        make_example("another zone", 1, metadata={"CZKFBJ": {"wkid": "4526"}}),
        make_example("public, though it is internal", 1, metadata={"": {"secrecy": "公开"}}, manifest=True),
        make_example("a level that there is not", 1, metadata={"": {"secrecy": "绝密级"}}),
        make_example("made in a month that there is not", 1, metadata={"": {"product_date": "2026-13-01"}}),
        make_example("a level that there is not in the manifest", 1, manifest=True, secrecy="绝密"),
        make_example("public without a reason", 1, manifest=True, secrecy="公开", metadata_secrecy="公开"),
        make_example("a layer that is not there", 1, layers={"LSWHBHX": None}, metadata={"LSWHBHX": {}}),
    ],
    passes=[
        make_example("as it is"),
        make_example("in GBK that says so", documents_codec="gbk"),
        make_example("public with a reason", manifest=True, secrecy="公开", metadata_secrecy="公开",
                     head={"document": {"lowered": [{"above": "内部", "secrecy": "公开", "reason": "批准公开"}]}}),
        NO_PACKAGE_EXAMPLE,
    ],
)  # fmt: skip
def package_metadata(*, ctx: RuleContext) -> RuleResult:
    """Metadata can be read, and agree with the package.

    What it checks
        The XML of the metadata is well-formed, in its declared encoding, and has the elements of the specification,
        and each layer once. Each layer has the right name, number of features, kind, format, CRS, unit and extent.
        Name, secrecy level and dates of the package are right. The level is not below that of the specification or the
        profile, unless the manifest states the reason.
    Why
        A delivery is filed and found by its metadata, usually without a look into the data.
    How to fix
        Make the package again with export_package, or correct the element in the message.
    Limits
        The official schema was not found: element names are settings of the specification (mark C). Metadata with
        another schema (ISO 19115 …) are reported as not compared. Score and grade are left to the receiving body. An
        extent may differ by one in its last printed digit.
    """
    return apply_check_to_package_facts(ctx, _report_metadata_problems)


def _report_metadata_problems(package: PackageFacts, ctx: RuleContext) -> Iterator[Finding]:
    """Yield findings on missing, unreadable and wrong metadata."""
    expected = package.get_expected_path(package.package_spec.metadata.folder, package.package_spec.metadata.file)
    if expected not in package.document_contents:
        yield make_file_finding(expected, "missing")
    levels = package.package_spec.secrecy_levels or (package.package_spec.secrecy,)
    manifest_level = str(package.manifest.get("secrecy") or "") if package.manifest else ""
    if manifest_level and load_secrecy_levels().strip_term(manifest_level) not in levels:
        expected = Texts(ctx.lang).get("words", "between_names").join(levels)
        yield make_file_finding(MANIFEST_FILE_NAME, "level", told=manifest_level, expected=expected)
    elif package.manifest and not _has_reason_for_level(package.manifest, manifest_level):
        yield from _report_lowered_level(manifest_level, package, ctx)
    for path, data in package.document_contents.items():
        if not path.lower().endswith(".xml"):
            continue
        try:
            root = read_xml(data)
        except UnreadableXml as error:
            yield make_file_finding(path, error.case, **error.params)
            continue
        metadata = read_metadata_by_spec(root, package.package_spec)
        if metadata is None:
            name_by_item = package.package_spec.metadata.names_by_item
            yield make_file_finding(
                path, "schema", root=root.name[-80:], expected=name_by_item["metadata"] or "metadata"
            )
            continue
        between = Texts(ctx.lang).get("words", "between_names")
        names_by_case = {
            "unknown": metadata.unknown_elements,
            "lacking": metadata.missing_elements,
            "twice": metadata.repeated_elements,
        }
        for case, names_of_case in names_by_case.items():
            if names_of_case:
                yield make_file_finding(path, case, names=between.join(names_of_case))
        yield from check_metadata_values(path, metadata, package, ctx)


def _has_reason_for_level(manifest: dict[str, Any], level: str) -> bool:
    """Return True if a manifest states why its secrecy level was lowered to ``level``."""
    level_of = load_secrecy_levels().strip_term
    rows = manifest.get("document", {}).get("lowered", ())
    return any(level_of(row["secrecy"]) == level_of(level) and row["reason"].strip() for row in rows)


def _report_lowered_level(level: str, package: PackageFacts, ctx: RuleContext) -> Iterator[Finding]:
    """Yield a warning if a level is below that of the specification or profile; an export refuses this."""
    levels = (
        (PROFILE_SOURCE, ctx.norm.profile.document_info.secrecy),
        (PACKAGE_SPEC_SOURCE, package.package_spec.secrecy),
    )
    for source, expected in levels:
        if load_secrecy_levels().is_lower(level, expected):
            source_name = Texts(ctx.lang).get("document", source)
            params = {"told": level, "expected": expected, "source": source_name}
            yield make_file_finding(MANIFEST_FILE_NAME, "lowered", Severity.WARNING, **params)
            return
