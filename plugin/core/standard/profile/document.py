# SPDX-License-Identifier: GPL-2.0-or-later
"""Document information (成果信息) of a submission.

It consists of secrecy level, authorities, date and map approval number. Each value comes from the first source that has
one: project, ``[document]`` of the county profile, the package's specification (the data that state what the package
contains).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...base.errors import DataError, InputError
from ...base.files.data import (
    ErrorCollector,
    check_keys,
    check_type,
    make_unknown_value_error,
)
from ..messages.texts import Message, NameList, Texts
from .profile_data import DocumentInfo, Profile, load_secrecy_levels

if TYPE_CHECKING:
    # Its libraries would slow down the start of QGIS.
    from ...model.report import Report

#: Sources of a value; the first source that has one decides.
PROJECT_SOURCE, PROFILE_SOURCE, PACKAGE_SPEC_SOURCE = "project", "profile", "form"
#: Parameters of one export.
EXPORT_SOURCE = "run"
#: An existing layout of the project.
LAYOUT_SOURCE = "sheet"
#: The base of a profile; a profile may lower its secrecy level with a reason.
BASE_PROFILE_SOURCE = "base"
#: Sources from lowest to highest precedence.
_SOURCES_ASCENDING = (PACKAGE_SPEC_SOURCE, BASE_PROFILE_SOURCE, PROFILE_SOURCE, PROJECT_SOURCE)


#: Keys of ``[document]`` and of a project's settings.
DOCUMENT_KEYS = tuple(field.name for field in fields(DocumentInfo))
#: Keys that appear on maps and in reports.
PRINTED_KEYS = tuple(key for key in DOCUMENT_KEYS if key != "secrecy_reason")


@dataclass(frozen=True)
class LoweredSecrecy:
    """A secrecy level that one source sets below the level of another source.

    ``above``, ``above_source``: the higher level and its source; ``secrecy``, ``source``: the lower one, empty for
    none. It is applied only with a ``reason``.
    """

    above: str
    above_source: str
    secrecy: str
    source: str
    reason: str

    @property
    def message(self) -> Message:
        """Return the message on the lowered level, with the reason."""
        return Message("document", "lowered", {**self._message_params, "reason": self.reason})

    @property
    def error(self) -> InputError:
        """Return the error that stops an export if no reason is given."""
        return InputError("document_secrecy_lowered", **self._message_params)

    @property
    def _message_params(self) -> dict[str, Any]:
        """Return the parameters that message and error share."""
        sources = {key: Message("document", getattr(self, key)) for key in ("above_source", "source")}
        return {"above": self.above, "secrecy": self.secrecy or Message("document", "unset"), **sources}


@dataclass(frozen=True)
class ResolvedDocument:
    """Document information taken from all sources.

    ``source_by_key``: key → `PROJECT_SOURCE`, `PROFILE_SOURCE` or `PACKAGE_SPEC_SOURCE`. ``lowered_levels``: levels
    lowered with a reason. ``refused_lowering``: a level lowered without a reason, which is not applied.
    """

    document_info: DocumentInfo
    source_by_key: dict[str, str]
    lowered_levels: tuple[LoweredSecrecy, ...] = ()
    refused_lowering: LoweredSecrecy | None = None

    def require_exportable(self, levels: Iterable[str] = (), form: str = "") -> None:
        """Raise InputError unless the secrecy level permits an export.

        The level must be present, allowed, and not lowered without a reason. ``levels``: the levels that the package's
        specification allows; empty allows all listed levels. ``form``: name of the specification, for the error.
        """
        all_levels = load_secrecy_levels()
        secrecy = self.refused_lowering.secrecy if self.refused_lowering is not None else self.document_info.secrecy
        if not secrecy:
            raise InputError("document_secrecy_missing", known=NameList(tuple(all_levels.names)))
        allowed_levels = tuple(levels)
        if allowed_levels and all_levels.strip_term(secrecy) not in allowed_levels:
            raise InputError("document_secrecy_form", secrecy=secrecy, form=form, known=NameList(allowed_levels))
        if not allowed_levels and not all_levels.is_known(secrecy):
            raise InputError("document_secrecy_unknown", secrecy=secrecy, known=NameList(tuple(all_levels.names)))
        if self.refused_lowering is not None:
            raise self.refused_lowering.error

    def to_dict(self) -> dict[str, Any]:
        """Return the values, their sources and each lowering with its reason."""
        values = {key: getattr(self.document_info, key) for key in PRINTED_KEYS} | {
            "map_approval": self.document_info.printable_map_approval
        }
        return {
            **values,
            "sources": dict(self.source_by_key),
            "lowered": [asdict(lowering) for lowering in self.lowered_levels],
        }

    @property
    def is_empty(self) -> bool:
        """Return True if no source has a value."""
        return not self.source_by_key


def resolve_document(
    project_info: DocumentInfo | None, profile: Profile, package_info: DocumentInfo | None = None
) -> ResolvedDocument:
    """Resolve each value from project, else profile, else the package's specification.

    The secrecy level is lowered only with a reason.
    """
    candidates = [
        (PROJECT_SOURCE, project_info),
        (PROFILE_SOURCE, profile.document_info),
        (PACKAGE_SPEC_SOURCE, package_info),
    ]
    present_infos = [(source, document_info) for source, document_info in candidates if document_info is not None]
    sources, values = {}, {}
    for key in PRINTED_KEYS:
        stated = [(source, getattr(info, key)) for source, info in present_infos if getattr(info, key)]
        if stated:
            sources[key], values[key] = stated[0]
    levels = [
        *_list_secrecy_levels_of_profiles(profile),
        *(
            (level_source, level_info)
            for level_source, level_info in present_infos
            if level_source != PROFILE_SOURCE and level_info.secrecy
        ),
    ]
    levels.sort(key=lambda step: _SOURCES_ASCENDING.index(step[0]))
    current: tuple[str, DocumentInfo] = ("", DocumentInfo())
    lowered: list[LoweredSecrecy] = []
    refused_lowering: LoweredSecrecy | None = None
    for source, document_info in levels:
        above_source, above_info = current
        is_lower = load_secrecy_levels().is_lower(document_info.secrecy, above_info.secrecy)
        lowering = LoweredSecrecy(
            above_info.secrecy, above_source, document_info.secrecy, source, document_info.secrecy_reason
        )
        if is_lower and not lowering.reason:
            refused_lowering = lowering
            continue
        if is_lower:
            lowered.append(lowering)
        current, refused_lowering = (source, document_info), None
    source, deciding_info = current
    if source:
        sources["secrecy"], values["secrecy"] = (
            PROFILE_SOURCE if source == BASE_PROFILE_SOURCE else source,
            deciding_info.secrecy,
        )
    effective = tuple(
        lowering for lowering in lowered if load_secrecy_levels().is_lower(deciding_info.secrecy, lowering.above)
    )
    resolved = DocumentInfo(**values, secrecy_reason=deciding_info.secrecy_reason)
    return ResolvedDocument(resolved, sources, effective, refused_lowering)


def override_document(info: DocumentInfo, project: DocumentInfo) -> tuple[DocumentInfo, LoweredSecrecy | None]:
    """Return the project's document information with the values that one export overrides.

    ``info``: the export's parameters. The second result is the secrecy level that the export lowers, or None. Raise
    InputError for a lower level without a reason.
    """
    overridden = _override_values(project, asdict(info))
    if not load_secrecy_levels().is_lower(info.secrecy, project.secrecy):
        return overridden, None
    lowering = LoweredSecrecy(project.secrecy, PROJECT_SOURCE, info.secrecy, EXPORT_SOURCE, info.secrecy_reason)
    if not lowering.reason:
        raise lowering.error
    return overridden, lowering


def _override_values(base: DocumentInfo, values: dict[str, str]) -> DocumentInfo:
    """Return document information with those of the values that are not empty."""
    # A reason belongs to the level that it was given for.
    reason = {"secrecy_reason": ""} if values.get("secrecy") else {}
    return replace(base, **(reason | {key: value for key, value in values.items() if value}))


def _list_secrecy_levels_of_profiles(profile: Profile) -> list[tuple[str, DocumentInfo]]:
    """Return (source, document information) of each secrecy level that a profile and its bases set.

    The topmost base is first.
    """
    levels = [
        (PROFILE_SOURCE if ancestor is profile else BASE_PROFILE_SOURCE, ancestor.document_info)
        for ancestor in reversed(profile.list_base_profiles())
        if ancestor.document_info.secrecy
    ]
    # A profile that sets nothing has the information of its base.
    return [one for number, one in enumerate(levels) if not number or one[1] != levels[number - 1][1]]


def read_document_info_from_table(table: Any, base: DocumentInfo, path: Path, errors: ErrorCollector) -> DocumentInfo:
    """Read ``[document]`` of a profile; missing values come from its base.

    Raise DataError for an unknown key or level, and for a level below the base's level without a reason.
    """
    own_values: dict[str, str] = {}
    with errors.collect_data_error():
        for key in check_type(table, dict, file=path, key="document"):
            with errors.collect_data_error():
                check_keys({key: None}, required=(), allowed=DOCUMENT_KEYS, file=path, where="document")
                own_values[key] = check_type(table[key], str, file=path, key=f"document.{key}").strip()
    secrecy, levels = own_values.get("secrecy", ""), load_secrecy_levels()
    with errors.collect_data_error():
        if secrecy and not levels.is_known(secrecy):
            raise make_unknown_value_error(path, "document.secrecy", secrecy, levels.names)
        if levels.is_lower(secrecy, base.secrecy) and not own_values.get("secrecy_reason"):
            raise DataError("document_profile_lowered", file=str(path), above=base.secrecy, secrecy=secrecy)
    return _override_values(base, own_values)


def add_document_info(report: Report, document: ResolvedDocument) -> Report:
    """Return a copy of the report with document information in its provenance."""
    provenance = {key: value for key, value in report.provenance.items() if key != "document"}
    if not document.is_empty:
        provenance["document"] = document.to_dict()
    return replace(report, provenance=provenance)


def render_lowered_secrecy_messages(document: dict[str, Any], texts: Texts) -> list[str]:
    """Return a message for each lowered level in the ``document`` values of a report."""
    return [LoweredSecrecy(**row).message.render(texts) for row in document.get("lowered", ())]
