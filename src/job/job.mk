# SPDX-License-Identifier: Apache-2.0
# What the engine and berth-job say to each other.
noinst_LTLIBRARIES += %D%/libjobproto.la
%C%_libjobproto_la_SOURCES = %D%/proto.c %D%/proto.h
%C%_libjobproto_la_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS)
jobproto_LIBS = %D%/libjobproto.la $(oci_LIBS)

# What the engine and berth-job use: the parent's side of the unpacker.
noinst_LTLIBRARIES += %D%/libunpack.la
%C%_libunpack_la_SOURCES = \
	%D%/unpack.c %D%/unpack.h \
	%D%/unpack-proto.c %D%/unpack-proto.h
%C%_libunpack_la_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS)
unpack_LIBS = %D%/libunpack.la $(oci_LIBS)

