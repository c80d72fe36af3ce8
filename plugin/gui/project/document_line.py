# SPDX-License-Identifier: GPL-2.0-or-later
"""Document information (成果信息) in export dialogs: summary, editing, validation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple

from qgis.core import Qgis, QgsMessageLog, QgsProject
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDialogButtonBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ...bridge import settings
from ...bridge.project import county
from ...bridge.running.tasks import LOG_TAG
from ...bridge.texts import tr
from ...core.base.errors import InputError, SanxianError
from ...core.standard.messages.texts import Texts, render_params
from ...core.standard.profile import DocumentInfo, Profile, load_profile, load_secrecy_levels, resolve_document
from ...core.standard.profile.document import PRINTED_KEYS, LoweredSecrecy, ResolvedDocument
from ..help.help_dialog import add_help_button
from ..widgets import (
    ElidedLabel,
    FocusedButtonDialog,
    NoticeBox,
    WrappedLabel,
    fill_layout,
    make_form,
    make_ok_cancel_buttons,
    messages,
    theme,
)

#: Settings with the authorities entered last, offered if neither project nor profile has one.
_COMPILER_SETTING, _CARTOGRAPHER_SETTING = "maps/maker", "maps/drawer"


class SpecDocumentInfo(NamedTuple):
    """Values of a package specification that fill empty document information.

    ``allowed_secrecy_levels``: secrecy levels that it allows; ``spec_name``: its name.
    """

    document_info: DocumentInfo | None = None
    allowed_secrecy_levels: tuple[str, ...] = ()
    spec_name: str = ""


def read_county_profile(project: QgsProject) -> Profile:
    """Return the county profile of a project. Raise SanxianError if it cannot be read."""
    return load_profile(county.read_county_settings(project).profile)


def read_document_info_of_chosen_spec() -> DocumentInfo | None:
    """Return the document information of the package specification that was chosen last.

    None if it cannot be read; the export dialog then shows why.
    """
    from ...core.package.package_spec.load import load_package_spec

    try:
        return DocumentInfo(secrecy=load_package_spec(county.read_chosen_package_spec()).secrecy)
    except (SanxianError, ImportError):
        return None


def ask_for_document_info(
    project: QgsProject, profile: Profile, fallback: SpecDocumentInfo, parent: Any, problem: str = ""
) -> bool:
    """Open the dialog for document information; return True if the user accepted it."""
    dialog = DocumentDialog(
        project,
        profile,
        fallback.document_info,
        parent,
        problem=problem,
        allowed_levels=fallback.allowed_secrecy_levels,
        spec_name=fallback.spec_name,
        next_package_info=fallback.document_info or read_document_info_of_chosen_spec(),
    )
    try:
        return bool(dialog.exec())
    finally:
        dialog.deleteLater()


def ensure_exportable_document_info(
    project: QgsProject, parent: Any, fallback: SpecDocumentInfo | None = None, profile: Profile | None = None
) -> bool:
    """Return True if the document information allows an export; if not, first ask the user to complete it.

    Required are a secrecy level, and a reason if it is lowered. ``fallback``: values of the package specification;
    ``profile``: county profile, by default the project's. Raise SanxianError if the profile cannot be read.
    """
    fallback, profile = fallback or SpecDocumentInfo(), profile or read_county_profile(project)
    try:
        county.resolve_project_document(project, profile, fallback.document_info).require_exportable(
            fallback.allowed_secrecy_levels, fallback.spec_name
        )
    except InputError as error:
        return ask_for_document_info(project, profile, fallback, parent, _explain_in_dialog(error))
    return True


def _explain_in_dialog(error: InputError) -> str:
    """Return why document information does not allow an export, as a text for the dialog that edits it.

    The message of ``error`` would ask the user to open that dialog.
    """
    texts = Texts(settings.get_interface_language())
    return texts.get("document_dialog", error.key, **render_params(error.params, texts))


class DocumentLine(QWidget):
    """Widget with a summary of the document information and a button to edit it.

    ``get_profile``: returns the county profile or raises SanxianError; ``get_fallback``: returns the values of the
    package specification, which fill empty ones.
    """

    changed = pyqtSignal()

    def __init__(
        self,
        project: QgsProject,
        get_profile: Callable[[], Profile] | None = None,
        get_fallback: Callable[[], SpecDocumentInfo] = SpecDocumentInfo,
        parent=None,
    ):
        super().__init__(parent)
        self._project, self._fallback_reader = project, get_fallback
        self._profile_reader = get_profile or (lambda: read_county_profile(project))
        self.label = ElidedLabel(objectName="SanxianDocumentSummary")
        self.button = QPushButton(
            tr("Edit…"), objectName="SanxianDocumentEdit", autoDefault=False, clicked=self._edit_document_info
        )
        fill_layout(QHBoxLayout(self), (self.label, 1), self.button, has_margins=False)
        self.update_summary()

    def resolve_document(self) -> ResolvedDocument:
        """Return the project's document information, completed from profile and package specification."""
        return county.resolve_project_document(
            self._project, self._profile_reader(), self._fallback_reader().document_info
        )

    def update_summary(self) -> None:
        """Show the current document information, or the error of the profile."""
        try:
            resolved_document = self.resolve_document()
            info, parts = resolved_document.document_info, [tr("Secrecy level not set")]
            if info.secrecy:
                texts = Texts(settings.get_interface_language())
                source = texts.get("document", resolved_document.source_by_key["secrecy"])
                parts = [tr("{value} ({source})").format(value=info.secrecy, source=source)]
            if resolved_document.refused_lowering is not None:
                refused_text = tr("“{level}” not applied: no reason for the lower level")
                parts.append(refused_text.format(level=resolved_document.refused_lowering.secrecy))
            printed = (getattr(info, key) for key in PRINTED_KEYS if key not in ("secrecy", "map_approval"))
            text = " · ".join([*parts, *filter(None, (*printed, info.printable_map_approval))])
        except (SanxianError, ImportError) as error:
            text = messages.explain_error(error)
        self.label.setText(text)

    def _edit_document_info(self) -> None:
        try:
            is_accepted = ask_for_document_info(
                self._project, self._profile_reader(), self._fallback_reader(), self.window()
            )
        except (SanxianError, ImportError) as error:
            self.label.setText(messages.explain_error(error))
            return
        if is_accepted:
            self.update_summary()
            self.changed.emit()


