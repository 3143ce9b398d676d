# What find_package(nabla) reads: the target nabla::nabla, and the libraries that it is linked with.
cmake_minimum_required(VERSION 3.25)
include(CMakeFindDependencyMacro)
find_dependency(TBB)
find_dependency(hwy)
include(${CMAKE_CURRENT_LIST_DIR}/nabla-targets.cmake)
