# SPDX-License-Identifier: GPL-2.0-or-later
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from ....metadata import plugin_version
from ...engine.context import Context
from ...files.digests import MANIFEST
from ...messages.texts import Texts
from ...model.findings import Finding
from ...model.report import SCHEMA
from ...model.rule import RuleResult, Severity, rule
from ...profile import profile_ids
from ...standard import load_standard, standard_ids
from ..inspection.facts import PackageFacts
from ._package import (
    NONE_INSPECTED,
    example,
    inspect_facts,
    make_file_finding,
    show_profile,
    show_value,
)

#: A clock of another place may be ahead by this much.
_AHEAD = timedelta(days=1)
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:[-.+]?[A-Za-z0-9.]+)?")
#: Items that manifest and report both hold: path in each, and key in texts (``origin``).
_BOTH = (
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
        "date": "“{file}” gives {item} as {told}: {reason}. Make the package anew on a computer whose clock is right.",
        "unknown": "“{file}” names {item} “{told}”, which this version does not have (known: {known}). Find out which software and version made the package.",
        "differs": "“{file}” gives {item} as “{told}”, “{other}” as “{given}”: they belong to different packages. Make the package anew.",
        "profile": "The package was made with profile “{told}”, this check with “{given}”: targets and limits are those of the latter. "
        "Choose the profile that the package was made with, and check again.",
        "standard": "The package was made by standard “{told}”, this check goes by “{given}”. Inspect by the standard of the package.",
        "confirmed": "The report “{file}” says the profile was confirmed by “{told}”; the profile of the same name in this check says “{given}”. "
        "Find out which is right, and make the package anew.",
        "settings": "The report “{file}” was made with other settings than this check ({names}), though the profile has the same name. "
        "Inspect with the profile that made the package.",
    },
    fails=[
        example("made in 2031", 1, manifest=True, head={"made": "2031-01-01T08:00:00+08:00"}),
        example("a day that there is not", 1, manifest=True, head={"made": "2026-02-30T08:00:00+08:00"}),
        example("made before its data", 1, manifest=True, head={"made": "2019-05-01T08:00:00+08:00"}, data_year="2020"),
        example("a standard that there is not", 1, manifest=True, head={"standard": {"id": "city_db_2030"}}),
        example("an edition that there is not", 1, manifest=True, head={"standard": {"id": "county_db", "edition": "2031"}}),
        example("another profile", 1, manifest=True, head={"profile": {"id": "某县"}}),
        example("a version that there is not", 1, manifest=True, head={"tool": {"name": "sanxian", "versions": {"sanxian": "99.0.0"}}}),
    ],
    passes=[
        example("as it is", manifest=True, head={"made": "2026-11-20T08:00:00+08:00", "standard": {"id": "county_db", "edition": "2021"}}),
        NONE_INSPECTED,
    ],
)  # fmt: skip
def package_origin(*, ctx: Context) -> RuleResult:
    """Manifest and report give the same, possible origin.

    What it checks
        Dates of manifest and report: days that there are, not after today, the report before the manifest, both after the data's year. Standard, edition,
        profile, who confirmed it, and version of the plugin: whether there are such, alike in manifest and report, and those of this check. Document information (成果信息), alike in both; the schema of the report. The CRS that each layer was converted from, alike in both.
    Why
        A package that was made tomorrow, or by a norm that nobody has, was not made as it says.
    How to fix
        Make the package anew; inspect it with the profile and by the standard that made it.
    Limits
        Only packages with a manifest of this plugin. A profile of the county's own is known by its id; its settings are compared where the report was made by this version. A shipped profile that the manifest names is taken for the inspection where none is chosen.
    """
    return inspect_facts(ctx, _look)


