# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on the origin of a package: how it was made, and with which problems."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from ....metadata import read_plugin_version
from ...base.files.digests import MANIFEST_FILE_NAME
from ...base.placeholders import join_first
from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.report import REPORT_SCHEMA
from ...model.rule import Severity, rule
from ...standard import list_standard_ids, load_standard
from ...standard.messages.texts import Texts
from ...standard.profile import list_profile_ids
from ..inspection.facts import PackageFacts
from ..problems import BLOCKING_VERDICTS
from ._package import (
    NO_PACKAGE_EXAMPLE,
    format_value_or_missing,
    inspects_package,
    make_example,
    make_file_finding,
)

#: Times may be later than now by this much, because clocks and time zones differ.
_CLOCK_TOLERANCE = timedelta(days=1)
_VERSION_PATTERN = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:[-.+]?[A-Za-z0-9.]+)?")
#: Items that manifest and report both have: path in each, and key in texts (``origin``).
_ITEMS_IN_MANIFEST_AND_REPORT = (
    ("standard", ("standard", "id"), ("standard", "id")),
    ("edition", ("standard", "edition"), ("standard", "edition")),
    ("profile", ("profile", "id"), ("profile", "id")),
    ("version", ("tool", "versions", "sanxian"), ("versions", "sanxian")),
    ("secrecy", ("secrecy",), ("document", "secrecy")),
    *((item, ("document", item), ("document", item)) for item in ("compiler", "cartographer", "date", "map_approval")),
)


@rule(
    "DOC016",
    "package-origin",
    problem="Origins stated in the package disagree",
    severity=Severity.ERROR,
    basis=["package-draft"],
    needs={},
    messages={
        "date": "In “{file}”, {item} is {told}: {reason}. Make the package again on a computer with the right time.",
        "unknown": "In “{file}”, {item} is “{told}”, which this version does not have (known: {known}). Find out which software and "
        "version made the package.",
        "differs": "In “{file}”, {item} is “{told}”; in “{other}” it is “{given}”: they belong to different packages. Make the package "
        "again.",
        "profile": "The package was made with profile “{told}”, this check with “{given}”: targets and limits are those of the latter. "
        "Choose the profile that the package was made with, and check again.",
        "standard": "The package was made by standard “{told}”, but this check uses “{given}”, so results cannot be "
        "compared. Choose the standard of the package, and check again.",
        "settings": "The report “{file}” was made with other settings than this check ({names}), though the profile "
        "has the same name: the profile was changed. Choose the profile that the report was made with, and check "
        "again.",
    },
    fails=[
        make_example("made in 2031", 1, manifest=True, head={"made": "2031-01-01T08:00:00+08:00"}),
        make_example("a day that there is not", 1, manifest=True, head={"made": "2026-02-30T08:00:00+08:00"}),
        make_example("made before its data", 1, manifest=True, head={"made": "2019-05-01T08:00:00+08:00"}, data_year="2020"),
        make_example("a standard that there is not", 1, manifest=True, head={"standard": {"id": "city_db_2030"}}),
        make_example("an edition that there is not", 1, manifest=True, head={"standard": {"id": "county_db", "edition": "2031"}}),
        make_example("another profile", 1, manifest=True, head={"profile": {"id": "某县"}}),
        make_example("a version that there is not", 1, manifest=True, head={"tool": {"name": "sanxian", "versions": {"sanxian": "99.0.0"}}}),
    ],
    passes=[
        make_example("as it is", manifest=True, head={"made": "2026-11-20T08:00:00+08:00", "standard": {"id": "county_db", "edition": "2021"}}),
        NO_PACKAGE_EXAMPLE,
    ],
)  # fmt: skip
@inspects_package
def package_origin(package: PackageFacts, *, ctx: RuleContext) -> Iterator[Finding]:
    """Manifest and report have the same, possible origin.

    What it checks
        Dates of manifest and report are valid and not in the future, the report's date is before the manifest's, and
        both are after the year of the data. Standard, edition, profile and version of the plugin exist, are equal in
        manifest and report, and are those of this check. Document information (成果信息) is equal in both. The schema
        of the report is known.
    Why
        A package with a future date or an unknown norm was not made as it states.
    How to fix
        Make the package again; inspect it with the profile and by the standard that made it.
    Limits
        Only packages with a manifest of this plugin are checked. A county's profile is recognised by its id; its
        settings are compared if this version made the report. If no profile is chosen, the inspection uses a shipped
        profile that the manifest names.
    """
    manifest, report = package.manifest, package.report_data.get("provenance", {})
    texts = Texts(ctx.lang)
    if manifest is not None:
        yield from _check_dates(manifest, report, package, texts)
        yield from _report_unknown_origin(manifest, package, ctx, texts)
        pairs = [
            (item, _get_nested_item(manifest, in_manifest), _get_nested_item(report, in_report), package.report_path)
            for item, in_manifest, in_report in _ITEMS_IN_MANIFEST_AND_REPORT
        ]
        if manifest.get("root") and package.county_code:
            pairs.append(("root", manifest["root"], package.folder_name, package.folder_name))
        yield from (
            make_file_finding(
                MANIFEST_FILE_NAME,
                "differs",
                part=item,
                other=other,
                item=texts.get("origin", item),
                told=format_value_or_missing(manifest_value, texts),
                given=format_value_or_missing(other_value, texts),
            )
            for item, manifest_value, other_value, other in pairs
            if manifest_value is not None and other_value is not None and manifest_value != other_value
        )
        profile, standard = (_get_nested_item(manifest, (key, "id")) for key in ("profile", "standard"))
        if profile and profile != ctx.norm.profile.id:
            yield make_file_finding(
                MANIFEST_FILE_NAME,
                "profile",
                Severity.WARNING,
                told=profile,
                given=ctx.norm.profile.id or texts.get("words", "no_profile"),
                known=profile in list_profile_ids(),
            )
        if standard and standard != ctx.norm.standard.id and standard in list_standard_ids():
            yield make_file_finding(
                MANIFEST_FILE_NAME, "standard", Severity.WARNING, told=standard, given=ctx.norm.standard.id
            )
    elif "started" in report:
        start_time = _parse_time(report.get("started"))
        if start_time is None or start_time > datetime.now().astimezone() + _CLOCK_TOLERANCE:
            yield _make_date_finding(package.report_path, "started", report.get("started"), "future", texts)
    norm = ctx.norm
    origin = [
        _get_nested_item(report, path) for path in (("versions", "sanxian"), ("profile", "id"), ("standard", "id"))
    ]
    if origin == [read_plugin_version(), norm.profile.id, norm.standard.id]:
        settings = report.get("settings", {})
        own_settings = json.loads(json.dumps({**norm.standard.settings, **norm.profile.settings}))
        differing_keys = [key for key in sorted(own_settings) if key in settings and settings[key] != own_settings[key]]
        if differing_keys:
            yield make_file_finding(
                package.report_path,
                "settings",
                Severity.WARNING,
                names=join_first(differing_keys, texts.get("words", "between_names")),
            )


