# SPDX-License-Identifier: GPL-2.0-or-later
"""Step 2 of the wizard: county, coordinate system, layers."""

from __future__ import annotations

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QSignalBlocker, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem

from ...bridge.texts import tr
from ...core.base.errors import SanxianError
from ...core.standard.layer_tree import find_delivery_constraint, find_strictest_constraint, list_branches
from ..widgets import messages as trouble
from ..widgets import theme
from ..widgets.layout import fill_layout
from ..widgets.sections import FormSection, NoticeBox
from ..widgets.whole_rows import WholeRows
from .county_box import CountyBox
from .crs_box import CrsBox
from .draft import WizardChoices, WizardPage

_ROLE_DATA = Qt.ItemDataRole.UserRole
#: Number of groups that a low dialog shows without scrolling the list.
_MIN_SHOWN_ROWS = 5


class GroupsBox(FormSection):
    """Wizard box of the layers to create; signal ``changed``: the choice has changed."""

    changed = pyqtSignal()

    def __init__(self, draft: WizardChoices, parent=None):
        super().__init__(
            tr("Layer groups"), tr("empty layers with fields, aliases, code lists and symbols of the template"), parent
        )
        self._draft = draft
        self._shown_standard = ""
        self.tree = QTreeWidget(
            objectName="SanxianWizardGroups",
            selectionMode=QAbstractItemView.SelectionMode.NoSelection,
            uniformRowHeights=True,
        )
        self.tree.setHeaderLabels([tr("Group"), tr("Layer codes"), tr("Layers"), tr("Requirement")])
        self.tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.tree.header().setStretchLastSection(False)
        self.tree.itemChanged.connect(self._on_toggled)
        self.notice = NoticeBox()
        fill_layout(self.layout_, (WholeRows(self.tree), 1), self.notice)

    def refresh(self) -> None:
        """Fill the tree of layers for another standard; otherwise keep the ticks."""
        if self._shown_standard == self._draft.standard_id:
            return
        self._shown_standard = self._draft.standard_id
        standard = self._draft.standard
        with QSignalBlocker(self.tree):
            self.tree.clear()
            # Usual layers are at the top; the layer tree of the project has another order.
            for branch in sorted(list_branches(standard), key=lambda b: not b.is_chosen):
                constraint_names = {"M": tr("mandatory"), "C": tr("required if there is one"), "O": tr("optional")}
                texts = [
                    branch.name,
                    "  ".join(branch.roles),
                    str(len(branch.roles)),
                    constraint_names[find_strictest_constraint(branch, standard)],
                ]
                item = QTreeWidgetItem(self.tree, texts)
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsAutoTristate)
                item.setForeground(1, theme.get_faint_color(in_field=True))
                item.setTextAlignment(2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                item.setToolTip(1, "\n".join(f"{r}  {standard.templates[r].name}" for r in branch.roles))
                for role in branch.roles:
                    child = QTreeWidgetItem(
                        item,
                        [
                            standard.templates[role].name,
                            role,
                            "",
                            constraint_names[find_delivery_constraint(role, standard)],
                        ],
                    )
                    child.setFlags((child.flags() | Qt.ItemFlag.ItemIsUserCheckable) & ~Qt.ItemFlag.ItemIsAutoTristate)
                    child.setData(0, _ROLE_DATA, role)
                    child.setForeground(1, theme.get_faint_color(in_field=True))
                    child.setCheckState(0, Qt.CheckState.Checked if branch.is_chosen else Qt.CheckState.Unchecked)
        for column in (0, 2, 3):
            self.tree.resizeColumnToContents(column)
        row = self.tree.sizeHintForRow(0) if self.tree.topLevelItemCount() else 0
        rows = min(self.tree.topLevelItemCount(), _MIN_SHOWN_ROWS)
        self.tree.setMinimumHeight(self.tree.header().sizeHint().height() + rows * row + 2 * self.tree.frameWidth())
        self._on_toggled()

    def _list_layer_items(self) -> list[QTreeWidgetItem]:
        tops = (self.tree.topLevelItem(n) for n in range(self.tree.topLevelItemCount()))
        return [top.child(n) for top in tops for n in range(top.childCount())]

    def _on_toggled(self, *_args) -> None:
        ticked_items = [c for c in self._list_layer_items() if c.checkState(0) == Qt.CheckState.Checked]
        self._draft.roles = [c.data(0, _ROLE_DATA) for c in ticked_items]
        self.notice.show_message(*self._describe_missing_layers())
        self.changed.emit()

    def _describe_missing_layers(self) -> tuple[str, str]:
        """Return level and message on mandatory layers that are not ticked.

        Usual layers are named, the others counted.
        """
        standard = self._draft.standard
        mandatory = {
            b: [r for r in b.roles if find_delivery_constraint(r, standard) == "M"] for b in list_branches(standard)
        }
        missing_by_branch = {b: [r for r in roles if r not in self._draft.roles] for b, roles in mandatory.items()}
        usual_layer_names = [
            standard.templates[r].name for b, roles in missing_by_branch.items() if b.is_chosen for r in roles
        ]
        if usual_layer_names:
            text = tr("Required layers that are not created: {layers}. They can be added later under New Layers.")
            return "warning", text.format(layers=tr(", ").join(usual_layer_names))
        others = sum(map(len, missing_by_branch.values()))
        text = tr(
            "A complete delivery requires {count} more mandatory layers; they can be added later under New Layers."
        )
        return "info", text.format(count=others) if others else ""

    def find_problem(self) -> str:
        """Return why the choice of layers is not sufficient, or an empty string."""
        return "" if self._draft.roles else tr("Tick at least one layer.")


class CountyPage(WizardPage):
    """Wizard page with the boxes of county, coordinate system and layers."""

    def __init__(self, draft: WizardChoices, project: QgsProject, parent=None):
        super().__init__(draft, tr("County, CRS and layers"), parent)
        self.county = CountyBox(project)
        self.crs = CrsBox(draft)
        self.groups = GroupsBox(draft)
        fill_layout(self.body, self.county, self.crs)
        # The list of groups takes the rest of the page.
        self.body.addWidget(self.groups, 1)
        self._county_error = ""
        self.county.changed.connect(self._update_county_and_crs)
        for box in (self.crs, self.groups):
            box.changed.connect(self.changed)
        self._update_county_and_crs()

    def update_when_shown(self) -> None:
        self.groups.refresh()
        self.county.refresh()

    def _update_county_and_crs(self) -> None:
        try:
            self.draft.county, self._county_error = self.county.get_chosen_county(), ""
        except SanxianError as error:
            self.draft.county, self._county_error = None, trouble.explain_error(error)
        place = self.county.get_location()
        self.draft.crs_zones, self.draft.division_code, self.draft.extent_degrees = (
            place.crs_zones,
            place.division_code,
            place.extent_degrees,
        )
        self.crs.refresh()
        self.changed.emit()

    def find_problem(self) -> str:
        if self.draft.county is None:
            return self._county_error or tr("Choose the county.")
        return self.crs.find_problem() or self.groups.find_problem()
