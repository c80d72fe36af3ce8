#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Create the environment: QGIS 3.40 or later if possible, and a virtual environment of the Python that QGIS uses.
# Idempotent: existing parts are used unchanged, and a second run only compares a stamp.
# Writes to stderr: the output of `make -s qgis_process` remains that of the program.
# Settings: SANXIAN_ENV (default .venv), SANXIAN_NO_INSTALL=1 (install no system packages), SANXIAN_PYTHON (the base
# Python), SANXIAN_REQUIRE_QGIS=1 (fail without QGIS).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/env.sh
exec >&2

minimum=34000
codename_with_backports=bookworm # its QGIS is too old, its backports suite has 3.40

# --- already done? ---------------------------------------------------------------------------------------------------
# Decided without starting Python or QGIS: by the contents of these files and the programs found.
key() {
    cat requirements.txt requirements-dev.txt tools/setup.sh
    printf '%s\n' "$SANXIAN_ENV" "${SANXIAN_PYTHON:-}" "${SANXIAN_NO_INSTALL:-}"
    local program
    for program in "$(command -v qgis_process || true)" /usr/bin/qgis_process.bin /usr/bin/python3; do
        ls -lnL "$program" 2> /dev/null || true
    done
}
stamp=$(key | cksum)
done_already() { [ "$(cat "$SANXIAN_ENV/sanxian.stamp" 2> /dev/null)" = "$stamp" ] && [ -x "$python" ]; }
ready() { say "环境就绪 · ready: QGIS ${SANXIAN_QGIS:-无（仅核心 · core only）}, $SANXIAN_ENV"; }
if done_already; then ready; exit 0; fi

mkdir -p "$SANXIAN_BUILD"
if command -v flock > /dev/null; then # two runs of make at once in one checkout
    exec 9> "$SANXIAN_BUILD/setup.lock"
    flock 9
    if done_already; then ready; exit 0; fi
fi
say "准备环境 · setting up"

# --- QGIS ------------------------------------------------------------------------------------------------------------
qgis_version= qgis_python= qgis_data= qgis_program=

probe='
import sys
from qgis.core import Qgis, QgsApplication
if Qgis.QGIS_VERSION_INT < int(sys.argv[1]) or sys.version_info < (3, 11):
    sys.exit(1)
app = QgsApplication([], False)
print(Qgis.QGIS_VERSION.split("-")[0])
print(QgsApplication.pkgDataPath())
'
find_qgis() {
    local program beside candidate out
    program=$(command -v qgis_process || true)
    beside=${program:+$(dirname "$(readlink -f "$program")")/python3}
    [ -n "$program" ] || return 1
    for candidate in "${SANXIAN_PYTHON:-}" /usr/bin/python3 "$beside" python3; do
        [ -n "$candidate" ] && command -v "$candidate" > /dev/null || continue
        out=$(QT_QPA_PLATFORM=offscreen "$candidate" -c "$probe" "$minimum" 2> /dev/null) || continue
        qgis_program=$program qgis_python=$(command -v "$candidate")
        qgis_version=$(sed -n 1p <<< "$out") qgis_data=$(sed -n 2p <<< "$out")
        return 0
    done
    return 1
}

as_root=()
can_install() {
    [ -z "${SANXIAN_NO_INSTALL:-}" ] && command -v apt-get > /dev/null && command -v dpkg-query > /dev/null || return 1
    [ "$(id -u)" != 0 ] || return 0
    command -v sudo > /dev/null || return 1
    if [ -t 0 ]; then as_root=(sudo); else as_root=(sudo -n); fi
    "${as_root[@]}" true 2> /dev/null
}
run_apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
        apt-get -qq -o DPkg::Lock::Timeout=600 -o APT::Color=0 -o Dpkg::Use-Pty=0 "$@" < /dev/null
}
updated=
apt_update() {
    [ -z "$updated" ] || return 0
    say "  更新软件源列表 · apt-get update"
    run_apt update >> "$SANXIAN_BUILD/setup.log" 2>&1 || return 1
    updated=1
}
installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2> /dev/null)" = installed ]; }
missing() {
    local package
    for package in "$@"; do installed "$package" || printf '%s ' "$package"; done
}
candidate_is_new_enough() {
    local version
    version=$(apt-cache policy qgis 2> /dev/null | awk '$1 == "Candidate:" {print $2}' | sed 's/^[0-9]*://')
    [ -n "$version" ] && [ "$version" != "(none)" ] && dpkg --compare-versions "$version" ge 3.40
}

