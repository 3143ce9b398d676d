# The flags that every target of the project is compiled with.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# Not in other people's projects, whose compilers may know more warnings.
if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_COMPILE_WARNING_AS_ERROR ON)
  find_program(CCACHE ccache)
  if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # Precompiled headers are cached only so.
    set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
  endif()
endif()

# A training step takes 60 times as long where nothing is optimised. Generators for one build type
# that were given none, and no flag of their own, get a library that is; who asks for none is told.
set(nabla_optimisation "")
get_property(has_several_types GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
if(NOT has_several_types)
  string(TOUPPER "CMAKE_CXX_FLAGS_${CMAKE_BUILD_TYPE}" type_flags)
  set(type_flags "${CMAKE_CXX_FLAGS} ${${type_flags}}")
  if(NOT CMAKE_BUILD_TYPE AND NOT type_flags MATCHES "(^| )-O")
    set(nabla_optimisation -O3)
    message(STATUS "nabla: CMAKE_BUILD_TYPE is empty, so the library is compiled with -O3; "
      "-DCMAKE_BUILD_TYPE=Release optimises the whole project")
  elseif(NOT type_flags MATCHES "(^| )-O([1-9sz]|fast|$| )")
    message(NOTICE "nabla: the build type \"${CMAKE_BUILD_TYPE}\" does not optimise: "
      "training takes 60 times as long as with -DCMAKE_BUILD_TYPE=Release")
  endif()
endif()

add_library(nabla_flags INTERFACE)
target_compile_features(nabla_flags INTERFACE cxx_std_20)
target_compile_options(nabla_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion
  -Wno-missing-field-initializers  # aggregates with designated initialisers leave fields at their defaults
  -ffp-contract=off    # a product and a sum are fused only where a kernel says so: same bits everywhere
  -falign-loops=32 -fno-math-errno -fno-trapping-math)  # nobody asks errno or the exception flags: selections become vectors
# One portable binary: kernels exist for these instruction sets, chosen when the program starts.
option(NABLA_ONE_ISA "Kernels for AVX2 only, where it is: a third of the time to compile" OFF)
if(NABLA_ONE_ISA AND EXISTS /proc/cpuinfo)
  file(STRINGS /proc/cpuinfo has_avx2 REGEX " avx2 .* bmi2 " LIMIT_COUNT 1)
endif()
if(has_avx2)
  target_compile_options(nabla_flags INTERFACE -mavx2 -mfma -mbmi -mbmi2 -mf16c -maes -mpclmul)
  target_compile_definitions(nabla_flags INTERFACE HWY_COMPILE_ONLY_STATIC)
else()
  target_compile_definitions(nabla_flags INTERFACE
    "HWY_DISABLED_TARGETS=(HWY_SSSE3|HWY_SSE4|HWY_AVX3_DL)" HWY_COMPILE_ALL_ATTAINABLE)
endif()
# For what only calls the library: compiled quickly rather than fast.
set(nabla_quick_flags -O1)
if(NABLA_SANITIZE)
  # -g1 is enough for the lines of a report.
  target_compile_options(nabla_flags INTERFACE
    -fsanitize=${NABLA_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  target_link_options(nabla_flags INTERFACE -fsanitize=${NABLA_SANITIZE})
  set(nabla_quick_flags -O0)
endif()
