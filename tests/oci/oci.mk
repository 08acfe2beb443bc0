# SPDX-License-Identifier: Apache-2.0
if HAVE_CMOCKA
oci_tests = %D%/t-ref %D%/t-manifest %D%/t-auth %D%/t-retry %D%/t-spec
check_PROGRAMS += $(oci_tests)
TESTS += $(oci_tests)
%C%_t_ref_LDADD = $(oci_LIBS) $(CMOCKA_LIBS)
%C%_t_manifest_LDADD = $(oci_LIBS) $(CMOCKA_LIBS)
%C%_t_auth_LDADD = $(oci_LIBS) $(CMOCKA_LIBS)
%C%_t_retry_LDADD = $(ocireg_LIBS) $(CMOCKA_LIBS)
%C%_t_spec_LDADD = $(oci_LIBS) $(CMOCKA_LIBS)
endif
