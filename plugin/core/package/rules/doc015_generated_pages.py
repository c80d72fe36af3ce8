# SPDX-License-Identifier: GPL-2.0-or-later
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from ...base.errors import SanxianError
from ...base.files.digests import MANIFEST_FILE_NAME, MANIFEST_PAGE_FILE_NAME
from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.report import Report
from ...model.rule import Severity, rule
from ...standard.edition import PLANNING_PHASES
from ...standard.messages.texts import Texts
from ...standard.profile import Norm
from ..inspection.facts import PackageFacts
from ..inspection.generated_documents import (
    PageContent,
    PartDifference,
    compare_document,
    compare_manifest_page,
    compare_report_page,
    read_page,
)
from ._package import (
    NO_PACKAGE_EXAMPLE,
    explain_not_rebuilt,
    format_value_or_missing,
    inspects_package,
    is_made_by_plugin,
    make_example,
    make_file_finding,
)

REPORT_PAGE = "2-规划文档/140225浑源县质量检查报告.html"
#: Maximum characters of a page in a message.
_MAX_VALUE_CHARACTERS = 120
#: Errors that edited data can cause while a page is made from them.
_UNREADABLE_DATA_ERRORS = (
    SanxianError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    RecursionError,
)


@rule(
    "DOC015",
    "generated-pages",
    problem="A page or document differs from its data",
    severity=Severity.ERROR,
    basis=["T3", "package-draft"],
    needs={},
    messages={
        "differs": "The page “{file}” differs from its data “{other}” ({parts}): “{stated}” in the page, “{given}” by the data. Make "
        "the package again.",
        "not_rebuilt": "The page “{file}” was not compared: {reason}. Make the package again.",
        "damaged": "The page “{file}” is not in UTF-8 and was not compared; every page of this plugin is in UTF-8. Make the package again.",
        "document": "The document “{file}” differs from its data “{other}” ({parts}): “{stated}” in the document, “{given}” by the "
        "data. Make the package again.",
        "document_unread": "The document “{file}” was not compared with its data: {reason}. Rely on the data, or inspect the package "
        "where the document can be read.",
        "gone": "The package lacks the page “{file}”; every package of this plugin has it. Make the package again.",
    },
    fails=[
        make_example("a page that is no text", 1, manifest=True, add={MANIFEST_PAGE_FILE_NAME: b"\xff\xfe"}, pages={MANIFEST_PAGE_FILE_NAME: b"\xff\xfe"}),
        make_example("no page of the manifest", 1, manifest=True, files=[MANIFEST_PAGE_FILE_NAME]),
    ],
    passes=[
        make_example("no pages of ours", manifest=True),
        NO_PACKAGE_EXAMPLE,
    ],
)  # fmt: skip
@inspects_package
def generated_pages(package: PackageFacts, *, ctx: RuleContext) -> Iterator[Finding]:
    """Every generated page and document agrees with its data.

    What it checks
        The pages of the report and of the manifest (HTML) are made again from their data (JSON), and verdict, counts
        and figures are compared. Verdict and figures of the quality report and the quality record that the plugin made
        (docx, PDF) are compared with the report's data.
    Why
        A recipient opens the page, not the JSON: an edited page shows another verdict than its data.
    How to fix
        Make the package again with export_package.
    Limits
        Other texts of a page, pictures, styles and scripts are not inspected. Maps are not compared with the layers.
        DOC010 and DOC013 compare the data with the layers.
    """
    present_paths = {file.path for file in package.files}
    manifest = package.manifest
    listed_paths = {row["path"] for row in manifest["files"]} if manifest else set()
    is_expected = MANIFEST_PAGE_FILE_NAME in listed_paths or is_made_by_plugin(package)
    if is_expected and MANIFEST_PAGE_FILE_NAME not in present_paths:
        yield make_file_finding(MANIFEST_PAGE_FILE_NAME, "gone", Severity.WARNING)
    if manifest and MANIFEST_PAGE_FILE_NAME in package.document_contents:
        yield from _compare_page(
            MANIFEST_PAGE_FILE_NAME,
            MANIFEST_FILE_NAME,
            package,
            ctx,
            lambda page: compare_manifest_page(page, manifest),
        )
    path = package.report_page_path
    if path in package.document_contents and package.report_path in package.document_contents:

        def compare_with_report(page: PageContent) -> list[PartDifference]:
            """Return differences of the report's page from the package's report."""
            report = Report.from_dict(package.report_data)
            return compare_report_page(page, report, _find_norm_of_report(report.provenance, ctx)[0])

        yield from _compare_page(path, package.report_path, package, ctx, compare_with_report)
    kinds = package.get_kinds_of_generated_documents()
    texts = Texts(ctx.lang)
    for path, texts_or_reason in package.document_texts.items():
        reason, report, norm = _read_report_of_documents(package, ctx)
        if isinstance(texts_or_reason, list) and not reason:
            differences = compare_document(texts_or_reason, report, norm, kinds[path])
            yield from _report_differences(path, "document", package.report_path, differences, texts)
        else:
            reason = texts_or_reason if isinstance(texts_or_reason, str) else reason
            yield make_file_finding(
                path,
                "document_unread",
                Severity.WARNING if reason == "damaged" else Severity.INFO,
                reason=texts.get("not_rebuilt", reason),
            )