class DocumentDialog(FocusedButtonDialog):
    """Dialog to edit the document information (成果信息).

    ``spec_info``: values of a package specification, which fill empty ones; ``problem``: why an export cannot start; if
    it is given, the dialog accepts only values that allow the export; ``allowed_levels``: secrecy levels that the
    specification named ``spec_name`` allows; ``next_package_info``: values of the specification of later packages, with
    whose secrecy level the entered one is compared if ``spec_info`` is None.
    """

    def __init__(
        self,
        project: QgsProject,
        profile: Profile,
        spec_info: DocumentInfo | None = None,
        parent=None,
        *,
        problem: str = "",
        allowed_levels: tuple[str, ...] = (),
        spec_name: str = "",
        next_package_info: DocumentInfo | None = None,
    ):
        super().__init__(parent, objectName="SanxianDocumentDialog", windowTitle=tr("Document Information"))
        self._project, self._profile, self._spec_info = project, profile, spec_info
        self._next_package_info, self._former = spec_info or next_package_info, county.read_document_info(project)
        self._must_export, self._allowed_levels, self._spec_name = bool(problem), allowed_levels, spec_name
        self._texts = Texts(settings.get_interface_language())
        # A term may follow the level: 秘密★20年.
        self.secrecy = QComboBox(
            objectName="SanxianSecrecy", editable=True, insertPolicy=QComboBox.InsertPolicy.NoInsert
        )
        self.secrecy.addItems(["", *load_secrecy_levels().names])
        self.compiler = QLineEdit(objectName="SanxianCompiler")
        self.cartographer = QLineEdit(objectName="SanxianCartographer")
        self.date = QLineEdit(
            objectName="SanxianDocumentDate",
            toolTip=tr("As printed on maps and reports, for example 2026-11-22 or November 2026"),
        )
        self.approval = QLineEdit(objectName="SanxianMapApproval")
        self.reason = QLineEdit(
            objectName="SanxianSecrecyReason",
            toolTip=tr("Written to the log, the manifest of the package and the report"),
        )
        self.problem = NoticeBox(objectName="SanxianDocumentProblem")
        self._fill_fields(self._former)
        self._opened_info = self.read_document_info()
        about = WrappedLabel(
            tr(
                "Used for layouts, exported maps, the submission package with its metadata, and reports. Empty "
                "items are taken from the county profile (section “document information”), or else, for a submission "
                "package, from its specification."
            )
        )
        form = make_form(
            (tr("Secrecy level"), self.secrecy),
            (tr("Reason for a lower level"), self.reason),
            (tr("Planning authority"), self.compiler),
            (tr("Cartographer"), self.cartographer),
            (tr("Printed date"), self.date),
            (tr("Map approval number"), self.approval),
        )
        buttons = add_help_button(make_ok_cancel_buttons(self), "document")
        self.ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        fill_layout(QVBoxLayout(self), about, form, self.problem, (None, 1), buttons)
        for line in (self.approval, self.reason):
            line.textChanged.connect(self._update_messages)
        self.secrecy.editTextChanged.connect(self._update_messages)
        self._update_messages()
        self.problem.show_message("error", problem)
        width = self.fontMetrics().horizontalAdvance("0") * 72
        self.resize(width, self.layout().totalHeightForWidth(width))

    def _fill_fields(self, project_info: DocumentInfo) -> None:
        inherited_document = resolve_document(None, self._profile, self._spec_info)
        self.secrecy.setEditText(project_info.secrecy)
        theme.set_placeholder(self.secrecy.lineEdit(), self._format_inherited(inherited_document, "secrecy"))
        self.reason.setText(project_info.secrecy_reason)
        for line, key, setting in (
            (self.compiler, "compiler", _COMPILER_SETTING),
            (self.cartographer, "cartographer", _CARTOGRAPHER_SETTING),
            (self.date, "date", ""),
            (self.approval, "map_approval", ""),
        ):
            line.setText(getattr(project_info, key))
            theme.set_placeholder(line, self._format_inherited(inherited_document, key))
            if setting and not line.text() and not getattr(inherited_document.document_info, key):
                line.setText(settings.read_setting(setting, ""))

    def _format_inherited(self, inherited_document: ResolvedDocument, key: str) -> str:
        """Return the fallback value and its source, shown while the project has no value."""
        if key not in inherited_document.source_by_key:
            texts = {"date": tr("Not set; for example {date}").format(date=date.today().isoformat())}
            if self._spec_info is None:
                texts["secrecy"] = tr("Not set; a submission package uses the level in its specification")
            return texts.get(key, tr("Not set"))
        source = self._texts.get("document", inherited_document.source_by_key[key])
        return tr("{value} ({source})").format(value=getattr(inherited_document.document_info, key), source=source)

    def has_unsaved_entries(self) -> bool:
        return self.read_document_info() != self._opened_info

    def read_document_info(self) -> DocumentInfo:
        """Return the project's own values in the dialog."""
        lines = (self.compiler, self.cartographer, self.date, self.approval, self.reason)
        return DocumentInfo(self.secrecy.currentText().strip(), *(line.text().strip() for line in lines))

    def resolve_document(self) -> ResolvedDocument:
        """Return the entered values, completed from profile and package specification."""
        return resolve_document(self.read_document_info(), self._profile, self._spec_info)

    def _find_lowered_secrecy_levels(self) -> list[LoweredSecrecy]:
        """Return the secrecy levels that the entered level is lower than.

        Compared are those of profile, package specification, and the project before.
        """
        info = self.read_document_info()
        resolved_document = resolve_document(info, self._profile, self._next_package_info)
        return county.find_lowered_secrecy_levels(self._former, resolved_document, info)

    def _update_messages(self) -> None:
        resolved_document = self.resolve_document()
        lowers = bool(self._find_lowered_secrecy_levels())
        self.reason.setEnabled(lowers)
        theme.set_placeholder(self.reason, tr("Required") if lowers else tr("Not needed: the level is not lowered"))
        level = (
            resolved_document.document_info.secrecy
            if resolved_document.refused_lowering is None
            else self.secrecy.currentText()
        )
        is_public = load_secrecy_levels().is_public(level)
        self.approval.setEnabled(is_public)
        self.approval.setToolTip(
            tr("Printed on public results only")
            if is_public
            else tr("Only for the secrecy level “{level}”: other results have no map approval number").format(
                level=load_secrecy_levels().public_level
            )
        )
        self.problem.hide()

    def _find_problem(self) -> str:
        """Return why the entered values cannot be accepted, or an empty string."""
        resolved_document = self.resolve_document()
        try:
            if resolved_document.document_info.secrecy or self._must_export:
                resolved_document.require_exportable(self._allowed_levels, self._spec_name)
            for lowering in self._find_lowered_secrecy_levels():
                if not lowering.reason:
                    raise lowering.error
        except InputError as error:
            return _explain_in_dialog(error)
        return ""

    def accept(self) -> None:
        if problem := self._find_problem():
            self.problem.show_message("error", problem)
            return
        info = self.read_document_info()
        if info != self._former:
            texts = Texts(settings.get_interface_language())
            for one in self._find_lowered_secrecy_levels():
                text = one.message.render(texts)
                QgsMessageLog.logMessage(text, LOG_TAG, Qgis.MessageLevel.Warning, notifyUser=False)
        county.store_document_info(self._project, info)
        for key, value in ((_COMPILER_SETTING, info.compiler), (_CARTOGRAPHER_SETTING, info.cartographer)):
            if value:
                settings.store_setting(key, value)
        super().accept()
