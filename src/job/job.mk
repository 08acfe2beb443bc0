# SPDX-License-Identifier: Apache-2.0
# What the engine and berth-job say to each other.
noinst_LTLIBRARIES += %D%/libjobproto.la
%C%_libjobproto_la_SOURCES = %D%/proto.c %D%/proto.h
%C%_libjobproto_la_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS)
jobproto_LIBS = %D%/libjobproto.la $(oci_LIBS)
