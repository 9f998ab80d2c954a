# Third-party libraries. scripts/setup puts mbedTLS and libgit2 (both static) into DUNLIN_DEPS; the
# rest are Debian 12 packages. All are linked statically: an edge node then needs the C library only,
# and an agent maps 4 MB less than with a dozen shared ones.

set(DUNLIN_DEPS "${PROJECT_SOURCE_DIR}/build/deps" CACHE PATH "Prefix that scripts/setup made")

find_package(Threads REQUIRED)
set(Boost_USE_STATIC_LIBS ON)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
find_package(fmt REQUIRED)

# A Debian library by its archive; the headers are in the compiler's own path.
function(dunlin_archive target)
  find_library(${target}_ARCHIVE NAMES lib${target}.a REQUIRED)
  add_library(archive_${target} STATIC IMPORTED GLOBAL)
  set_target_properties(archive_${target} PROPERTIES IMPORTED_LOCATION "${${target}_ARCHIVE}")
endfunction()
dunlin_archive(nghttp2)
dunlin_archive(sqlite3)
target_link_libraries(archive_sqlite3 INTERFACE Threads::Threads m ${CMAKE_DL_LIBS})
dunlin_archive(yaml-cpp)
dunlin_archive(zstd)
if(DUNLIN_TESTS)
  find_package(GTest REQUIRED)
endif()

# A static archive of the private prefix, as an imported target.
function(dunlin_prefix_library target archive)
  add_library(${target} STATIC IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES
    IMPORTED_LOCATION "${DUNLIN_DEPS}/lib/${archive}"
    INTERFACE_INCLUDE_DIRECTORIES "${DUNLIN_DEPS}/include")
endfunction()

if(NOT EXISTS "${DUNLIN_DEPS}/include")
  message(FATAL_ERROR "${DUNLIN_DEPS} has no libraries yet: run scripts/setup first")
endif()
dunlin_prefix_library(mbedtls_crypto libmbedcrypto.a)
dunlin_prefix_library(mbedtls_x509 libmbedx509.a)
dunlin_prefix_library(mbedtls_tls libmbedtls.a)
target_link_libraries(mbedtls_x509 INTERFACE mbedtls_crypto)
target_link_libraries(mbedtls_tls INTERFACE mbedtls_x509)
dunlin_prefix_library(git2 libgit2.a)
target_link_libraries(git2 INTERFACE mbedtls_tls pcre2-8 http_parser z)
