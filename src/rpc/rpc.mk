# SPDX-License-Identifier: Apache-2.0
# What the guest links: no libuv, no cJSON.
rpc_guest_sources = \
	%D%/method.h %D%/session.h \
	%D%/status.c %D%/status.h \
	%D%/msg.c %D%/msg.h \
	%D%/guard.c %D%/guard.h \
	%D%/session.c %D%/exch.c \
	%D%/server.c %D%/server.h \
	%D%/drive-epoll.c %D%/drive-epoll.h

noinst_LTLIBRARIES += %D%/librpc.la
%C%_librpc_la_SOURCES = $(rpc_guest_sources) \
	%D%/client.c %D%/client.h \
	%D%/sync.c %D%/sync.h \
	%D%/drive-uv.c %D%/drive-uv.h
%C%_librpc_la_CFLAGS = $(AM_CFLAGS) $(NGHTTP2_CFLAGS) $(PROTOBUF_C_CFLAGS) $(UV_CFLAGS)
rpc_LIBS = %D%/librpc.la $(base_LIBS) $(NGHTTP2_LIBS) $(PROTOBUF_C_LIBS)
