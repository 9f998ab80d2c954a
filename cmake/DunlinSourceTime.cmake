# dunlin_source_seconds(VARIABLE): when this source was made, in Unix seconds; a lower bound for clocks.
function(dunlin_source_seconds variable)
  set(seconds "$ENV{SOURCE_DATE_EPOCH}")
  if(NOT seconds MATCHES "^[0-9]+$")
    execute_process(COMMAND git log -1 --format=%ct WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
                    OUTPUT_VARIABLE seconds OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
  if(NOT seconds MATCHES "^[0-9]+$")
    set(seconds 1795478400) # 2026-11-24, version 0.1.0
  endif()
  set(${variable} ${seconds} PARENT_SCOPE)
endfunction()
