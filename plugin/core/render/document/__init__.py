# SPDX-License-Identifier: GPL-2.0-or-later
"""Documents to be signed: the report of a check as blocks, and their writers (docx, HTML for printing, xlsx)."""
