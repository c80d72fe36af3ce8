# SPDX-License-Identifier: GPL-2.0-or-later
"""Between our templates and the formats of others. osgeo is imported here only, and only when something is written."""
