# SPDX-License-Identifier: GPL-2.0-or-later
"""Texts of the interface: English in the code, translated by Qt."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication, QTranslator

from ..core.base.placeholders import use_singular_after_one
from ..paths import I18N

TRANSLATION_CONTEXT = "Sanxian"


class TranslatedText(str):
    """A translated text whose ``format`` adapts English nouns to a count of one."""

    __slots__ = ()

    def format(self, *args: object, **params: object) -> str:
        return use_singular_after_one(str(self), params).format(*args, **params)


def tr(text: str) -> str:
    """Return a text of the interface in the language of QGIS's interface."""
    translated = QCoreApplication.translate(TRANSLATION_CONTEXT, text)
    # Qt shows no text for a value of a model, property or attribute that is a subclass of str.
    return TranslatedText(translated) if "{" in translated else translated


def mark_text(text: str) -> str:
    """Return the text itself, which is translated where it is shown (see `translate_marked`)."""
    return text


def translate_marked(text: str) -> str:
    """Return a text given to `mark_text` in the language of QGIS's interface."""
    return QCoreApplication.translate(TRANSLATION_CONTEXT, text)


def join_first_names(names: Sequence[str], limit: int) -> str:
    """Return the names as a text; if there are more than ``limit``, only the first ones and the number of all."""
    text = tr(", ").join(names[:limit])
    return (
        text if len(names) <= limit else tr("{names} and others, {count} in all").format(names=text, count=len(names))
    )


def get_interface_locale() -> str:
    """Return the locale of QGIS's interface, such as ``zh_CN``.

    It is the start option (``--lang``), else QGIS's setting, else the system's. If none is set (the C locale of a
    server) it is Chinese, the language of the plans.
    """
    application = QgsApplication.instance()
    locale = (application.translation() if isinstance(application, QgsApplication) else "") or QgsApplication.locale()
    return "zh_CN" if locale in ("", "C") or locale.lower().startswith("zh") else locale


def install_translator() -> QTranslator | None:
    """Load the translation of the plugin's interface; return None without one.

    The file is ``i18n/sanxian_<locale>.qm``; all Chinese locales use zh_CN.
    """
    name = get_interface_locale()
    translator = QTranslator()
    if not translator.load(str(I18N / f"sanxian_{name}.qm")):
        return None
    QCoreApplication.installTranslator(translator)
    return translator


def remove_translator(translator: QTranslator | None) -> None:
    """Remove a translation from the application."""
    if translator is not None:
        QCoreApplication.removeTranslator(translator)
