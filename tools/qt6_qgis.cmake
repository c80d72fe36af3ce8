# SPDX-License-Identifier: GPL-2.0-or-later
# Compiles sources of large targets of QGIS 3.40.6 in groups, which takes half of the time (tools/qt6_qgis.sh). Sources
# that clash with others in a group are compiled alone.
set(_alone
  auth/qgsauthcertificateinfo.cpp
  auth/qgsauthidentitieseditor.cpp
  auth/qgsauthsslconfigwidget.cpp
  auth/qgsauthtrustedcasdialog.cpp
  dwg/qgsdwgimporter.cpp
  dxf/qgsdxfexport.cpp
  geocoding/qgsgooglemapsgeocoder.cpp
  mesh/qgsmeshadvancedediting.cpp
  mesh/qgsmeshforcebypolylines.cpp
  numericformats/qgscoordinatenumericformat.cpp
  pointcloud/qgspointcloudrequest.cpp
  processing/qgsalgorithmalignsingleraster.cpp
  processing/qgsalgorithmrandompointsonlines.cpp
  processing/qgsalgorithmzonalstatisticsfeaturebased.cpp
  providers/ogr/qgsogrproviderutils.cpp
  providers/sensorthings/qgssensorthingsconnection.cpp
  providers/sensorthings/qgssensorthingsconnectiondialog.cpp
  providers/sensorthings/qgssensorthingsdataitemguiprovider.cpp
  providers/sensorthings/qgssensorthingsdataitems.cpp
  providers/sensorthings/qgssensorthingsprovider.cpp
  providers/sensorthings/qgssensorthingssourceselect.cpp
  qgis.cpp
  qgsgmlschema.cpp
  tiledscene/qgsgltfutils.cpp
  tiledscene/qgsquantizedmeshtiles.cpp)
string(REPLACE "." "\\." _alone "${_alone}")
string(REPLACE ";" "|" _alone "${_alone}")
foreach(_pair qgis_core:18 qgis_gui:18 qgis_analysis:18 qgis_app:16 provider_delimitedtext:6 provider_spatialite:6 provider_virtuallayer:6)
  string(REGEX MATCH "(.*):(.*)" _ ${_pair})
  set(_target ${CMAKE_MATCH_1})
  set(_size ${CMAKE_MATCH_2})
  get_target_property(_sources ${_target} SOURCES)
  get_target_property(_folder ${_target} SOURCE_DIR)
  set_target_properties(${_target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  list(FILTER _sources INCLUDE REGEX "\\.cpp$")
  list(FILTER _sources EXCLUDE REGEX "parser|lexer|\\.pb\\.|^${CMAKE_BINARY_DIR}|external/")
  set(_number 0)
  foreach(_source IN LISTS _sources)
    math(EXPR _group "${_number} / ${_size}")
    math(EXPR _number "${_number} + 1")
    if(NOT _source MATCHES "(^|/)(${_alone})$")
      get_filename_component(_source "${_source}" ABSOLUTE BASE_DIR "${_folder}")
      set_source_files_properties("${_source}" TARGET_DIRECTORY ${_target} PROPERTIES UNITY_GROUP g${_group})
    endif()
  endforeach()
endforeach()
