# SPDX-License-Identifier: GPL-2.0-or-later
import re
import unicodedata
from collections.abc import Iterator

from ...base.files.digests import MANIFEST_FILE_NAME
from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import Severity, rule
from ...standard.divisions import COUNTY_LEVEL, label_division
from ...standard.template import CodeEntry, CodeList
from ..inspection.facts import PackageFacts
from ..names import make_name_matcher
from ._package import NO_PACKAGE_EXAMPLE, inspects_package, make_example, make_file_finding

_TEXT_PATH = "2-规划文档/140225浑源县国土空间总体规划文本.pdf"
#: Shorter names are part of other words (适应县域): names such as 应县 count where a word begins, and 城区 never.
_MIN_NAME_CHARACTERS = 3
_SHORT_NAME_END, _NO_WORD_BEFORE, _NO_NAME_BEHIND = "县", r"(?:^|[^\u4e00-\u9fff]|[省市])", "(?![域级城])"
_DIVISION_CODE_PATTERN = re.compile(r"(?<!\d)\d{6}(?!\d)")
_MAX_TITLE_CHARACTERS = 60
#: A single name of another county in a text is a reference.
_LEAST_OTHER_NAMES = 2
_WHITE_SPACE_PATTERN = re.compile(r"\s+")
SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


@rule(
    "DOC001",
    "package-name",
    problem="The package's name does not match its county",
    severity=Severity.ERROR,
    basis=["package-draft"],
    needs={},
    messages={
        "form": "The package's folder has the name “{file}”; expected is “{expected}”. Rename the folder.",
        "name": "The package “{file}” has the name of {found}, but the code {code} belongs to {expected}. Use code and name of one "
        "county.",
        "county": "The package has the name of {found}, but its data belong to {expected}. Rename the folder and its files, or "
        "replace the data.",
        "document": "The properties of “{file}” (title, subject, keywords, author) name {found}: “{text}”. The package belongs to "
        "{expected}. Replace the document, or correct its properties.",
        "other_county_text": "The text of “{file}” names {found} more often ({count}) than {expected} ({own}). It may be the document of another "
        "county. Open it, and replace it if it is.",
        "manifest": "The manifest belongs to {found}, the package to {expected}. Make the package again from its data.",
    },
    fails=[
        make_example("a folder of any name", 1, root="规划成果最终版2"),
        make_example("another county's name", 1, root="140225左云县国土空间总体规划"),
        make_example("another county's code", 1, plan={"red_line": [SQUARE_WKT]}, root="140226浑源县国土空间总体规划"),
        make_example("another county's manifest", 1, manifest=True, area={"code": "140226", "name": "左云县"}),
        make_example(
            "another county's document",
            1,
            plan={"red_line": [SQUARE_WKT]},
            pdf={_TEXT_PATH: {"page_count": 30, "titles": ("灵丘县国土空间总体规划",)}},
        ),
        make_example(
            "the text of another county",
            1,
            plan={"red_line": [SQUARE_WKT]},
            pdf={_TEXT_PATH: {"page_count": 30, "page_texts": ("灵丘县国土空间总体规划", "灵丘 县域")}},
        ),
        make_example(
            "the document of a county with a short name",
            1,
            plan={"red_line": [SQUARE_WKT]},
            pdf={_TEXT_PATH: {"page_count": 30, "titles": ("应县国土空间总体规划文本",)}},
        ),
    ],
    passes=[
        make_example(
            "a document that names the neighbours, too",
            plan={"red_line": [SQUARE_WKT]},
            pdf={_TEXT_PATH: {"page_count": 30, "page_texts": ("浑源县国土空间总体规划", "灵丘县、广灵县")}},
        ),
        make_example("as asked for"),
        make_example(
            "a title with a word that has a county's name",
            pdf={_TEXT_PATH: {"page_count": 30, "titles": ("适应县域发展的规划文本", "应县级要求编制")}},
        ),
        make_example(
            "a title with the county and its neighbour",
            pdf={_TEXT_PATH: {"page_count": 30, "titles": ("浑源县与灵丘县界线图", "202611")}},
        ),
        make_example("with its own manifest", manifest=True, area={"code": "140225", "name": "浑源县"}),
        NO_PACKAGE_EXAMPLE,
    ],
)
@inspects_package
def package_name(package: PackageFacts, *, ctx: RuleContext) -> Iterator[Finding]:
    """Every package is named after its county.

    What it checks
        The folder's name is compared with the specification of the package, its division code with that of the plan's
        layers, the county's name with the list of divisions, and both with the manifest. Properties of PDF files
        and workbooks (title, subject, keywords, author) do not name another county, and the text of a PDF document does
        not name another one more often than this one.
    Why
        The receiving system files a delivery by the code in its name.
    How to fix
        Rename the folder, or replace the data.
    Limits
        The tree and the name of the folder are settings of the specification (mark C). A county is not compared if
        its layers have no code.
    """
    if make_name_matcher(package.package_spec.root, {}).fullmatch(package.folder_name) is None:
        expected = package.get_expected_path("", package.package_spec.root)
        yield make_file_finding(package.folder_name, "form", Severity.WARNING, expected=expected)
    divisions = ctx.norm.standard.code_lists.get("divisions")
    code = ctx.plan.area_code if ctx.plan.layers else ""
    expected_code = code[: package.package_spec.digits].ljust(6, "0")
    if package.county_code and code and package.county_code != expected_code:
        yield make_file_finding(
            package.folder_name,
            "county",
            found=package.county_code,
            expected=expected_code,
            shown={
                "found": label_division(package.county_code, divisions),
                "expected": label_division(expected_code, divisions),
            },
        )
        return
    listed_division = divisions.entry_by_code.get(package.county_code) if divisions else None
    if package.county_name and listed_division and listed_division.name != package.county_name:
        yield make_file_finding(
            package.folder_name,
            "name",
            Severity.WARNING,
            found=package.county_name,
            code=package.county_code,
            expected=listed_division.name,
        )
        return
    area = (package.manifest or {}).get("area", {})
    pairs = [
        (area.get("code", ""), package.county_code or (expected_code if code else "")),
        (area.get("name", ""), package.county_name),
    ]
    if any(stated and actual and stated != actual for stated, actual in pairs):
        manifest_county, package_county = (" ".join(filter(None, side)) for side in zip(*pairs, strict=True))
        yield make_file_finding(MANIFEST_FILE_NAME, "manifest", found=manifest_county, expected=package_county)
    if divisions and package.county_code and package.county_name:
        names = _list_distinct_names(divisions)
        titles_by_path = {
            file.path: file.pdf_fact.titles for file in package.files_outside_data_sets if file.pdf_fact is not None
        }
        titles_by_path |= {book.file: book.titles for book in package.workbooks}
        for path, titles in titles_by_path.items():
            if any(package.county_name in title or package.county_code in title for title in titles):
                continue
            for title in titles:
                codes = set(_DIVISION_CODE_PATTERN.findall(title))
                named_counties = [one for name, one in names if one.code in codes or _is_county_named(name, title)]
                if named_counties:
                    yield make_file_finding(
                        path,
                        "document",
                        Severity.WARNING,
                        found=f"{named_counties[0].code} {named_counties[0].name}",
                        expected=f"{package.county_code} {package.county_name}",
                        text=title[:_MAX_TITLE_CHARACTERS],
                    )
                    break
        yield from _find_texts_of_other_counties(package, divisions)


