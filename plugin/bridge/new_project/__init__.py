# SPDX-License-Identifier: GPL-2.0-or-later
"""A new county project: its database, and the QGIS project around it. No widgets here."""