def _get_nested_item(table: Any, path: tuple[str, ...]) -> Any:
    """Return the value at a path of keys in nested JSON objects; None if it is missing."""
    for key in path:
        table = (table or {}).get(key)
    return table


def _parse_time(text: Any) -> datetime | None:
    """Return an ISO time with time zone; None for an invalid text."""
    try:
        return datetime.fromisoformat(str(text)).astimezone()
    except (ValueError, OverflowError, OSError):
        return None


def _make_date_finding(file: str, item: str, stated_value: Any, reason: str, texts: Texts, **params: Any) -> Finding:
    """Return a finding on a wrong date of an item; ``reason``: key of the text that explains it."""
    return make_file_finding(
        file,
        "date",
        part=item,
        item=texts.get("origin", item),
        told=format_value_or_missing(stated_value, texts),
        reason=texts.get("origin", f"date_{reason}", **params),
    )


def _check_dates(
    manifest: dict[str, Any], report: dict[str, Any], package: PackageFacts, texts: Texts
) -> Iterator[Finding]:
    """Yield findings on invalid, future or contradicting dates."""
    latest_time = datetime.now().astimezone() + _CLOCK_TOLERANCE
    moments: dict[str, datetime] = {}
    for item, file, stated_time in (
        ("made", MANIFEST_FILE_NAME, manifest.get("made")),
        ("started", package.report_path, report.get("started")),
    ):
        if stated_time is None:
            continue
        moment = _parse_time(stated_time)
        if moment is None:
            yield _make_date_finding(file, item, stated_time, "none", texts)
        elif moment > latest_time:
            yield _make_date_finding(file, item, stated_time, "future", texts)
        else:
            moments[item] = moment
    if len(moments) == 2 and moments["made"] < moments["started"] - _CLOCK_TOLERANCE:
        yield _make_date_finding(MANIFEST_FILE_NAME, "made", manifest["made"], "before", texts, other=report["started"])
    years = [int(y) for row in manifest["layers"] if (y := str(row.get("data_year") or "")).isdecimal() and len(y) == 4]
    if "made" in moments and years and moments["made"].year < max(years):
        yield _make_date_finding(MANIFEST_FILE_NAME, "made", manifest["made"], "data", texts, year=max(years))


