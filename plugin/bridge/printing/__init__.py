# SPDX-License-Identifier: GPL-2.0-or-later
"""Printing of documents (core.render.document) as PDF with Qt."""
