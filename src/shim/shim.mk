# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += %D%/libshim.la
%C%_libshim_la_SOURCES = \
	%D%/ask.c %D%/ask.h \
	%D%/channel.c %D%/channel.h \
	%D%/console.c %D%/console.h \
	%D%/crilog.c %D%/crilog.h \
	%D%/forward.c %D%/forward.h \
	%D%/freeze.c %D%/freeze.h \
	%D%/iosock.c %D%/iosock.h \
	%D%/proc.c %D%/proc.h \
	%D%/record.c %D%/record.h \
	%D%/relay.c %D%/relay.h \
	%D%/sandbox.c %D%/sandbox.h %D%/sandbox-inside.h \
	%D%/sandbox-boot.c %D%/sandbox-end.c \
	%D%/serve.c %D%/serve.h \
	%D%/setup.c \
	%D%/stats.c %D%/stats.h \
	%D%/update.c %D%/update.h
%C%_libshim_la_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS) $(NGHTTP2_CFLAGS) $(PROTOBUF_C_CFLAGS)
shim_LIBS = %D%/libshim.la $(container_LIBS) $(vm_LIBS) $(rpc_LIBS) $(proto_LIBS) $(vt_LIBS) $(base_LIBS)

helper_PROGRAMS += berth-shim
berth_shim_SOURCES = %D%/main.c
berth_shim_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS)
berth_shim_LDADD = $(call linked_in,$(shim_LIBS))
berth_shim_DEPENDENCIES = $(filter %.la,$(shim_LIBS))
