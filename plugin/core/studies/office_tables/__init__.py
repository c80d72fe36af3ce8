# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables in the layouts that offices hand in (报送表格).

Layouts are data files; figures come from the plan's indicators and tables (`figure_tables`).
"""
