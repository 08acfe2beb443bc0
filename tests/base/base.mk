# SPDX-License-Identifier: Apache-2.0
if HAVE_CMOCKA
base_tests = %D%/t-str
check_PROGRAMS += $(base_tests)
TESTS += $(base_tests)
%C%_t_str_LDADD = $(base_LIBS) $(CMOCKA_LIBS)
endif
