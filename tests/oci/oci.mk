# SPDX-License-Identifier: Apache-2.0
if HAVE_CMOCKA
spec_tests = %D%/t-spec
check_PROGRAMS += $(spec_tests)
TESTS += $(spec_tests)
%C%_t_spec_LDADD = $(oci_LIBS) $(CMOCKA_LIBS)
endif
