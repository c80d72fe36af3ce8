#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Build QGIS with Qt 6 from Debian's source package inside a Debian 13 system, for `bash tools/matrix.sh qt6`:
#   bash tools/qt6_qgis.sh ROOT     as root; ROOT has its file systems mounted; 12 GB, and four hours on two cores, once
# Debian builds QGIS 3.40 with Qt 5. Steps that are done are not repeated, and ninja goes on where it was ended.
# The programs run from the build folder: nothing is installed but links. Code is not optimised, so tests are slow.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$1 work=/build
in_root() {
    chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        nice -n 19 sh -ec "cd $work; $*"
}
step() { # NAME COMMAND…
    local name=$1
    shift
    [ ! -e "$root$work/$name.done" ] || return 0
    echo "Qt 6：$name"
    in_root "$*" > "$root$work/$name.log" 2>&1 || { tail -n 20 "$root$work/$name.log" >&2; exit 1; }
    touch "$root$work/$name.done"
}
mkdir -p "$root$work"
cp tools/qt6_qgis.cmake "$root$work/"
mirror=$(chroot "$root" apt-get indextargets --format '$(REPO_URI)' "Identifier: Packages" | grep -m1 '/debian/*$')

step packages "echo 'deb-src $mirror trixie main' > /etc/apt/sources.list.d/source.list; apt-get -q update
    apt-get install --no-install-recommends -y -q dpkg-dev xz-utils bzip2 curl patch build-essential cmake ninja-build \
    ccache mold bison flex pkgconf gdal-bin libexiv2-dev libexpat1-dev libgdal-dev libgeos-dev libgsl-dev libproj-dev \
    libprotobuf-dev protobuf-compiler libspatialindex-dev libspatialite-dev libsqlite3-dev libsqlite3-mod-spatialite \
    libzip-dev libzstd-dev nlohmann-json3-dev qt6-base-dev qt6-base-private-dev qt6-base-dev-tools qt6-svg-dev \
    qt6-5compat-dev qt6-tools-dev qt6-tools-dev-tools qt6-l10n-tools qt6-multimedia-dev qt6-positioning-dev \
    qt6-declarative-dev libqt6sql6-sqlite qt6-svg-plugins qtkeychain-qt6-dev libqca-qt6-dev libqca-qt6-plugins \
    libqscintilla2-qt6-dev pyqt6.qsci-dev python3-pyqt6.qsci python3-dev python3-venv python3-gdal python3-pyqt6 \
    python3-pyqt6.sip python3-pyqt6.qtsvg python3-pyqt6.qtpositioning python3-pyqt6.qtmultimedia pyqt6-dev \
    pyqt6-dev-tools python3-pyqtbuild sip-tools python3-sipbuild python3-owslib python3-psycopg2 python3-termcolor \
    python3-yaml python3-jinja2 python3-pygments python3-pyproj python3-shapely"
# Debian 13 has Qwt for Qt 5 only.
step qwt "curl -sfo qwt.tar.bz2 ${mirror%/}/pool/main/q/qwt/qwt_6.3.0.orig.tar.bz2
    mkdir -p qwt; tar xjf qwt.tar.bz2 -C qwt --strip-components=1; cd qwt
    sed -i 's/^QWT_CONFIG *+= *Qwt\(Designer\|OpenGL\|Examples\|Playground\|Tests\)\$/# &/' qwtconfig.pri
    qmake6 qwt.pro; make -j2; make install"
step source "apt-get -q source --download-only qgis; dpkg-source -x qgis_*.dsc qgis
    echo 'include($work/qt6_qgis.cmake)' >> qgis/CMakeLists.txt"
off=$(printf -- '-D%s=OFF ' WITH_QTWEBKIT WITH_QTWEBENGINE WITH_3D WITH_SERVER WITH_QUICK WITH_QSCIAPI WITH_PDAL WITH_EPT \
    WITH_COPC WITH_DRACO WITH_HANA WITH_ORACLE WITH_POSTGRESQL WITH_OAUTH2_PLUGIN WITH_CUSTOM_WIDGETS WITH_QTSERIALPORT \
    WITH_PDF4QT WITH_INTERNAL_NLOHMANN_JSON WITH_APIDOC WITH_CRASH_HANDLER ENABLE_TESTS USE_OPENCL PEDANTIC)
step configure "cmake -S qgis -B out -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS='-w -pipe' \
    -DCMAKE_CXX_FLAGS_RELEASE='-O0 -DNDEBUG' -DCMAKE_C_FLAGS_RELEASE='-O0 -DNDEBUG' -DCMAKE_LINKER_TYPE=MOLD \
    -DBUILD_WITH_QT6=ON -DWITH_STAGED_PLUGINS=ON -DWITH_QGIS_PROCESS=ON -DUSE_CCACHE=ON \
    -DENABLE_LOCAL_BUILD_SHORTCUTS=ON -DPython_FIND_UNVERSIONED_NAMES=FIRST \
    -DQWT_INCLUDE_DIR=/usr/local/qwt-6.3.0/include -DQWT_LIBRARY=/usr/local/qwt-6.3.0/lib/libqwt.so $off"
modules=$(printf 'python_module_qgis__%s ' core gui analysis)
python=$(printf 'py%s ' utils core gui analysis qtcompat console plugin-installer testing processing)
step build "ninja -C out -j2 qgis_core qgis_gui qgis_analysis $modules $python resources staged-plugins \
    authmethod_basic provider_spatialite provider_virtuallayer provider_delimitedtext qgis_process qgis_app qgis
    /usr/lib/qt6/bin/lrelease -silent qgis/i18n/qgis_zh-Hans.ts -qm out/output/i18n/qgis_zh-Hans.qm"
# A program that finds this file beside it runs from the build folder; for Python, that is beside python3.
step links "cp out/output/bin/qgisbuildpath.txt /usr/bin/
    ln -sfn $work/out/output/bin/qgis /usr/bin/qgis; ln -sfn $work/out/output/bin/qgis_process /usr/bin/qgis_process
    ln -sfn $work/out/output/python/qgis /usr/lib/python3/dist-packages/qgis; ln -sfn ../python out/output/data/python
    python3 -c 'import qgis.core, qgis.gui, qgis.analysis'"
