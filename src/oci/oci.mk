# SPDX-License-Identifier: Apache-2.0
# Parsers and printers without I/O. The registry client (libcurl) is a library of its own, for berth-job alone.
noinst_LTLIBRARIES += %D%/liboci.la
%C%_liboci_la_SOURCES = \
	%D%/ref.c %D%/ref.h \
	%D%/digest.c %D%/digest.h \
	%D%/desc.c %D%/desc.h \
	%D%/manifest.c %D%/manifest.h \
	%D%/config.c %D%/config.h \
	%D%/layout.c %D%/layout.h
%C%_liboci_la_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS) $(CRYPTO_CFLAGS)
oci_LIBS = %D%/liboci.la $(base_LIBS) $(CRYPTO_LIBS)

# What unpacking needs besides: tar and compression.
noinst_LTLIBRARIES += %D%/liblayer.la
%C%_liblayer_la_SOURCES = \
	%D%/inflate.c %D%/inflate.h \
	%D%/layer-acl.c %D%/layer-acl.h \
	%D%/layer.c %D%/layer.h
%C%_liblayer_la_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS) $(ARCHIVE_CFLAGS) $(ISAL_CFLAGS) $(ZSTD_CFLAGS)
layer_LIBS = %D%/liblayer.la $(oci_LIBS) $(ARCHIVE_LIBS) $(ISAL_LIBS) $(ZSTD_LIBS)
