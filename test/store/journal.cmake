# The journal's tests; included by this folder's CMakeLists.txt.
if(CMOCKA_FOUND)
  add_executable(test_journal ${CMAKE_CURRENT_LIST_DIR}/test_journal.c)
  target_link_libraries(test_journal PRIVATE dt_store PkgConfig::CMOCKA Threads::Threads)
  add_test(NAME store/test_journal COMMAND test_journal)
  set_tests_properties(store/test_journal PROPERTIES TIMEOUT 120 LABELS store)
endif()
