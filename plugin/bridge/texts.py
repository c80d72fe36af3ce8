# SPDX-License-Identifier: GPL-2.0-or-later
"""Words of the interface: English in the code, translated by Qt in the context ``Sanxian``."""

from __future__ import annotations

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication, QTranslator

from ..core.messages.plurals import agree
from ..paths import I18N

CONTEXT = "Sanxian"


class Translated(str):
    """A text of the interface. Its ``format`` puts English nouns into the singular behind a count of one."""

    __slots__ = ()

    def format(self, *args: object, **params: object) -> str:
        return agree(str(self), params).format(*args, **params)


def tr(text: str) -> str:
    """The text in the language of QGIS's interface."""
    return Translated(QCoreApplication.translate(CONTEXT, text))


def interface_locale() -> str:
    """The language of QGIS's interface: what it was started with (``--lang``, the options), else the system's.

    Where none is set (the C locale of a server) it is Chinese, the language of the plans.
    """
    application = QgsApplication.instance()
    locale = (application.translation() if isinstance(application, QgsApplication) else "") or QgsApplication.locale()
    return "zh_CN" if locale in ("", "C") or locale.lower().startswith("zh") else locale


def install_translator() -> QTranslator | None:
    """Load ``i18n/sanxian_<locale>.qm``; every Chinese locale is served by zh_CN. None when there is none."""
    name = interface_locale()
    translator = QTranslator()
    if not translator.load(str(I18N / f"sanxian_{name}.qm")):
        return None
    QCoreApplication.installTranslator(translator)
    return translator


def remove_translator(translator: QTranslator | None) -> None:
    if translator is not None:
        QCoreApplication.removeTranslator(translator)
