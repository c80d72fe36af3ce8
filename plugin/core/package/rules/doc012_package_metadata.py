# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator

from ...engine.context import Context
from ...files.digests import MANIFEST
from ...messages.texts import Texts
from ...model.findings import Finding
from ...model.rule import RuleResult, Severity, rule
from ...profile.document import load_secrecy_levels
from ..inspection.facts import PackageFacts
from ..metadata import UnreadableXml, read_by_spec, read_xml
from ._metadata import check_metadata_values
from ._package import NONE_INSPECTED, example, inspect_facts, make_file_finding

PLACE = "5-元数据/140225浑源县国土空间总体规划元数据.xml"


def _with(text: str, codec: str = "utf-8") -> dict[str, bytes]:
    return {PLACE: text.encode(codec)}


@rule(
    "DOC012",
    "package-metadata",
    problem="Metadata is unreadable or disagrees with the package",
    severity=Severity.WARNING,
    basis=["package-form"],
    needs={},
    messages={
        "missing": "The package has no metadata (“{file}”). Make it with export_package, or put the file in.",
        "damaged": "“{file}” is no well-formed XML (line {line}), so nothing of it was compared. Export it anew.",
        "encoding": "“{file}” says it is in {declared}, but is in {found}. Save it in the encoding it names.",
        "entities": "“{file}” declares a document type (DTD, entities), as harmful files do; it was not read. Take the declaration out.",
        "style": "“{file}” names a style sheet or another instruction for programs ({names}), as metadata do not; a browser would follow it. Take it out.",
        "schema": "“{file}” has the root element “{root}”, not “{expected}” as the form has it: it is of another schema and was not compared. Compare it by hand.",
        "unknown": "“{file}” has elements that the form does not: {names}. They were not compared; rename or delete them, or name them in the form.",
        "lacking": "“{file}” lacks elements that the form has: {names}. Put them in; what is not known stays empty.",
        "twice": "“{file}” has elements twice in one place: {names}. The first was compared; delete the others.",
        "layer_lost": "“{file}” describes layer {name}, which the data do not have. Delete the entry, or put the layer in.",
        "layer_more": "“{file}” does not describe layer {name}. Put an entry in, or make the package anew.",
        "set_more": "“{file}” describes none of the {count} layers of “{place}”. Put entries in, or take that data set out if it is not meant.",
        "level": "The manifest “{file}” says the secrecy level is {told}; the form has {expected}. Make the package anew with the right level.",
        "value": "“{file}”, {owner}, item “{item}” says “{told}”; it is {found}. Correct it, or make the package anew.",
    },
    fails=[
        example("none", 1, documents={}),
        example("cut off", 1, documents=_with("<元数据><成果包>")),
        example("a bomb", 1, documents=_with('<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><元数据>&c;</元数据>')),
        example("another file", 1, documents=_with('<!DOCTYPE a SYSTEM "file:///etc/passwd"><元数据/>')),
        example("GBK that calls itself UTF-8", 1, documents=_with('<?xml version="1.0" encoding="UTF-8"?><元数据/>', "gbk")),
        example("a style sheet from elsewhere", 2, documents=_with('<?xml-stylesheet type="text/xsl" href="http://example.org/a.xsl"?><MD_Metadata/>')),
        example("another schema", 1, documents=_with('<MD_Metadata xmlns="http://www.isotc211.org/2005/gmd"/>')),
        example("a feature fewer", 1, metadata={"CZKFBJ": {"features": "17"}}),
        example("another zone", 1, metadata={"CZKFBJ": {"wkid": "4526"}}),
        example("public, though it is internal", 1, metadata={"": {"secrecy": "公开"}}, manifest=True),
        example("a level that there is not", 1, metadata={"": {"secrecy": "绝密级"}}),
        example("made in a month that there is not", 1, metadata={"": {"product_date": "2026-13-01"}}),
        example("a level that there is not in the manifest", 1, manifest=True, secrecy="绝密"),
        example("a layer that is not there", 1, layers={"LSWHBHX": None}, metadata={"LSWHBHX": {}}),
    ],
    passes=[
        example("as it is"),
        example("in GBK that says so", documents_codec="gbk"),
        NONE_INSPECTED,
    ],
)  # fmt: skip
def package_metadata(*, ctx: Context) -> RuleResult:
    """Metadata can be read, and say what the package is.

    What it checks
        The XML of metadata: well-formed, in the encoding it names, with the elements of the form; for each layer name, number of
        features, kind, format, CRS, unit, extent; name, secrecy level and dates of the whole.
    Why
        A delivery is filed and found by its metadata; nobody opens the data to see whether they are right.
    How to fix
        Make the package anew with export_package, or correct the element in the message.
    Limits
        No text with the official schema was found: element names are settings of the form (mark C). Metadata of another schema (ISO 19115 …) are
        told as not compared. Score, grade and integrity are for the receiving body. An extent may differ by its last printed digit.
    """
    return inspect_facts(ctx, _look)


def _look(package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    expected = package.expected(package.package_spec.metadata.folder, package.package_spec.metadata.file)
    if expected not in package.documents:
        yield make_file_finding(expected, "missing")
    levels = package.package_spec.secrecy_levels or (package.package_spec.secrecy,)
    agreed = str(package.manifest.get("secrecy") or "") if package.manifest else ""
    if agreed and load_secrecy_levels().level_of(agreed) not in levels:
        expected = Texts(ctx.lang).get("words", "between_names").join(levels)
        yield make_file_finding(MANIFEST, "level", told=agreed, expected=expected)
    for path, data in package.documents.items():
        if not path.lower().endswith(".xml"):
            continue
        try:
            root = read_xml(data)
        except UnreadableXml as error:
            yield make_file_finding(path, error.case, **error.params)
            continue
        if root.instructions:
            yield make_file_finding(path, "style", names=", ".join(root.instructions))
        told = read_by_spec(root, package.package_spec)
        if told is None:
            names = package.package_spec.metadata.names
            yield make_file_finding(path, "schema", root=root.name[-80:], expected=names["metadata"] or "metadata")
            continue
        between = Texts(ctx.lang).get("words", "between_names")
        for case in ("unknown", "lacking", "twice"):
            if listed := getattr(told, case):
                yield make_file_finding(path, case, names=between.join(listed))
        yield from check_metadata_values(path, told, package, ctx)
