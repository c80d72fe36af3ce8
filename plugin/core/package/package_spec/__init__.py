# SPDX-License-Identifier: GPL-2.0-or-later
"""What a package holds (成果包样式), as data: its model, how it is read, what is wrong with one."""
