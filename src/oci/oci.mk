# SPDX-License-Identifier: Apache-2.0
# Parsers and printers without I/O. The registry client (libcurl) is a library of its own, for berth-job alone.
noinst_LTLIBRARIES += %D%/liboci.la
%C%_liboci_la_SOURCES = \
	%D%/ref.c %D%/ref.h \
	%D%/digest.c %D%/digest.h \
	%D%/desc.c %D%/desc.h \
	%D%/manifest.c %D%/manifest.h \
	%D%/config.c %D%/config.h
%C%_liboci_la_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS) $(CRYPTO_CFLAGS)
oci_LIBS = %D%/liboci.la $(base_LIBS) $(CRYPTO_LIBS)
