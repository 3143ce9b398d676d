# cmake --install: the headers, the archive, the tool, and the package that find_package(nabla) reads.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# The public headers are nabla.h and what it includes, in turn.
set(public_headers "")
set(unread nabla/nabla.h)
while(unread)
  list(POP_FRONT unread header)
  list(APPEND public_headers ${header})
  file(STRINGS ${header} included REGEX "^#include \"nabla/")
  list(TRANSFORM included REPLACE "^#include \"(.*)\"" "\\1")
  list(REMOVE_ITEM included ${public_headers})
  list(APPEND unread ${included})
  list(REMOVE_DUPLICATES unread)
endwhile()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${public_headers})
target_sources(nabla_archive PUBLIC
  FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${public_headers})

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/nabla)
install(TARGETS nabla nabla_archive EXPORT nabla FILE_SET HEADERS)
install(TARGETS nabla_tool)
install(EXPORT nabla NAMESPACE nabla:: FILE nabla-targets.cmake DESTINATION ${package_folder})
# Before 1.0, a minor version may break what the one before it promised.
write_basic_package_version_file(nabla-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES cmake/nabla-config.cmake ${PROJECT_BINARY_DIR}/nabla-config-version.cmake
  DESTINATION ${package_folder})
