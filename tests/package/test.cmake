# Uses nabla from the project in this folder: installed, which is built and run, and as a
# subdirectory, which is configured only, since it would compile all of nabla.
# tests/CMakeLists.txt gives BUILD, SCRATCH, VERSION, GENERATOR, COMPILER and FLAGS.
function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

set(configure ${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR} -G ${GENERATOR}
  -D CMAKE_CXX_COMPILER=${COMPILER} -D CMAKE_CXX_FLAGS=${FLAGS})

file(REMOVE_RECURSE ${SCRATCH})  # a header that was installed before would hide that it is missing
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${SCRATCH}/prefix)
run(${SCRATCH}/prefix/bin/nabla ops)
run(${configure} -B ${SCRATCH}/installed -D nabla_ROOT=${SCRATCH}/prefix -D NABLA_VERSION=${VERSION})
run(${CMAKE_COMMAND} --build ${SCRATCH}/installed)
run(${SCRATCH}/installed/app)
run(${SCRATCH}/installed/copies)

run(${configure} -B ${SCRATCH}/subdirectory -D NABLA_SOURCE=${CMAKE_CURRENT_LIST_DIR}/../..)
