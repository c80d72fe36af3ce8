#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Run the README's two commands, scripts of the desktop and the solver's tests in fresh Debian systems:
#   bash tools/matrix.sh [SYSTEM…]     as root; needs debootstrap; an hour and 4 GB for each system
# Systems: debian12 (QGIS of its backports), debian13, debian13-backports, testing, and if it is named, qt6 (QGIS 3.40.6
# built with Qt 6, hours). Steps that passed for the present commit are not repeated; $SANXIAN_BUILD/matrix/results.md
# has a row for each step.
set -euo pipefail
# Mounts of this process only: they end with it, and no other process deletes through them.
[ -n "${SANXIAN_MOUNTS:-}" ] || SANXIAN_MOUNTS=1 exec unshare --mount bash "$0" "$@"
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/env.sh

[ "$(id -u)" = 0 ] && command -v debootstrap > /dev/null || die "需要 root 和 debootstrap · root and debootstrap are needed"
folder=$SANXIAN_BUILD/matrix commit=$(git rev-parse --short HEAD) checkout='/root/规划 项目/sanxian'
mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' "Identifier: Packages" | grep -m1 '/debian/*$')}
results=$folder/results.md
mkdir -p "$folder"
[ -e "$results" ] || printf '| System | QGIS | Step | Result | Minutes | Commit |\n|---|---|---|---|---|---|\n' > "$results"

# The network of this machine may have other certificates.
certificates=/etc/ssl/certs/ca-certificates.crt
in_system() { chroot "$root" env -i PIP_CERT=$certificates.host HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
make_system() { # SUITE [BACKPORTS]
    if [ ! -e "$root/ready" ]; then
        say "$system：建立系统 · making the system"
        rm -rf "$root"
        debootstrap --variant=minbase --include=ca-certificates,make,git "$1" "$root" "$mirror" > "$folder/$system.debootstrap.log"
        # A snapshot of a suite may be older than its date of expiry.
        printf 'Acquire::Check-Valid-Until "false";\nAcquire::Languages "none";\n' > "$root/etc/apt/apt.conf.d/99matrix"
        printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d" && chmod +x "$root/usr/sbin/policy-rc.d"
        if [ -n "${2:-}" ]; then
            printf 'deb %s %s main\n' "$mirror" "$2" > "$root/etc/apt/sources.list.d/backports.list"
            printf 'Package: *qgis*\nPin: release n=%s\nPin-Priority: 900\n' "$2" > "$root/etc/apt/preferences.d/backports"
        fi
        touch "$root/ready"
    fi
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    [ ! -e $certificates ] || cp -L $certificates "$root$certificates.host"
    for place in proc sys dev dev/pts; do mountpoint -q "$root/$place" || mount --bind "/$place" "$root/$place"; done
    rm -rf "$root/source.git" && git clone -q --bare . "$root/source.git"
    in_system git config --global --replace-all safe.directory '*'
    in_system sh -ec "if [ -d '$checkout' ]; then cd '$checkout'; git fetch -q; else git clone -q /source.git '$checkout'; cd '$checkout'; fi; git reset -q --hard $commit"
}
step() { # NAME COMMAND…
    local name=$1 result=passed start=$SECONDS log=$folder/$system.$1.log
    shift
    grep -q "^| $system |[^|]*| $name | passed |.*| $commit |" "$results" && return 0
    say "$system：$name"
    in_system sh -ec "cd '$checkout'; export SANXIAN_REQUIRE_QGIS=1; $*" > "$log" 2>&1 || result=failed
    qgis=$(in_system sh -c "dpkg-query -W -f '\${Version}' qgis" 2> /dev/null | sed 's/^1://' || true)
    [ "$system" != qt6 ] || qgis="3.40.6, Qt 6"
    grep -v "^| $system |[^|]*| $name |" "$results" > "$results.new" && mv "$results.new" "$results"
    printf '| %s | %s | %s | %s | %s | %s |\n' "$system" "$qgis" "$name" "$result" "$(((SECONDS - start + 59) / 60))" "$commit" >> "$results"
    say "  $result ($(grep -aE '[0-9]+ (passed|failed)' "$log" | tail -n 1 || true))"
}
# A proposal on the sample without scipy (greedy), and the solver's tests with the oldest wheel that this Python has.
pip=".venv/bin/python -m pip --quiet --disable-pip-version-check"
restore="$pip install --no-deps -r requirements-dev.txt"
without_scipy="$pip uninstall --yes scipy; ! .venv/bin/python -c 'import scipy'
    bash tools/run.sh python -m plugin.core boundary resources/sample/county.gpkg --profile hunyuan --xlsx build/b.xlsx || [ \$? = 1 ]
    test -s build/b.xlsx; $restore"
oldest_scipy="$pip install --only-binary :all: --no-deps 'scipy<1.15'; make test TESTS='tests/core/studies/proposals -q'; $restore"

[ $# -gt 0 ] || set -- debian12 debian13 debian13-backports testing
for system in "$@"; do
    root=$folder/$system
    case $system in
        debian12) make_system bookworm ;;
        debian13) make_system trixie ;;
        debian13-backports) make_system trixie trixie-backports ;;
        testing) make_system testing ;;
        qt6) make_system trixie && bash tools/qt6_qgis.sh "$root" ;;
        *) die "没有这个系统 · unknown system: $system" ;;
    esac
    step demo make demo
    step test make test
    step desktop "make test TESTS='tests/desktop -q'"
    step scipy-none "$without_scipy"
    step scipy-old "$oldest_scipy"
done
cat "$results"