# Add the backports suite of the mirror that this machine already uses, with the same key.
add_backports() {
    local codename=$1 entry uri file number signed target=/etc/apt/sources.list.d/sanxian-backports.sources
    if apt-get indextargets --format '$(RELEASE)' "Identifier: Packages" | grep -qx "$codename-backports"; then return 0; fi
    entry=$(apt-get indextargets --format '$(RELEASE)|$(REPO_URI)|$(SOURCESENTRY)' "Identifier: Packages" "Component: main" |
        awk -F'|' -v c="$codename" '$1 == c || $1 == "oldstable" {print $2 "|" $3; exit}')
    [ -n "$entry" ] || return 1
    uri=${entry%%|*} file=${entry#*|}
    number=${file##*:} file=${file%:*}
    case "$file" in
        *.sources) signed=$(awk -v n="$number" 'BEGIN {RS = ""; FS = "\n"} {text = text "\n\n" $0}
            END {m = split(text, lines, "\n"); for (i = 1; i <= m; i++) if (tolower(lines[i]) ~ /^signed-by:[ \t]*\//) {print lines[i]; exit}}' "$file" |
            sed 's/^[^:]*:[ \t]*//') ;;
        *) signed=$(sed -n "${number}p" "$file" | grep -o 'signed-by=[^] ]*' | cut -d= -f2 | tr ',' ' ') ;;
    esac
    say "  加入 $codename-backports 源（本机自己的镜像）· adding the $codename-backports suite of this machine's own mirror"
    {
        printf 'Types: deb\nURIs: %s\nSuites: %s-backports\nComponents: main\n' "$uri" "$codename"
        [ -z "$signed" ] || printf 'Signed-By: %s\n' "$signed"
    } | "${as_root[@]}" tee "$target" > /dev/null
    updated=
    if ! apt_update; then # a mirror without backports: leave apt as it was
        "${as_root[@]}" rm -f "$target"
        updated= && apt_update || true
        return 1
    fi
}

qgis_packages=(qgis python3-qgis)
with_qgis=(python3-venv xvfb xauth fonts-noto-cjk fonts-open-sans openbox xdotool imagemagick qttools5-dev-tools ca-certificates)
install_packages() {
    local packages=("$@")
    [ ${#packages[@]} -gt 0 ] || return 0
    say "  安装系统软件包 · installing: ${packages[*]}"
    run_apt install --no-install-recommends --yes "${release[@]}" "${packages[@]}" >> "$SANXIAN_BUILD/setup.log" 2>&1
}
release=() tried=
install_qgis() {
    local codename
    can_install || return 1
    tried=1
    say "  尝试安装（约两分钟）· installing it, about two minutes"
    codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
    apt_update || return 1
    if ! candidate_is_new_enough; then
        [ "$codename" = "$codename_with_backports" ] && add_backports "$codename" || return 1
        release=(-t "$codename-backports")
    fi
    # shellcheck disable=SC2046
    install_packages "${qgis_packages[@]}" $(missing "${with_qgis[@]}")
}

: > "$SANXIAN_BUILD/setup.log"
if find_qgis; then
    say "QGIS $qgis_version 已安装，直接使用 · installed, used as it is"
    extra=$(missing "${with_qgis[@]}" 2> /dev/null || true)
    if [ -n "$extra" ] && can_install; then
        # shellcheck disable=SC2086
        { apt_update && install_packages $extra; } ||
            say "  未能安装（桌面测试会跳过）· not installed, desktop tests are skipped: $extra"
    fi
else
    say "没有 QGIS 3.40 或更新版本 · no QGIS >= 3.40 here"
    if install_qgis && find_qgis; then
        say "QGIS $qgis_version 已装好 · installed"
    else
        tail -n 5 "$SANXIAN_BUILD/setup.log"
        cat << 'TEXT'
无法自动安装 QGIS，改用无 QGIS 的核心检查。
  请自行安装 QGIS 3.40 或更新版本（含 Python 支持与 qgis_process），再运行一次 make setup。
  Debian 12：以 root 运行，或启用 bookworm-backports 后 apt-get install -t bookworm-backports qgis python3-qgis python3-venv
  Debian 13、Ubuntu 25.10 及以后：apt-get install qgis python3-qgis python3-venv
QGIS could not be installed: going on with the core alone. Install QGIS 3.40 or later with its Python and qgis_process,
  then run `make setup` again. (Details: build/setup.log)
TEXT
        [ -z "${SANXIAN_REQUIRE_QGIS:-}" ] || die "SANXIAN_REQUIRE_QGIS：没有 QGIS 不继续 · stopping without QGIS"
    fi
fi

# --- Python ----------------------------------------------------------------------------------------------------------
usable='import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'
base=$qgis_python
if [ -z "$base" ]; then
    for candidate in "${SANXIAN_PYTHON:-}" python3 /usr/bin/python3 python3.13 python3.12 python3.11 python3.14; do
        if [ -n "$candidate" ] && "$candidate" -c "$usable" 2> /dev/null; then
            base=$(command -v "$candidate")
            break
        fi
    done
fi
if [ -z "$base" ] && can_install && apt_update && install_packages python3-venv ca-certificates && /usr/bin/python3 -c "$usable"; then
    base=/usr/bin/python3
fi
[ -n "$base" ] || die "需要 Python 3.11 或更新版本及其 venv 模块 · Python 3.11 or later with its venv module is needed"
"$base" -c "$usable" || die "请安装 $base 的 venv 模块（Debian：python3-venv）· install the venv module of $base (Debian: python3-venv)"

wanted="$base $("$base" -c 'import sys; print(sys.version)') ${qgis_version:+with system packages}"
if [ "$(cat "$SANXIAN_ENV/sanxian.base" 2> /dev/null)" != "$wanted $SANXIAN_ENV" ] || ! "$python" -c pass 2> /dev/null; then
    say "建立虚拟环境 · virtual environment of $("$base" -V)"
    if [ -e "$SANXIAN_ENV" ] && [ ! -f "$SANXIAN_ENV/pyvenv.cfg" ]; then
        die "$SANXIAN_ENV 已存在且不是虚拟环境 · exists and is not a virtual environment; set SANXIAN_ENV to another folder"
    fi
    "$base" -m venv --clear ${qgis_version:+--system-site-packages} "$SANXIAN_ENV"
    printf '%s' "$wanted $SANXIAN_ENV" > "$SANXIAN_ENV/sanxian.base"
fi
say "安装 Python 库（固定版本）· Python libraries at pinned versions"
# All versions are pinned. pip does not resolve dependencies, so that no system package replaces a pinned one.
# Messages like those of `pip check` on system packages (scipy built for numpy 1) do not concern this environment.
if ! "$python" -m pip install --disable-pip-version-check --quiet --no-input --no-deps --only-binary :all: \
    -r requirements-dev.txt > "$SANXIAN_BUILD/pip.log" 2>&1; then
    cat "$SANXIAN_BUILD/pip.log" >&2
    die "Python 库安装失败（见上）· installing the Python libraries failed (above)"
fi
"$python" -c 'import geopandas, pyogrio, shapely, pyproj, jinja2, openpyxl, pytest'

{
    printf 'SANXIAN_QGIS=%q\n' "$qgis_version"
    printf 'SANXIAN_QGIS_PROCESS=%q\n' "$qgis_program"
    printf 'SANXIAN_QGIS_DATA=%q\n' "$qgis_data"
} > "$SANXIAN_ENV/sanxian.state"
stamp=$(key | cksum) # again: QGIS may have been installed since
# A failed installation is repeated at the next run; on a machine where none is possible it is not repeated.
if [ -n "$qgis_version" ] || [ -z "$tried" ]; then printf '%s' "$stamp" > "$SANXIAN_ENV/sanxian.stamp"; fi
SANXIAN_QGIS=$qgis_version
ready
