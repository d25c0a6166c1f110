# The installed tree. Everything in it finds everything else relative to itself, so it can be moved.

include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/accelpipe)
set(share_dir ${CMAKE_INSTALL_DATADIR})

install(TARGETS accelpipe EXPORT accelpipeTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(TARGET accelpipe_cli)
    install(TARGETS accelpipe_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(DIRECTORY include/accelpipe DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")

# CMake package: find_package(accelpipe), target accelpipe::accelpipe.
install(EXPORT accelpipeTargets NAMESPACE accelpipe:: DESTINATION ${package_dir})
configure_package_config_file(cmake/accelpipeConfig.cmake.in ${PROJECT_BINARY_DIR}/accelpipeConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/accelpipeConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/accelpipeConfig.cmake ${PROJECT_BINARY_DIR}/accelpipeConfigVersion.cmake
        DESTINATION ${package_dir})

# pkg-config. The prefix is spelled from the file's own place, so that a moved tree stays right.
set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX}/${pkgconfig_dir}
           OUTPUT_VARIABLE prefix_from_pc)
configure_file(cmake/accelpipe.pc.in ${PROJECT_BINARY_DIR}/accelpipe.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/accelpipe.pc DESTINATION ${pkgconfig_dir})

# ONNX Runtime from deps/, for a tree that has to work where the checkout is gone. Its own component, because it is
# larger than all the rest: `cmake --install BUILD --component runtimes`.
install(DIRECTORY ${AP_DEPS_DIR}/onnxruntime DESTINATION ${CMAKE_INSTALL_LIBDIR}/accelpipe/runtimes
        COMPONENT runtimes EXCLUDE_FROM_ALL USE_SOURCE_PERMISSIONS OPTIONAL)

install(DIRECTORY models DESTINATION ${share_dir}/accelpipe OPTIONAL)
install(DIRECTORY docs/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 OPTIONAL FILES_MATCHING PATTERN "*.1")
install(FILES cli/completion/accelpipe.bash RENAME accelpipe
        DESTINATION ${share_dir}/bash-completion/completions OPTIONAL)
if(yyjson_objects)
    # Its code is inside the library, so its licence goes along.
    install(FILES ${AP_DEPS_DIR}/yyjson/LICENSE RENAME LICENSE.yyjson DESTINATION ${CMAKE_INSTALL_DOCDIR})
endif()
install(FILES README.md LICENSE CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)
