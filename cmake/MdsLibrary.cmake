# mds_library(NAME SOURCES file... [DEPENDS library...] [PRIVATE_DEPENDS library...])
#
# One static library per folder. DEPENDS is the list of folders that this one may know: the link graph is the dependency rule, and
# tests/arch reads the includes against the same graph.
function(mds_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${name} PUBLIC ${arg_DEPENDS} PRIVATE mds_options ${arg_PRIVATE_DEPENDS})
endfunction()

# mds_embed(TARGET HEADER_NAME file...): a generated header <embedded/HEADER_NAME> with the files' bytes, as
# constexpr std::string_view in a table {file name, content}, so that one binary needs no files beside it.
function(mds_embed target header)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded/${header})
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} "-DFILES=${ARGN}" -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${ARGN} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake VERBATIM)
  target_sources(${target} PRIVATE ${output})
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
endfunction()
