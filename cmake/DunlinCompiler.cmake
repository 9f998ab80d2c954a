# Compiler settings that hold for every target.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(DUNLIN_TESTS "Build the tests" ON)
set(DUNLIN_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize= (empty: none)")

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

add_library(dunlin_options INTERFACE)
target_include_directories(dunlin_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(
  dunlin_options
  INTERFACE -Wall
            -Wextra
            -Wpedantic
            -Werror=unused-result # a dropped Result<T> is a bug, not a style matter
            -Werror=return-type
            -Wno-missing-field-initializers # designated initialisers leave defaults out on purpose
            # GCC 12 sees both in optimised coroutine frames and variants of Asio and our own code
            # where there are none (GCC PR 105562, 103993).
            $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete>
            $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
            -fstack-protector-strong
            -fcf-protection)
target_compile_definitions(dunlin_options INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION # one copy of Asio's implementation, in protocol/net/asio_impl.cc
  BOOST_ASIO_NO_DEPRECATED)
target_link_options(dunlin_options INTERFACE -Wl,-z,relro,-z,now)
# Hides the symbols of every static archive. clang's ASan, which fuzzers link, is one: with it malloc
# itself would be hidden from libstdc++, which then frees what it did not allocate.
if(NOT DUNLIN_SANITIZE MATCHES fuzzer)
  target_link_options(dunlin_options INTERFACE -Wl,--exclude-libs,ALL)
endif()
if(NOT DUNLIN_SANITIZE AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  target_compile_options(dunlin_options INTERFACE -ffunction-sections -fdata-sections)
  target_link_options(dunlin_options INTERFACE -static-libstdc++ -static-libgcc -Wl,--gc-sections -s)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  target_compile_definitions(dunlin_options INTERFACE _GLIBCXX_ASSERTIONS)
else()
  target_compile_definitions(dunlin_options INTERFACE _FORTIFY_SOURCE=2)
endif()
if(DUNLIN_SANITIZE)
  target_compile_options(dunlin_options INTERFACE -fsanitize=${DUNLIN_SANITIZE}
                                                  -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(dunlin_options INTERFACE -fsanitize=${DUNLIN_SANITIZE})
endif()
if(DUNLIN_SANITIZE STREQUAL "thread")
  # TSan does not see stand-alone fences, and Asio's handlers need none beside its scheduler's mutex.
  target_compile_definitions(dunlin_options INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
endif()
