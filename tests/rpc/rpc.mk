# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += %D%/echo.proto
BUILT_SOURCES += %D%/echo.pb-c.c %D%/echo.pb-c.h
CLEANFILES += %D%/echo.pb-c.c %D%/echo.pb-c.h
rpc_test_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir) -I$(top_builddir)
rpc_test_cflags = $(AM_CFLAGS) $(NGHTTP2_CFLAGS) $(PROTOBUF_C_CFLAGS) $(UV_CFLAGS) $(CMOCKA_CFLAGS)

%D%/c/echo.proto: $(top_srcdir)/%D%/echo.proto $(top_srcdir)/proto/for-c.awk
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(AWK) -f $(top_srcdir)/proto/for-c.awk $< >$@.tmp && mv $@.tmp $@
%D%/echo.pb-c.c %D%/echo.pb-c.h &: %D%/c/echo.proto
	$(AM_V_GEN)$(PROTOC_C) -I%D%/c --c_out=%D% $<

clean-local: clean-echo
clean-echo:
	rm -rf %D%/c
.PHONY: clean-echo

if HAVE_CMOCKA
# The service of the tests, and both ends of a connection.
check_LTLIBRARIES += %D%/libecho.la
%C%_libecho_la_SOURCES = %D%/echo.c %D%/echo.h %D%/pair.c %D%/pair.h %D%/h2.c %D%/h2.h
nodist_%C%_libecho_la_SOURCES = %D%/echo.pb-c.c %D%/echo.pb-c.h
%C%_libecho_la_CPPFLAGS = $(rpc_test_cppflags)
%C%_libecho_la_CFLAGS = $(rpc_test_cflags)
rpc_test_LIBS = %D%/libecho.la $(proto_LIBS) $(rpc_LIBS) $(CMOCKA_LIBS)

rpc_tests = %D%/t-status %D%/t-call %D%/t-uv %D%/t-hostile %D%/t-nomem
check_PROGRAMS += $(rpc_tests) %D%/echo-server %D%/echo-client
TESTS += $(rpc_tests) %D%/grpcio.sh
%C%_t_status_LDADD = $(rpc_test_LIBS)
%C%_t_status_CPPFLAGS = $(rpc_test_cppflags)
%C%_t_status_CFLAGS = $(rpc_test_cflags)
%C%_t_call_LDADD = $(rpc_test_LIBS)
%C%_t_call_CPPFLAGS = $(rpc_test_cppflags)
%C%_t_call_CFLAGS = $(rpc_test_cflags)
%C%_t_uv_LDADD = $(rpc_test_LIBS)
%C%_t_uv_CPPFLAGS = $(rpc_test_cppflags)
%C%_t_uv_CFLAGS = $(rpc_test_cflags)
%C%_t_hostile_LDADD = $(rpc_test_LIBS)
%C%_t_hostile_CPPFLAGS = $(rpc_test_cppflags)
%C%_t_hostile_CFLAGS = $(rpc_test_cflags)
%C%_t_nomem_LDADD = $(rpc_test_LIBS)
%C%_t_nomem_CPPFLAGS = $(rpc_test_cppflags)
%C%_t_nomem_CFLAGS = $(rpc_test_cflags)
%C%_echo_server_LDADD = $(rpc_test_LIBS)
%C%_echo_server_CPPFLAGS = $(rpc_test_cppflags)
%C%_echo_server_CFLAGS = $(rpc_test_cflags)
%C%_echo_client_LDADD = $(rpc_test_LIBS)
%C%_echo_client_CPPFLAGS = $(rpc_test_cppflags)
%C%_echo_client_CFLAGS = $(rpc_test_cflags)

fuzz_targets += %D%/fuzz-rpc-server %D%/fuzz-rpc-client
%C%_fuzz_rpc_server_SOURCES = %D%/fuzz-rpc-server.c $(fuzz_main)
%C%_fuzz_rpc_server_LDADD = $(rpc_test_LIBS)
%C%_fuzz_rpc_server_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_rpc_server_CPPFLAGS = $(rpc_test_cppflags)
%C%_fuzz_rpc_server_CFLAGS = $(rpc_test_cflags)
%C%_fuzz_rpc_client_SOURCES = %D%/fuzz-rpc-client.c $(fuzz_main)
%C%_fuzz_rpc_client_LDADD = $(rpc_test_LIBS)
%C%_fuzz_rpc_client_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_rpc_client_CPPFLAGS = $(rpc_test_cppflags)
%C%_fuzz_rpc_client_CFLAGS = $(rpc_test_cflags)
endif
EXTRA_DIST += %D%/grpcio.sh %D%/echo_client.py %D%/echo_server.py
