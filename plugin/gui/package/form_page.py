# SPDX-License-Identifier: GPL-2.0-or-later
"""First page of 导出成果包: package specification (also for the inspection), folders, options and preview."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QFileSystemWatcher, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ...bridge import settings
from ...bridge.package.preview import (
    REFUSED_FOLDER,
    REPLACED_PACKAGE,
    PackagePreview,
    SlotPreview,
    describe_personal_fields,
)
from ...bridge.project import saved_paths
from ...bridge.project.county import PACKAGE_SPEC_SETTING, read_chosen_package_spec, read_document_info
from ...bridge.texts import tr
from ...core.base.errors import SanxianError
from ...core.base.files.data import list_data_ids
from ...core.standard.profile import DocumentInfo
from ...paths import PACKAGE_SPECS_FOLDER
from ..project.document_line import DocumentLine, SpecDocumentInfo, ensure_exportable_document_info
from ..widgets import (
    ElidedLabel,
    FileLine,
    FittedWidget,
    LowestList,
    WholeRows,
    WrappedLabel,
    add_entries,
    choose_or_add_entry,
    fill_layout,
    make_form,
    make_row,
    make_scroll_area,
    open_path,
    theme,
)
from .export_preview import GateBox

_VISIBLE_ROWS = 8
#: Width of the column of files that longer titles of parts do not take.
_FILE_DIGITS = 45
#: Lines reserved for the message on the target folder.
_MESSAGE_LINES = 2
#: Wait for further key presses and copied files.
_CHANGE_DELAY_MS = 250
_FOLDER_KEY, _DOCUMENTS_KEY = "package_folder", "package_documents"
_MAPS_SETTING = "package/maps"


class SpecCombo(QWidget):
    """Combo box of package specifications, shipped ones or a file.

    A specification defines what a submission package contains. Raise SanxianError if a shipped file is damaged.
    """

    changed = pyqtSignal()

    def __init__(self, parent=None):
        super().__init__(parent)
        from ...core.package.package_spec.load import load_package_spec

        self.combo = QComboBox(objectName="SanxianPackageForm", accessibleName=tr("Package specification"))
        # The county's first: most users work for a county.
        ids = sorted(list_data_ids(PACKAGE_SPECS_FOLDER), key=lambda name: (name != "county", name))
        add_entries(self.combo, ((load_package_spec(package_id).name, package_id) for package_id in ids))
        saved_spec = read_chosen_package_spec()
        if saved_spec in ids or Path(saved_spec).is_file():
            choose_or_add_entry(self.combo, saved_spec, Path(saved_spec).name)
        self.combo.currentIndexChanged.connect(
            lambda: settings.store_setting(PACKAGE_SPEC_SETTING, self.combo.currentData())
        )
        self.combo.currentIndexChanged.connect(self.changed)
        other = QPushButton(
            tr("Other…"), toolTip=tr("Package specification of the province (.toml)"), clicked=self._browse_file
        )
        fill_layout(QHBoxLayout(self), (self.combo, 1), other, has_margins=False)
        self.setFocusProxy(self.combo)

    def load_spec(self) -> Any:
        """Return a `PackageSpec`; raise SanxianError for an invalid file."""
        from ...core.package.package_spec.load import load_package_spec

        return load_package_spec(self.combo.currentData())

    def _browse_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, tr("Package specification"), "", tr("Package specification (*.toml)")
        )
        if path:
            choose_or_add_entry(self.combo, path, Path(path).name)


class SlotsList(FittedWidget, LowestList, QTreeWidget):
    """List of the slots of a package (documents and maps), with the files found for each."""

    def __init__(self, parent=None):
        super().__init__(
            parent,
            objectName="SanxianPackageSlots",
            accessibleName=tr("Documents, maps and tables of the package"),
            rootIsDecorated=False,
            uniformRowHeights=True,
            alternatingRowColors=True,
            selectionMode=QAbstractItemView.SelectionMode.SingleSelection,
            tabKeyNavigation=False,
        )
        self.setHeaderLabels([tr("Part"), tr("Requirement"), tr("File")])
        header = self.header()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        self.setMinimumHeight(self.fontMetrics().lineSpacing() * _VISIBLE_ROWS)
        self._package_preview: PackagePreview | None = None
        self._maps = False
        theme.call_after_theme_change(self, self._refresh_icons)
        self.show_missing_folder()

    def fit_contents(self) -> None:
        """Make the first column as wide as its texts, unless the names of the files need the room."""
        room = self.viewport().width() - self.columnWidth(1)
        file_width = min(self.fontMetrics().horizontalAdvance("0") * _FILE_DIGITS, room // 2)
        self.setColumnWidth(0, max(min(self.sizeHintForColumn(0), room - file_width), 0))

    def show_missing_folder(self) -> None:
        """Show one row that asks for the target folder."""
        self._package_preview = None
        self.clear()
        self._add_row("—", "—", "info", tr("Choose the output folder first."), "")
        self.fit_contents()

    def show_preview(self, preview: PackagePreview, draws_maps: bool) -> None:
        """Show the documents and maps of a package.

        ``draws_maps``: the plugin draws missing maps.
        """
        self._package_preview, self._maps = preview, draws_maps
        self.clear()
        need_words = {"M": tr("Mandatory"), "C": tr("Required if there is one"), "O": tr("Optional")}
        for slot in preview.list_relevant_slots(draws_maps):
            missing_layers = preview.missing_maps.get(slot.id, "")
            described_file = self._describe_slot(slot, draws_maps, missing_layers)
            self._add_row(slot.title, need_words[slot.need], *described_file)
        generated_parts_text = tr("Report of the check (html, json), tables of figures, metadata, manifest")
        self._add_row(generated_parts_text, "—", "ok", tr("Made with the package"), "")
        self.fit_contents()

    def _refresh_icons(self) -> None:
        if self._package_preview is None:
            self.show_missing_folder()
        else:
            self.show_preview(self._package_preview, self._maps)

    def _add_row(self, title: str, need: str, icon: str, text: str, tip: str) -> None:
        item = QTreeWidgetItem([title, need, text])
        item.setIcon(0, theme.load_icon(icon))
        item.setToolTip(0, f"{title}\n{tip or text}")
        for column in (1, 2):
            item.setToolTip(column, tip or text)
        self.addTopLevelItem(item)

    @staticmethod
    def _describe_slot(slot: SlotPreview, draws_maps: bool, missing_layers: str) -> tuple[str, str, str]:
        """Return icon, text and tool tip of the row of a slot.

        ``draws_maps``: the plugin draws missing maps; ``missing_layers``: why it cannot draw the map of this slot,
        empty if it can.
        """
        file_names = "\n".join(slot.found_file_names)
        if slot.has_unusable_files:
            return "error", tr("Cannot be opened: {names}").format(names=slot.found_file_names[0]), file_names
        if slot.found_file_names:
            count = len(slot.found_file_names)
            found = tr("{count} files").format(count=count) if count > 1 else slot.found_file_names[0]
            text = tr("{found} (of the previous package)") if slot.is_from_existing_package else "{found}"
            return "ok", text.format(found=found), file_names
        if slot.is_generated or (slot.can_be_drawn and draws_maps and not missing_layers):
            return "info", tr("Made with the package"), slot.file_name_pattern
        if slot.is_only_workbook:
            text = tr("Made as xlsx; save it as mdb with Access if the receiver requires it")
            return "info", text, slot.file_name_pattern
        icon = {"M": "error", "C": "warning", "O": "info"}[slot.need]
        if slot.can_be_drawn and draws_maps:
            return icon, tr("Not made: {reason}").format(reason=missing_layers), slot.file_name_pattern
        return icon, tr("Not found: {name}").format(name=slot.file_name_pattern), ""


class FormPage(QWidget):
    """First page of the export dialog: the form.

    Signal ``changed``: the requested package or the contents of its folders have changed.
    """

    changed = pyqtSignal()

    def __init__(self, project: QgsProject, parent=None):
        super().__init__(parent)
        self._project = project
        self._make_widgets(saved_paths.get_start_folder(project))
        form = make_form(
            (tr("Specification"), self.forms),
            (tr("Output folder"), self.folder),
            ("", self.target),
            ("", self.replaced),
            (tr("Documents from"), self.documents),
            (tr("Document information"), self.document),
        )
        content, options = QWidget(), make_row(self.maps, self.personal, (None, 1))
        parts = (form, (WholeRows(self.slots), 2), self.left_out, options, (self.gate, 3))
        fill_layout(QVBoxLayout(content), *parts, has_margins=False)
        self._scroll_area = make_scroll_area(content)
        fill_layout(QVBoxLayout(self), self._scroll_area, has_margins=False)
        self._settle_timer = QTimer(self, singleShot=True, interval=_CHANGE_DELAY_MS, timeout=self.changed)
        self._watcher = QFileSystemWatcher(self)
        for signal in (
            self._watcher.directoryChanged,
            self._watcher.fileChanged,
            self.folder.line.textChanged,
            self.documents.line.textChanged,
            self.forms.changed,
            self.maps.toggled,
            self.personal.toggled,
        ):
            signal.connect(self.schedule_change)

    def _make_widgets(self, project_folder: str) -> None:
        project = self._project
        self.forms = SpecCombo()
        self.folder = FileLine(
            saved_paths.read_absolute_path(project, _FOLDER_KEY), project_folder, allows_only_folders=True
        )
        self.target = ElidedLabel(objectName="SanxianPackageTarget")
        # An empty label would be lower.
        self.target.setFixedHeight(ElidedLabel("国").sizeHint().height())
        # Messages appear after the folder is chosen; they must not move what the user clicks next.
        self.replaced = WrappedLabel(reserved_lines=_MESSAGE_LINES, objectName="SanxianPackageReplaced")
        self.documents = FileLine(
            saved_paths.read_absolute_path(project, _DOCUMENTS_KEY), project_folder, allows_only_folders=True
        )
        documents_hint = tr("Folder with documents, maps and tables, which are found by their names")
        for line, name, hint in (
            (self.folder.line, "SanxianPackageFolder", tr("Folder in which the package is made")),
            (self.documents.line, "SanxianPackageDocuments", documents_hint),
        ):
            line.setObjectName(name)
            theme.set_placeholder(line, hint)
        self.slots = SlotsList()
        self.left_out = WrappedLabel(reserved_lines=1, objectName="SanxianPackageLeftOut")
        self.maps = QCheckBox(tr("Make missing maps"), objectName="SanxianPackageMaps")
        self.maps.setChecked(settings.read_setting(_MAPS_SETTING, True))
        self.personal = QCheckBox(tr("Include personal data (omitted by default)"), objectName="SanxianPackagePersonal")
        self.forms.changed.connect(self._describe_personal_data)
        self._describe_personal_data()
        self.gate = GateBox()
        self.document = DocumentLine(project, get_fallback=self.read_fallback)
        self.forms.changed.connect(self.document.update_summary)

    def show_field(self, field: QWidget) -> None:
        """Scroll to a field and focus it; open the folder of documents or the document information."""
        self._scroll_area.ensureWidgetVisible(field)
        if field is self.document:
            self.document.button.click()
        else:
            (self.documents.line if field is self.documents else field).setFocus()
            if field is self.documents and self.documents.text():
                open_path(self.documents.text(), self.window())

    def _describe_personal_data(self) -> None:
        """List the fields with personal data in the tool tip of the option to export them."""
        try:
            lines = describe_personal_fields(self.forms.load_spec())
        except SanxianError:
            # The preview shows why the specification is unreadable.
            lines = []
        text = tr("Fields with personal data are left empty unless this is ticked:")
        self.personal.setToolTip("\n".join([text, *lines]) if lines else "")

    def schedule_change(self, *_signal) -> None:
        """Emit ``changed`` when no further change follows for a moment."""
        self._settle_timer.start()

    def make_order(self) -> Any:
        """Return the export that the form describes; None if no target folder is chosen.

        Raise SanxianError for an unreadable package specification.
        """
        from ...core.package.export_order import ExportOrder

        if not self.folder.text():
            return None
        return ExportOrder(
            self.forms.load_spec(),
            Path(self.folder.text()),
            Path(self.documents.text()) if self.documents.text() else None,
            is_forced=self.gate.force.isChecked(),
            keeps_personal_fields=self.personal.isChecked(),
            makes_maps=self.maps.isChecked(),
            document_info=read_document_info(self._project),
        )

    def read_fallback(self) -> SpecDocumentInfo:
        """Return the document information (成果信息) of the package specification.

        It fills values that project and profile lack. Raise SanxianError for an unreadable package specification.
        """
        form = self.forms.load_spec()
        return SpecDocumentInfo(DocumentInfo(secrecy=form.secrecy), form.secrecy_levels, form.name)

    def ask_for_exportable_document_info(self) -> bool:
        """Ask for 成果信息 until they allow an export; return False if the user cancels.

        Raise SanxianError for an unreadable package specification or profile.
        """
        ready = ensure_exportable_document_info(self._project, self.window(), self.read_fallback())
        self.document.update_summary()
        return ready

    def store_choices(self) -> None:
        """Store in the project the folders and whether missing maps are drawn."""
        settings.store_setting(_MAPS_SETTING, self.maps.isChecked())
        for key, line in ((_FOLDER_KEY, self.folder), (_DOCUMENTS_KEY, self.documents)):
            if line.text() != saved_paths.read_absolute_path(self._project, key):
                saved_paths.store_path(self._project, key, line.text())

    def show_preview(self, preview: PackagePreview) -> None:
        """Show name, slots and unassigned files of the package."""
        self.slots.show_preview(preview, self.maps.isChecked())
        paths_to_watch = set(preview.watched_paths)
        watched_paths = {*self._watcher.directories(), *self._watcher.files()}
        if watched_paths - paths_to_watch:
            self._watcher.removePaths(sorted(watched_paths - paths_to_watch))
        if paths_to_watch - watched_paths:
            self._watcher.addPaths(sorted(paths_to_watch - watched_paths))
        self.target.setText(tr("Package: {name}").format(name=preview.folder_name) if preview.folder_name else "")
        state_texts = {
            REPLACED_PACKAGE: tr(
                "A package with this name exists. The new package replaces it after it is complete; "
                "until then the existing package is not changed."
            ),
            REFUSED_FOLDER: preview.refusal_reason,
        }
        unknown_county = tr(
            "The county is not determined yet. Choose its profile, or start the export: its check "
            "determines the county."
        )
        self.replaced.setText(state_texts.get(preview.folder_state, "") if preview.folder_name else unknown_county)
        names = tr(", ").join(preview.unassigned_files)
        text = tr("{count} files of the folder do not belong to the package (omitted): {names}.")
        self.left_out.setText(text.format(count=preview.unused_file_count, names=names) if names else "")
        self.left_out.setToolTip(self.left_out.text())

    def show_missing_folder(self) -> None:
        """Show that the target folder is not chosen yet."""
        self.slots.show_missing_folder()
        for label in (self.target, self.left_out, self.replaced):
            label.setText("")

    def show_error(self, message: str) -> None:
        """Show why the preview failed."""
        self.slots.show_preview(PackagePreview(), False)
        self.target.setText("")
        self.replaced.setText(message)
