# cmake --install: the headers, the library, the tool, and what find_package(nabla) and pkg-config read.
# Without the tool: cmake --install build --component library.
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
if(BUILD_SHARED_LIBS)
  set(library nabla_shared)
  set(installed_targets nabla_shared)
  set(required_packages "")
  set(linked_library "-L\${libdir} -lnabla")
else()
  set(library nabla_archive)
  set(installed_targets nabla nabla_archive)
  set(required_packages "tbb libhwy libdeflate")
  # One word each, since pkg-config drops words that it has seen. As in CMakeLists.txt: the whole
  # archive, and a copy in a shared library stays with itself.
  set(linked_library "-Wl,--whole-archive,\${libdir}/libnabla.a,--no-whole-archive -Wl,-Bsymbolic-functions")
endif()
target_sources(${library} PUBLIC
  FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${public_headers})

install(TARGETS nabla_tool COMPONENT tool)
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME library)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/nabla)
install(TARGETS ${installed_targets} EXPORT nabla FILE_SET HEADERS)
install(EXPORT nabla NAMESPACE nabla:: FILE nabla-targets.cmake DESTINATION ${package_folder})
configure_file(cmake/nabla-config.cmake.in nabla-config.cmake @ONLY)
# Before 1.0, a minor version may break what the one before it promised.
write_basic_package_version_file(nabla-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/nabla-config.cmake ${PROJECT_BINARY_DIR}/nabla-config-version.cmake
  DESTINATION ${package_folder})
# The folders are relative, so that the prefix is known only where the file lies.
set(pkgconfig_folder ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH to_prefix /${pkgconfig_folder} /)
configure_file(cmake/nabla.pc.in nabla.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/nabla.pc DESTINATION ${pkgconfig_folder})