def _look(package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    manifest, report = package.manifest, _report(package)
    texts = Texts(ctx.lang)
    if manifest is not None:
        yield from _dates(manifest, report, package, texts)
        yield from _known(manifest, package, ctx, texts)
        yield from _alike(manifest, report, package, texts)
        yield from _of_this_check(manifest, ctx)
    elif report:
        started = _moment(report.get("started"))
        if started is None or started > datetime.now().astimezone() + _AHEAD:
            yield _date(package.report_path, "started", report.get("started"), "future", texts)
    if report and _at(report, ("versions", "sanxian")) == plugin_version():
        yield from _settings(report, package, ctx, texts)


def _report(package: PackageFacts) -> dict[str, Any]:
    """Return the provenance of the report; empty where it cannot be read (DOC013 reports that)."""
    try:
        said = json.loads(package.documents.get(package.report_path, b"{}"))["provenance"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return said if isinstance(said, dict) and "started" in said else {}


def _schema(package: PackageFacts) -> str:
    """Return the schema that the report names; empty where it names none or cannot be read."""
    try:
        said = json.loads(package.documents.get(package.report_path, b"{}"))
    except (ValueError, RecursionError):
        return ""
    return str(said.get("schema", "")) if isinstance(said, dict) else ""


def _at(table: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        table = table.get(key) if isinstance(table, dict) else None
    return table


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)).astimezone()
    except (ValueError, OverflowError, OSError):
        return None


def _date(file: str, item: str, told: Any, reason: str, texts: Texts, **more: Any) -> Finding:
    why = texts.get("origin", f"date_{reason}", **more)
    return Finding(
        "",
        key=f"{file}/{item}",
        case="date",
        params={"file": file, "item": texts.get("origin", item), "told": show_value(told, texts), "reason": why},
    )


def _dates(manifest: dict[str, Any], report: dict[str, Any], package: PackageFacts, texts: Texts) -> Iterator[Finding]:
    now = datetime.now().astimezone() + _AHEAD
    moments: dict[str, datetime] = {}
    for item, file, told in (
        ("made", MANIFEST, manifest.get("made")),
        ("started", package.report_path, report.get("started")),
    ):
        if told is None:
            continue
        moment = _moment(told)
        if moment is None:
            yield _date(file, item, told, "none", texts)
        elif moment > now:
            yield _date(file, item, told, "future", texts)
        else:
            moments[item] = moment
    if len(moments) == 2 and moments["made"] < moments["started"] - _AHEAD:
        yield _date(MANIFEST, "made", manifest["made"], "before", texts, other=report["started"])
    years = [int(y) for row in manifest["layers"] if (y := str(row.get("data_year") or "")).isdecimal() and len(y) == 4]
    if "made" in moments and years and moments["made"].year < max(years):
        yield _date(MANIFEST, "made", manifest["made"], "data", texts, year=max(years))


def _known(manifest: dict[str, Any], package: PackageFacts, ctx: Context, texts: Texts) -> Iterator[Finding]:
    """Report standards, forms and versions that do not exist."""

    def unknown(item: str, told: Any, known: str, file: str = MANIFEST) -> Finding:
        said = {
            "file": file,
            "item": texts.get("origin", item),
            "told": show_value(told, texts),
            "known": show_value(known, texts),
        }
        return Finding("", key=f"{file}/{item}", case="unknown", severity=Severity.WARNING, params=said)

    between = texts.get("words", "between_names")
    standard, edition = _at(manifest, ("standard", "id")), _at(manifest, ("standard", "edition"))
    own = ctx.norm.standard
    if standard and standard != own.id and standard not in standard_ids():
        yield unknown("standard", standard, between.join(standard_ids()))
    elif standard and edition:
        found = own.edition if standard == own.id else load_standard(standard).edition
        if edition != found:
            yield unknown("edition", edition, found)
    tool = manifest.get("tool")
    if tool is not None and _at(manifest, ("tool", "name")) != "sanxian":
        yield unknown("tool", _at(manifest, ("tool", "name")), "sanxian")
    elif tool is not None:
        version = str(_at(manifest, ("tool", "versions", "sanxian")))
        told, ours = _VERSION.fullmatch(version), _VERSION.fullmatch(plugin_version())
        later = bool(told and ours and tuple(map(int, told.groups()[:3])) > tuple(map(int, ours.groups()[:3])))
        if told is None or later:
            yield unknown("version", version, plugin_version())
    schema = _schema(package)
    if schema and schema != SCHEMA:
        yield unknown("schema", schema, SCHEMA, package.report_path)
    form = _at(manifest, ("form", "id"))
    if form and form != package.package_spec.id:
        yield unknown("form", form, package.package_spec.id)


def _alike(manifest: dict[str, Any], report: dict[str, Any], package: PackageFacts, texts: Texts) -> Iterator[Finding]:
    for item, mine, yours in _BOTH:
        told, given = _at(manifest, mine), _at(report, yours)
        if told is not None and given is not None and told != given:
            said = {
                "item": texts.get("origin", item),
                "told": show_value(told, texts),
                "given": show_value(given, texts),
            }
            yield Finding(
                "",
                key=f"{MANIFEST}/{item}",
                case="differs",
                params={"file": MANIFEST, "other": package.report_path, **said},
            )
    yield from _drawn_alike(manifest, report, package, texts)
    if manifest.get("root") and manifest["root"] != package.root and package.code:
        said = {"item": texts.get("origin", "root"), "told": manifest["root"], "given": package.root}
        yield Finding(
            "", key=f"{MANIFEST}/root", case="differs", params={"file": MANIFEST, "other": package.root, **said}
        )


def _drawn_alike(
    manifest: dict[str, Any], report: dict[str, Any], package: PackageFacts, texts: Texts
) -> Iterator[Finding]:
    """Compare the CRS that each layer was converted from in manifest and report; figures depend on it."""
    rows = report.get("layers")
    given = {row.get("role"): row.get("crs") for row in rows if isinstance(row, dict)} if isinstance(rows, list) else {}
    seen: set[tuple[str, str]] = set()
    for row in manifest["layers"]:
        told, other = row.get("source_crs"), given.get(row.get("role"))
        if told is None or other is None or told == other or (str(told), str(other)) in seen:
            continue
        seen.add((str(told), str(other)))
        item = f"{row['layer']} {texts.get('origin', 'crs')}"
        said = {
            "file": MANIFEST,
            "other": package.report_path,
            "item": item,
            "told": show_value(told, texts),
            "given": show_value(other, texts),
        }
        yield Finding("", key=f"{MANIFEST}/{row['layer']}/crs", case="differs", params=said)


def _of_this_check(manifest: dict[str, Any], ctx: Context) -> Iterator[Finding]:
    profile, standard = _at(manifest, ("profile", "id")), _at(manifest, ("standard", "id"))
    if profile and profile != ctx.norm.profile.id:
        known = profile in profile_ids()
        yield make_file_finding(
            MANIFEST,
            "profile",
            Severity.WARNING,
            told=profile,
            given=show_profile(ctx.norm.profile.id, Texts(ctx.lang)),
            known=known,
        )
    if standard and standard != ctx.norm.standard.id and standard in standard_ids():
        yield make_file_finding(MANIFEST, "standard", Severity.WARNING, told=standard, given=ctx.norm.standard.id)


def _settings(report: dict[str, Any], package: PackageFacts, ctx: Context, texts: Texts) -> Iterator[Finding]:
    """Settings of the report that are other than this check's, under one profile and standard."""
    norm, told = ctx.norm, report.get("settings")
    given, said = json.loads(json.dumps(norm.profile.confirmed_by)), _at(report, ("profile", "confirmed"))
    if _at(report, ("profile", "id")) == norm.profile.id and said is not None and said != given:
        words = [
            " ".join(str(v) for v in one.values() if v) if isinstance(one, dict) else str(one) for one in (said, given)
        ]
        pair = {"told": show_value(words[0], texts), "given": show_value(words[1], texts)}
        yield make_file_finding(package.report_path, "confirmed", Severity.WARNING, **pair)
    same = (_at(report, ("profile", "id")), _at(report, ("standard", "id"))) == (norm.profile.id, norm.standard.id)
    if not same or not isinstance(told, dict):
        return
    own = json.loads(json.dumps({**norm.standard.settings, **norm.profile.settings}))
    names = [key for key in sorted(own) if key in told and told[key] != own[key]]
    if names:
        listed = texts.get("words", "between_names").join(names[:5]) + (" …" if len(names) > 5 else "")
        yield make_file_finding(package.report_path, "settings", Severity.WARNING, names=listed)