def _list_distinct_names(divisions: CodeList) -> list[tuple[str, CodeEntry]]:
    """Return each county with the name by which a text refers to it alone.

    A district has the name of its city before its name, because 新城区 and 市中区 alone are also ordinary words.
    """
    entries = divisions.entry_by_code
    return [
        (f"{entries[one.parent].name if one.name.endswith('区') else ''}{one.name}", one)
        for one in entries.values()
        if one.level == COUNTY_LEVEL
    ]


def _find_texts_of_other_counties(package: PackageFacts, divisions: CodeList) -> Iterator[Finding]:
    """Yield findings on documents whose text names another county more often than that of the package.

    Documents that the plugin made are left out: DOC015 compares them with their data.
    """
    generated_documents = package.get_kinds_of_generated_documents()
    document_paths = {file.path for slot in package.package_spec.documents for file in package.list_files_of_slot(slot)}
    others = [
        (name, one)
        for name, one in _list_distinct_names(divisions)
        if one.code != package.county_code and package.county_name not in one.name
    ]
    for file in package.files_outside_data_sets:
        if file.pdf_fact is None or file.path not in document_paths or file.path in generated_documents:
            continue
        # Fonts may have variants of characters, and a line may end within a name.
        text = unicodedata.normalize("NFKC", _WHITE_SPACE_PATTERN.sub("", "".join(file.pdf_fact.page_texts)))
        own_name = package.county_name
        own_name = own_name[:-1] if len(own_name) >= _MIN_NAME_CHARACTERS else own_name
        own_count = text.count(own_name) + text.count(package.county_code)
        name_counts = [(text.count(name), one) for name, one in others if len(name) >= _MIN_NAME_CHARACTERS]
        count, other = max(name_counts, key=lambda counted: counted[0], default=(0, None))
        if other is not None and count > own_count and count >= _LEAST_OTHER_NAMES:
            yield make_file_finding(
                file.path,
                "other_county_text",
                Severity.WARNING,
                found=f"{other.code} {other.name}",
                expected=f"{package.county_code} {package.county_name}",
                count=count,
                own=own_count,
            )


def _is_county_named(name: str, title: str) -> bool:
    """Return True if a title contains the name of a county that is not a part of a longer word."""
    if len(name) >= _MIN_NAME_CHARACTERS:
        return name in title
    pattern = f"{_NO_WORD_BEFORE}{re.escape(name)}{_NO_NAME_BEHIND}"
    return name.endswith(_SHORT_NAME_END) and re.search(pattern, title) is not None
