# SPDX-License-Identifier: Apache-2.0
if HAVE_CMOCKA
oci_tests = %D%/t-ref %D%/t-manifest %D%/t-auth %D%/t-retry %D%/t-spec %D%/t-instruction
check_PROGRAMS += $(oci_tests)
TESTS += $(oci_tests)
%C%_t_ref_LDADD = $(oci_LIBS) $(CMOCKA_LIBS)
%C%_t_manifest_LDADD = $(oci_LIBS) $(CMOCKA_LIBS)
%C%_t_auth_LDADD = $(oci_LIBS) $(CMOCKA_LIBS)
%C%_t_retry_LDADD = $(ocireg_LIBS) $(CMOCKA_LIBS)
%C%_t_instruction_LDADD = $(oci_LIBS) $(CMOCKA_LIBS)
%C%_t_spec_LDADD = $(oci_LIBS) $(CMOCKA_LIBS)

layer_tests = %D%/t-layer %D%/t-inflate
check_PROGRAMS += $(layer_tests)
TESTS += $(layer_tests)
%C%_t_layer_SOURCES = %D%/t-layer.c $(test_sink) $(test_tar)
%C%_t_layer_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
%C%_t_layer_LDADD = $(layer_LIBS) $(CMOCKA_LIBS)
%C%_t_inflate_LDADD = $(layer_LIBS) $(CMOCKA_LIBS)
endif

test_sink = tests/lib/print-sink.c tests/lib/print-sink.h
test_tar = tests/lib/tar.c tests/lib/tar.h

fuzz_targets += %D%/fuzz-ref %D%/fuzz-manifest %D%/fuzz-challenge %D%/fuzz-answer
%C%_fuzz_ref_SOURCES = %D%/fuzz-ref.c $(fuzz_main)
%C%_fuzz_ref_LDADD = $(oci_LIBS)
%C%_fuzz_ref_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_manifest_SOURCES = %D%/fuzz-manifest.c $(fuzz_main)
%C%_fuzz_manifest_LDADD = $(oci_LIBS)
%C%_fuzz_manifest_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_challenge_SOURCES = %D%/fuzz-challenge.c $(fuzz_main)
%C%_fuzz_challenge_LDADD = $(oci_LIBS)
%C%_fuzz_challenge_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_answer_SOURCES = %D%/fuzz-answer.c $(fuzz_main)
%C%_fuzz_answer_LDADD = $(ocireg_LIBS)
%C%_fuzz_answer_LDFLAGS = $(fuzz_ldflags)

fuzz_targets += %D%/fuzz-past
%C%_fuzz_past_SOURCES = %D%/fuzz-past.c $(fuzz_main)
%C%_fuzz_past_LDADD = $(layer_LIBS)
%C%_fuzz_past_LDFLAGS = $(fuzz_ldflags)

fuzz_targets += %D%/fuzz-layer
%C%_fuzz_layer_SOURCES = %D%/fuzz-layer.c $(test_sink) $(fuzz_main)
%C%_fuzz_layer_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
%C%_fuzz_layer_LDADD = $(layer_LIBS)
%C%_fuzz_layer_LDFLAGS = $(fuzz_ldflags)
