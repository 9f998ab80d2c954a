# dunlin_module(NAME agent_plan KIND pure|shell|app DEPS protocol_base … [LIBS …] SOURCES …)
#
# Declares one module (a static library named after its path). It refuses
#   * a dependency that is not declared yet: add_subdirectory order is the layer order;
#   * a pure module that depends on a shell: decisions must stay free of I/O;
#   * an agent module that depends on the hub, or the other way round.
# It appends "name kind: deps" to <build>/modules.txt, which tests/arch compares with every #include.
# LIBS are third-party targets that only this module's .cc files (and, for shells, headers) see.

file(WRITE "${CMAKE_BINARY_DIR}/modules.txt" "")

function(dunlin_module)
  cmake_parse_arguments(M "" "NAME;KIND" "DEPS;LIBS;SOURCES" ${ARGN})
  if(NOT M_KIND MATCHES "^(pure|shell|app)$")
    message(FATAL_ERROR "${M_NAME}: KIND must be pure, shell or app, not '${M_KIND}'")
  endif()
  foreach(dep IN LISTS M_DEPS)
    if(NOT TARGET ${dep})
      message(FATAL_ERROR "${M_NAME}: dependency ${dep} is not declared yet; arrows go one way only "
                          "(see DUNLIN_MODULES in the top CMakeLists.txt)")
    endif()
    get_target_property(dep_kind ${dep} DUNLIN_KIND)
    if(M_KIND STREQUAL "pure" AND NOT dep_kind STREQUAL "pure")
      message(FATAL_ERROR "${M_NAME} is pure and must not depend on ${dep} (${dep_kind}): a decision "
                          "that does I/O cannot be tested as a value")
    endif()
    if((M_NAME MATCHES "^agent_" AND dep MATCHES "^hub_") OR (M_NAME MATCHES "^hub_" AND dep MATCHES "^agent_"))
      message(FATAL_ERROR "${M_NAME} -> ${dep}: agent and hub never see each other")
    endif()
    if(M_NAME MATCHES "^protocol_" AND NOT dep MATCHES "^protocol_")
      message(FATAL_ERROR "${M_NAME} -> ${dep}: protocol is below agent and hub")
    endif()
  endforeach()
  add_library(${M_NAME} STATIC ${M_SOURCES})
  set_target_properties(${M_NAME} PROPERTIES DUNLIN_KIND ${M_KIND})
  target_link_libraries(${M_NAME} PUBLIC dunlin_options ${M_DEPS} ${M_LIBS})
  string(REPLACE ";" " " deps "${M_DEPS}")
  file(APPEND "${CMAKE_BINARY_DIR}/modules.txt" "${M_NAME} ${M_KIND}: ${deps}\n")
endfunction()

# dunlin_binary(NAME dunlin-agent DEPS agent_app SOURCES main.cc): a program that users run.
function(dunlin_binary)
  cmake_parse_arguments(B "" "NAME" "DEPS;SOURCES" ${ARGN})
  add_executable(${B_NAME} ${B_SOURCES})
  target_link_libraries(${B_NAME} PRIVATE ${B_DEPS} dunlin_options)
  set_target_properties(${B_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
endfunction()

# dunlin_test(NAME protocol_base_test DEPS protocol_base SOURCES backoff_test.cc … [TIMEOUT s] [LABELS unit])
# One GoogleTest program; every case is a CTest test of its own with a time-out.
function(dunlin_test)
  cmake_parse_arguments(T "" "NAME;TIMEOUT" "DEPS;SOURCES;LABELS" ${ARGN})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 60)
  endif()
  if(NOT T_LABELS)
    set(T_LABELS unit)
  endif()
  add_executable(${T_NAME} ${T_SOURCES})
  target_link_libraries(${T_NAME} PRIVATE ${T_DEPS} dunlin_options GTest::gtest GTest::gtest_main)
  target_compile_definitions(${T_NAME} PRIVATE DUNLIN_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                                               DUNLIN_BINARY_DIR="${CMAKE_BINARY_DIR}"
                                               DUNLIN_DEPS_DIR="${DUNLIN_DEPS}")
  include(GoogleTest)
  gtest_discover_tests(${T_NAME} DISCOVERY_MODE PRE_TEST
    PROPERTIES TIMEOUT ${T_TIMEOUT} LABELS "${T_LABELS}")
endfunction()
