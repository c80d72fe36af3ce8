# SPDX-License-Identifier: GPL-2.0-or-later
"""Document information (成果信息) in export dialogs: a summary line, an edit button, and validation before an export."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from qgis.core import QgsProject
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QPushButton, QWidget

from ...bridge import settings
from ...bridge.project import county, document
from ...bridge.texts import tr
from ...core.errors import InputError, SanxianError
from ...core.messages.texts import Texts
from ...core.profile import DocumentInfo, Profile, load_profile
from ...core.profile.document import VALUES, ResolvedDocument
from ..widgets import messages
from ..widgets.elided import ElidedLabel


class Fallback(NamedTuple):
    """Fallback values of a package form, and the secrecy levels that it allows."""

    info: DocumentInfo | None = None
    levels: tuple[str, ...] = ()
    name: str = ""


def profile_of(project: QgsProject) -> Profile:
    """Return the county profile of a project. Raise SanxianError if it cannot be read."""
    return load_profile(county.of(project).profile)


def edit(project: QgsProject, profile: Profile, fallback: Fallback, parent: Any, problem: str = "") -> bool:
    """Open the dialog; return True if the user accepted it."""
    from .document_dialog import DocumentDialog

    dialog = DocumentDialog(
        project,
        profile,
        fallback.info,
        parent,
        problem=problem,
        levels=fallback.levels,
        form_name=fallback.name,
    )
    try:
        return bool(dialog.exec())
    finally:
        dialog.deleteLater()


def ask_until_exportable(
    project: QgsProject, parent: Any, fallback: Fallback | None = None, profile: Profile | None = None
) -> bool:
    """Return True if an export may start; if the secrecy level or a reason is missing, open the dialog first.

    ``profile``: county profile, by default the project's. Raise SanxianError if it cannot be read.
    """
    fallback, profile = fallback or Fallback(), profile or profile_of(project)
    try:
        document.resolve(project, profile, fallback.info).require_exportable(fallback.levels, fallback.name)
    except InputError as error:
        problem = Texts(settings.interface_language()).explain(error)
        return edit(project, profile, fallback, parent, problem)
    return True


class DocumentLine(QWidget):
    """A summary with an edit button. ``profile``: returns the county profile or raises SanxianError; ``fallback``: returns the fallback of the form."""

    changed = pyqtSignal()

    def __init__(
        self,
        project: QgsProject,
        profile: Callable[[], Profile] | None = None,
        fallback: Callable[[], Fallback] = Fallback,
        parent=None,
    ):
        super().__init__(parent)
        self._project, self._fallback = project, fallback
        self._profile = profile or (lambda: profile_of(project))
        self.label = ElidedLabel()
        self.label.setObjectName("SanxianDocumentSummary")
        self.button = QPushButton(tr("Edit…"))
        self.button.setObjectName("SanxianDocumentEdit")
        self.button.setAutoDefault(False)
        self.button.clicked.connect(self._edit)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.label, 1)
        layout.addWidget(self.button)
        self.refresh()

    def resolve(self) -> ResolvedDocument:
        return document.resolve(self._project, self._profile(), self._fallback().info)

    def refresh(self) -> None:
        try:
            text = summary(self.resolve())
        except (SanxianError, ImportError) as error:
            text = messages.explain(error)
        self.label.setText(text)

    def _edit(self) -> None:
        try:
            accepted = edit(self._project, self._profile(), self._fallback(), self.window())
        except (SanxianError, ImportError) as error:
            self.label.setText(messages.explain(error))
            return
        if accepted:
            self.refresh()
            self.changed.emit()


def summary(found: ResolvedDocument) -> str:
    """Return the values in one line, beginning with the secrecy level and its source."""
    texts = Texts(settings.interface_language())
    if not found.info.secrecy:
        parts = [tr("Secrecy level not set")]
    else:
        source = texts.get("document", found.sources["secrecy"])
        parts = [tr("{value} ({source})").format(value=found.info.secrecy, source=source)]
    values = {key: getattr(found.info, key) for key in VALUES if key not in ("secrecy", "map_approval")}
    parts += [value for value in (*values.values(), found.info.printed_approval) if value]
    return " · ".join(parts)