def _report_unknown_origin(
    manifest: dict[str, Any], package: PackageFacts, ctx: RuleContext, texts: Texts
) -> Iterator[Finding]:
    """Yield warnings if the manifest names a standard, a specification or a version that does not exist."""

    def make_unknown_finding(item: str, stated_value: Any, known_value: str, file: str = MANIFEST_FILE_NAME) -> Finding:
        """Return a warning on an item with a value that does not exist."""
        return make_file_finding(
            file,
            "unknown",
            Severity.WARNING,
            part=item,
            item=texts.get("origin", item),
            told=format_value_or_missing(stated_value, texts),
            known=format_value_or_missing(known_value, texts),
        )

    between = texts.get("words", "between_names")
    standard, edition = (_get_nested_item(manifest, ("standard", key)) for key in ("id", "edition"))
    standard_of_check = ctx.norm.standard
    if standard and standard != standard_of_check.id and standard not in list_standard_ids():
        yield make_unknown_finding("standard", standard, between.join(list_standard_ids()))
    elif standard and edition:
        known_edition = (
            standard_of_check.edition if standard == standard_of_check.id else load_standard(standard).edition
        )
        if edition != known_edition:
            yield make_unknown_finding("edition", edition, known_edition)
    tool = manifest.get("tool")
    if tool is not None and tool.get("name") != "sanxian":
        yield make_unknown_finding("tool", tool.get("name"), "sanxian")
    elif tool is not None:
        version = str(_get_nested_item(tool, ("versions", "sanxian")))
        numbers, own_numbers = (
            [*map(int, match.groups())] if (match := _VERSION_PATTERN.fullmatch(one)) else None
            for one in (version, read_plugin_version())
        )
        if numbers is None or (own_numbers is not None and numbers > own_numbers):
            yield make_unknown_finding("version", version, read_plugin_version())
    schema = package.report_data.get("schema")
    if schema and schema != REPORT_SCHEMA:
        yield make_unknown_finding("schema", schema, REPORT_SCHEMA, package.report_path)
    spec = _get_nested_item(manifest, ("form", "id"))
    if spec and spec != package.package_spec.id:
        yield make_unknown_finding("form", spec, package.package_spec.id)


@rule(
    "DOC007",
    "forced-package",
    problem="The package is of a plan that did not pass",
    severity=Severity.ERROR,
    basis=["package-draft"],
    needs={},
    messages={
        "": "The package was forced: its check had the result “{verdict}” (errors {errors}, rules not fully checked {skipped}). Correct the errors "
        "in its manifest and report, and make the package again.",
    },
    fails=[
        make_example("made of a plan that fails", 1, manifest=True, forced="fail"),
    ],
    passes=[
        make_example("made of a plan that passes", manifest=True),
        NO_PACKAGE_EXAMPLE,
    ],
)
@inspects_package
def forced_package(package: PackageFacts, *, ctx: RuleContext) -> Iterator[Finding]:
    """Each package is made of a plan that passes.

    What it checks
        The result of the plan's check in the manifest.
    Why
        A forced package is for internal review, not for submission.
    How to fix
        Correct the errors in the package's report, and export again without force.
    Limits
        Only packages with a manifest of this plugin have this result.
    """
    check = package.manifest["check"] if package.manifest else {}
    if check.get("forced") or check.get("verdict") in BLOCKING_VERDICTS:
        verdict = Texts(ctx.lang).get_section("verdicts").get(str(check.get("verdict")), check.get("verdict"))
        yield make_file_finding(
            package.folder_name, verdict=verdict, errors=check.get("errors", 0), skipped=check.get("skipped", 0)
        )
