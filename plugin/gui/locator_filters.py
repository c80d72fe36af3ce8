# SPDX-License-Identifier: GPL-2.0-or-later
"""Search in QGIS's locator bar (定位栏, Ctrl+K): commands, tools, rules, findings, plan layers, features by key."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsExpression,
    QgsFeatureRequest,
    QgsLocatorFilter,
    QgsLocatorResult,
    QgsProject,
    QgsVectorLayer,
    QgsVectorLayerFeatureSource,
)
from qgis.PyQt.QtGui import QAction, QIcon, QKeySequence

from ..bridge import settings
from ..bridge.layers.properties import get_assigned_role
from ..bridge.layers.role_recognition import list_plan_layers
from ..bridge.texts import mark_text, tr, translate_marked
from .findings.edit_notices import sort_by_severity
from .findings.groups import get_finding_kind
from .widgets import theme

#: Prefix that limits a search to the filters of this plugin; QGIS ignores shorter ones of plugins.
PREFIX = "sxt"
#: Shorter texts match too much.
MIN_LENGTH = 2
_MAX_RESULTS_PER_KIND = 15
#: Name of the key field in all standards.
_KEY_FIELD = "BSM"
#: Fewer digits are at the end of too many keys.
_KEY_PATTERN = re.compile(r"\d{4,18}")
_MAX_RESULTS_PER_LAYER = 5


@dataclass(frozen=True)
class LocatorTargets:
    """What the filter searches and what it opens.

    ``get_actions``: returns name → action of the plugin; ``get_result``: returns the displayed result of a check, or
    None; ``select_finding(finding)``, ``open_help(rule code)``, ``activate_layer(layer)``: show a chosen entry.
    """

    get_actions: Callable[[], Mapping[str, QAction]]
    get_result: Callable[[], Any]
    select_finding: Callable[[Any], None]
    open_help: Callable[[str], None]
    activate_layer: Callable[[QgsVectorLayer], None]


class _LocatorFilter(QgsLocatorFilter):
    """Base class: name and title of a filter. ``targets``: what it searches, and what shows a chosen entry."""

    identifier, title = "", ""

    def __init__(self, targets: Any):
        super().__init__()
        self._targets = targets

    def name(self) -> str:
        return self.identifier

    def displayName(self) -> str:
        return translate_marked(self.title)

    def prefix(self) -> str:
        return PREFIX

    def clone(self) -> _LocatorFilter:
        return type(self)(self._targets)


class PlanLocatorFilter(_LocatorFilter):
    """Finds commands and tools by name, rules by code and title, findings by key, township and rule, plan layers.

    Tools of the toolbox are found with the prefix only: without it, QGIS's own filter finds them.
    """

    identifier, title = "sanxian_plan", mark_text("Sanxian: commands, rules, findings, layers")

    def __init__(self, targets: LocatorTargets):
        super().__init__(targets)
        self._icons: dict[str, QIcon] = {}

    def flags(self):
        # On the main thread: findings and layers belong to it.
        return QgsLocatorFilter.Flag.FlagFast

    def fetchResults(self, text, context, feedback) -> None:
        words = text.casefold().split()
        if len(text.strip()) < MIN_LENGTH and not context.usingPrefix:
            return
        tools = (self._find_tools,) if context.usingPrefix else ()
        finders = (self._find_commands, *tools, self._find_findings, self._find_rules, self._find_layers)
        # The prefix alone lists all commands.
        limit = _MAX_RESULTS_PER_KIND if words else math.inf
        for find in finders if words else finders[:1]:
            for count, result in enumerate(find(words)):
                if count == limit or (feedback is not None and feedback.isCanceled()):
                    break
                self.resultFetched.emit(result)

    def triggerResult(self, result) -> None:
        kind, target = result.userData
        if kind == "command":
            self._targets.get_actions()[target].trigger()
        elif kind == "tool":
            import processing

            processing.createAlgorithmDialog(target, {}).show()
        elif kind == "rule":
            self._targets.open_help(target)
        elif kind == "layer":
            layer = QgsProject.instance().mapLayer(target)
            if layer is not None:
                self._targets.activate_layer(layer)
        else:
            shown = self._targets.get_result()
            findings = shown.findings if shown is not None else []
            finding = next((one for one in findings if one.fingerprint == target), None)
            if finding is not None:
                self._targets.select_finding(finding)

    def _find_commands(self, words: list[str]) -> Iterator[QgsLocatorResult]:
        for name, action in self._targets.get_actions().items():
            if action.isEnabled() and _contains_all(words, (action.text(),)):
                shortcut = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
                icon = action.property("sanxianIcon")
                yield self._make_result(tr("Sanxian"), action.text(), shortcut, icon, ("command", name))

    def _find_tools(self, words: list[str]) -> Iterator[QgsLocatorResult]:
        from ..core.model.rule import load_all_rules

        rules = {rule.algorithm_id for rule in load_all_rules().values()}
        provider = QgsApplication.processingRegistry().providerById("sanxian")
        for algorithm in provider.algorithms() if provider is not None else ():
            texts = (algorithm.displayName(), algorithm.name(), *algorithm.tags())
            if algorithm.name() not in rules and _contains_all(words, texts):
                yield self._make_result(
                    tr("Toolbox"), algorithm.displayName(), algorithm.group(), "sanxian", ("tool", algorithm.id())
                )

    def _find_findings(self, words: list[str]) -> Iterator[QgsLocatorResult]:
        shown = self._targets.get_result()
        for position, finding in enumerate(sort_by_severity(shown.findings) if shown is not None else ()):
            texts = (finding.code, finding.key, finding.township, finding.role, *finding.related_keys)
            if _contains_all(words, texts):
                place = f"{finding.township} {finding.key}".strip() or finding.role
                text = f"{finding.code} {place}"
                icon, target = theme.KIND_ICONS[get_finding_kind(finding)], ("finding", finding.fingerprint)
                result = self._make_result(tr("Problems"), text, finding.message, icon, target)
                # QGIS sorts entries of equal score by their text, a warning ATT001 before an error REL001.
                result.score = 1 / (2 + position)
                yield result

    def _find_rules(self, words: list[str]) -> Iterator[QgsLocatorResult]:
        from ..core.model.rule import load_all_rules
        from ..core.standard.messages.texts import Texts

        texts = Texts(settings.get_interface_language())
        for code, rule in load_all_rules().items():
            title = texts.get_rule_title(rule)
            if _contains_all(words, (code, title, texts.get_rule_problem(rule))):
                hint = tr("Open the help of the rule")
                yield self._make_result(tr("Rules"), f"{code} {title}", hint, "help", ("rule", code))

    def _find_layers(self, words: list[str]) -> Iterator[QgsLocatorResult]:
        for layer in list_plan_layers(QgsProject.instance()):
            role = get_assigned_role(layer) or ""
            if _contains_all(words, (layer.name(), role)):
                yield self._make_result(tr("Plan layers"), layer.name(), role, "layers", ("layer", layer.id()))

    def _make_result(
        self, group: str, text: str, description: str, icon: str, target: tuple[str, str]
    ) -> QgsLocatorResult:
        """Return an entry of the result list."""
        result = QgsLocatorResult()
        result.group, result.displayString, result.description = group, text, description
        if icon not in self._icons:
            self._icons[icon] = theme.load_icon(icon)
        result.icon = self._icons[icon]
        result.setUserData(target)
        return result


def _contains_all(words: list[str], texts: tuple[str, ...]) -> bool:
    """Return True if each word is in one of the texts; case does not matter."""
    folded_texts = [text.casefold() for text in texts]
    return all(any(word in text for text in folded_texts) for word in words)


@dataclass(frozen=True)
class _SearchedLayer:
    """A layer as the thread reads it; made on the main thread."""

    layer_id: str
    name: str
    source: QgsVectorLayerFeatureSource
    field: int
    field_name: str


class FeatureLocatorFilter(_LocatorFilter):
    """Finds features of plan layers with a key that contains the digits entered, in the locator's thread."""

    identifier, title = "sanxian_features", mark_text("Sanxian: features by BSM")

    def __init__(self, iface: Any):
        super().__init__(iface)
        self._searched_layers: list[_SearchedLayer] = []

    def prepare(self, text, context) -> list[str]:
        """Take a snapshot of the layers on the main thread."""
        self._searched_layers = []
        if _KEY_PATTERN.fullmatch(text.strip()):
            for layer in list_plan_layers(QgsProject.instance()):
                field = layer.fields().lookupField(_KEY_FIELD)
                if field >= 0:
                    source, name = QgsVectorLayerFeatureSource(layer), layer.fields().at(field).name()
                    self._searched_layers.append(_SearchedLayer(layer.id(), layer.name(), source, field, name))
        return []

    def fetchResults(self, text, context, feedback) -> None:
        digits = text.strip()
        for searched in self._searched_layers:
            if feedback is not None and feedback.isCanceled():
                return
            column = QgsExpression.quotedColumnRef(searched.field_name)
            request = QgsFeatureRequest(QgsExpression(f"{column} LIKE '%{digits}%'"))
            request.setFlags(Qgis.FeatureRequestFlag.NoGeometry).setSubsetOfAttributes([searched.field])
            request.setLimit(_MAX_RESULTS_PER_LAYER)
            for feature in searched.source.getFeatures(request):
                result = QgsLocatorResult()
                result.group = tr("Plan features")
                result.displayString, result.description = str(feature.attribute(searched.field)), searched.name
                result.setUserData((searched.layer_id, feature.id()))
                self.resultFetched.emit(result)

    def triggerResult(self, result) -> None:
        layer_id, fid = result.userData
        layer = QgsProject.instance().mapLayer(layer_id)
        if not isinstance(layer, QgsVectorLayer):
            return
        self._targets.setActiveLayer(layer)
        layer.selectByIds([fid])
        canvas = self._targets.mapCanvas()
        canvas.zoomToFeatureIds(layer, [fid])
        canvas.flashFeatureIds(layer, [fid])