def _read_report_of_documents(package: PackageFacts, ctx: RuleContext) -> tuple[str, Report, Norm | None]:
    """Return the reason why documents cannot be compared, the package's report, and the norm of the report.

    The reason is a key of texts, empty if documents can be compared.
    """
    try:
        report = Report.from_dict(package.report_data)
        version = report.provenance.get("versions", {}).get("sanxian", "")
        norm, reason = _find_norm_of_report(report.provenance, ctx)
    except _UNREADABLE_DATA_ERRORS:
        return "data", Report(), None
    return explain_not_rebuilt(package, version) or reason, report, norm


def _find_norm_of_report(provenance: dict[str, Any], ctx: RuleContext) -> tuple[Norm | None, str]:
    """Return the norm (standard and profile) of a report, and a reason if it is unknown.

    The reason is a key of texts; it is empty if the norm is found, else the norm is None.
    """
    profile, standard = provenance.get("profile", {}), provenance.get("standard", {})
    norm = ctx.norm
    comparisons = {
        "profile": (profile.get("id"), norm.profile.id),
        "confirmation": (profile.get("confirmed"), json.loads(json.dumps(norm.profile.confirmed_by))),
        "standard": ((standard.get("id"), standard.get("edition")), (norm.standard.id, norm.standard.edition)),
    }
    if reason := next((key for key, (stated, own) in comparisons.items() if stated != own), ""):
        return None, reason
    phase = str(provenance.get("phase", ""))
    return replace(norm, phase=phase if phase in PLANNING_PHASES else ""), ""


def _compare_page(
    path: str,
    data: str,
    package: PackageFacts,
    ctx: RuleContext,
    compare: Callable[[PageContent], list[PartDifference]],
) -> Iterator[Finding]:
    """Yield findings on one page.

    Parameters
    ----------
    data
        Path of the page's data, for the message.
    compare
        Returns differences of the page from its data.
    """
    texts = Texts(ctx.lang)
    try:
        # Copying may add a byte order mark and line ends of Windows.
        text = package.document_contents[path].decode("utf-8").removeprefix("\ufeff").replace("\r\n", "\n")
    except UnicodeDecodeError:
        yield make_file_finding(path, "damaged")
        return
    try:
        differences = compare(read_page(text))
    except _UNREADABLE_DATA_ERRORS:
        yield make_file_finding(path, "not_rebuilt", Severity.WARNING, reason=texts.get("not_rebuilt", "data"))
        return
    yield from _report_differences(path, "differs", data, differences, texts)


def _report_differences(
    path: str, case: str, data: str, differences: list[PartDifference], texts: Texts
) -> Iterator[Finding]:
    """Yield a finding on the parts of a page or document that differ from its data, with the values of the first."""
    if differences:
        parts = texts.get("words", "between_names").join(texts.get("parts", one.part_key) for one in differences)
        # A value of a page may be a whole embedded text.
        limit = _MAX_VALUE_CHARACTERS if case == "differs" else None
        on_page, in_data = (format_value_or_missing(one[:limit], texts) for one in differences[0][1:])
        yield make_file_finding(path, case, other=data, parts=parts, stated=on_page, given=in_data)
