# SPDX-License-Identifier: GPL-2.0-or-later
"""Sentences in the user's language, made of the texts in resources/texts."""
