# Uses nabla from the project in this folder: installed, as an archive and as a shared library, found
# by CMake and by pkg-config; and as a subdirectory, which is configured only, since it would compile
# all of nabla.
# tests/CMakeLists.txt gives BUILD, SCRATCH, VERSION, GENERATOR, COMPILER, FLAGS and SHARED: whether
# there is time to compile a shared library.
set(source ${CMAKE_CURRENT_LIST_DIR}/../..)
file(REAL_PATH ${source} source)
set(project ${CMAKE_COMMAND} -G ${GENERATOR} -D CMAKE_CXX_COMPILER=${COMPILER})
set(user_project ${project} -S ${CMAKE_CURRENT_LIST_DIR} -D CMAKE_CXX_FLAGS=${FLAGS})

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# expect(TEXT COMMAND...): that the command prints it, a regular expression.
function(expect text)
  execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY
    OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT output MATCHES "${text}")
    message(FATAL_ERROR "expected ${text}, got\n${output}")
  endif()
endfunction()

# by_pkg_config(PREFIX PROGRAM SOURCE OPTIONS...): compiles with what pkg-config says of the prefix, and runs.
function(by_pkg_config prefix program)
  find_program(PKG_CONFIG pkg-config REQUIRED)
  file(GLOB folder ${prefix}/lib*/pkgconfig ${prefix}/lib/*/pkgconfig)
  execute_process(COMMAND ${CMAKE_COMMAND} -E env PKG_CONFIG_PATH=${folder}
    ${PKG_CONFIG} --cflags --libs nabla
    OUTPUT_VARIABLE options OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(options UNIX_COMMAND "${options}")
  separate_arguments(flags UNIX_COMMAND "${FLAGS}")
  run(${COMPILER} -std=c++20 ${flags} ${ARGN} -o ${program} ${options} -Wl,-rpath,${folder}/..)
  run(${program})
endfunction()

file(REMOVE_RECURSE ${SCRATCH})  # a header that was installed before would hide that it is missing
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${SCRATCH}/prefix)
run(${SCRATCH}/prefix/bin/nabla ops)
expect("^nabla ${VERSION} \\([A-Z][A-Za-z]+ [0-9.]+, (avx512|avx2|scalar)\\)\n$"
  ${SCRATCH}/prefix/bin/nabla --version)
run(${user_project} -B ${SCRATCH}/installed -D nabla_ROOT=${SCRATCH}/prefix -D NABLA_VERSION=${VERSION})
run(${CMAKE_COMMAND} --build ${SCRATCH}/installed)
run(${SCRATCH}/installed/app)
run(${SCRATCH}/installed/copies)
by_pkg_config(${SCRATCH}/prefix ${SCRATCH}/app ${CMAKE_CURRENT_LIST_DIR}/app.cpp)

# A subdirectory without a build type is optimised, and says so; one that is not says that.
expect("-- nabla: CMAKE_BUILD_TYPE is empty, so the library is compiled with -O3"
  ${user_project} -B ${SCRATCH}/subdirectory -D NABLA_SOURCE=${source})
file(READ ${SCRATCH}/subdirectory/compile_commands.json commands)
if(NOT commands MATCHES "[^\n]* -O3 [^\n]*nabla/ops/matmul\\.cpp")
  message(FATAL_ERROR "the library is not optimised:\n${commands}")
endif()
expect("\nnabla: the build type \"Debug\" does not optimise"
  ${user_project} -B ${SCRATCH}/debug -D NABLA_SOURCE=${source} -D CMAKE_BUILD_TYPE=Debug)

if(NOT SHARED)
  return()
endif()
set(prefix ${SCRATCH}/shared_prefix)
run(${project} -S ${source} -B ${SCRATCH}/shared_build -D BUILD_SHARED_LIBS=ON -D BUILD_TESTING=OFF
  -D NABLA_ONE_ISA=ON -D CMAKE_CXX_FLAGS=-O1)
run(${CMAKE_COMMAND} --build ${SCRATCH}/shared_build --target nabla_shared)
run(${CMAKE_COMMAND} --install ${SCRATCH}/shared_build --prefix ${prefix} --component library)
run(${user_project} -B ${SCRATCH}/shared -D SHARED=ON -D nabla_ROOT=${prefix} -D NABLA_VERSION=${VERSION})
run(${CMAKE_COMMAND} --build ${SCRATCH}/shared)
run(${SCRATCH}/shared/app)
by_pkg_config(${prefix} ${SCRATCH}/shared_app ${CMAKE_CURRENT_LIST_DIR}/app.cpp)
# Beside the copies of an archive.
by_pkg_config(${prefix} ${SCRATCH}/shared_copies ${CMAKE_CURRENT_LIST_DIR}/copies.cpp
  -DTHIRD="${SCRATCH}/installed/libthree.so"
  -L${SCRATCH}/installed -lone -ltwo -Wl,-rpath,${SCRATCH}/installed)

# Functions of internal headers are hidden, those of public ones are not.
execute_process(COMMAND ${CMAKE_NM} -DC --defined-only ${SCRATCH}/shared_build/libnabla.so
  OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
foreach(name "nabla::matmul\\(" "vtable for nabla::nn::Dense" "typeinfo for nabla::ShapeError")
  if(NOT symbols MATCHES " [TVW] ${name}")
    message(FATAL_ERROR "the shared library hides what is public: ${name}")
  endif()
endforeach()
if(symbols MATCHES " [A-Z] (nabla::(cli::|lowering::|read_file|isa)|hwy::|tbb::)[^\n]*")
  message(FATAL_ERROR "the shared library shows what is not public: ${CMAKE_MATCH_0}")
endif()
