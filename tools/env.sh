# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by the other scripts, in the checkout: settings with which QGIS and Python find the plugin and its libraries.
# Settings: SANXIAN_ENV (environment, default .venv), SANXIAN_BUILD (default build), SANXIAN_DESKTOP=1 (use a screen).
# Paths may contain spaces and Chinese characters, so everything is quoted and nothing here is a make target.

say() { printf '%s\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }
absolute() { case "$1" in /*) printf '%s' "$1" ;; *) printf '%s/%s' "$PWD" "$1" ;; esac; }

SANXIAN_ENV=$(absolute "${SANXIAN_ENV:-.venv}")
SANXIAN_BUILD=$(absolute "${SANXIAN_BUILD:-build}")
export SANXIAN_ENV SANXIAN_BUILD
export LANG=C.UTF-8 LC_ALL=C.UTF-8 PYTHONUTF8=1
# Bytecode is cached in one folder. Users cannot write to the folder of QGIS's Python code, and without a cache hundreds
# of processes would compile it again.
export PYTHONDONTWRITEBYTECODE='' PYTHONPYCACHEPREFIX="$SANXIAN_BUILD/pycache"

state="$SANXIAN_ENV/sanxian.state"
SANXIAN_QGIS='' SANXIAN_QGIS_PROCESS='' SANXIAN_QGIS_DATA=''
# shellcheck source=/dev/null
[ ! -f "$state" ] || . "$state"
export SANXIAN_QGIS SANXIAN_QGIS_PROCESS SANXIAN_QGIS_DATA # version, program and data folder; empty without QGIS

python="$SANXIAN_ENV/bin/python"

# Add the plugin to QGIS's path, in a separate profile.
use_qgis() {
    local site
    site=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    export QGIS_CUSTOM_CONFIG_PATH="$SANXIAN_BUILD/profile"
    export QGIS_PLUGINPATH="$SANXIAN_BUILD/plugins"
    export PYTHONPATH="$PWD/tools/site:$site${SANXIAN_QGIS_DATA:+:$SANXIAN_QGIS_DATA/python:$SANXIAN_QGIS_DATA/python/plugins}"
    [ -n "${SANXIAN_DESKTOP:-}" ] || export QT_QPA_PLATFORM=offscreen
    # A QGIS 3 built with Qt 6 asks metadata.txt for supportsQt6; QGIS 4 and the plugin site no longer know it.
    export QGIS_DISABLE_SUPPORTS_QT6_CHECK=1
    mkdir -p "$QGIS_CUSTOM_CONFIG_PATH" "$QGIS_PLUGINPATH"
    [ "$(readlink "$QGIS_PLUGINPATH/sanxian" 2>/dev/null)" = "$PWD" ] || ln -sfn "$PWD" "$QGIS_PLUGINPATH/sanxian"
}

# Runs once per profile. An error ends the script, except if no plugin class exists yet.
enable_plugin() {
    local stamp="$QGIS_CUSTOM_CONFIG_PATH/sanxian-enabled" out
    [ ! -f "$stamp" ] || return 0
    if [ ! -f plugin/main.py ]; then
        say "插件尚无主类，未启用 · plugin/main.py is not there yet: plugin not enabled" >&2
        return 0
    fi
    out=$("$SANXIAN_QGIS_PROCESS" plugins enable sanxian 2>&1) || { say "$out" >&2; die "未能启用插件 · the plugin could not be enabled (above)"; }
    : > "$stamp"
}

# Compile translations, next to their sources and never committed. No output if nothing changed.
translate() {
    local ts
    for ts in i18n/*.ts; do
        if [ -f "$ts" ] && [ ! "${ts%.ts}.qm" -nt "$ts" ]; then
            "$python" tools/translations.py || say "  界面保持英文 · the interface stays English" >&2
            return 0
        fi
    done
}
