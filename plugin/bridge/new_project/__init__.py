# SPDX-License-Identifier: GPL-2.0-or-later
"""New county projects: the database, and the QGIS project. No widgets here."""
