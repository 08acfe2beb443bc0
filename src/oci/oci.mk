# SPDX-License-Identifier: Apache-2.0
# Parsers and printers without I/O. The registry client (libcurl) is a library of its own, for berth-job alone.
noinst_LTLIBRARIES += %D%/liboci.la
%C%_liboci_la_SOURCES = \
	%D%/ref.c %D%/ref.h \
	%D%/digest.c %D%/digest.h \
	%D%/desc.c %D%/desc.h \
	%D%/manifest.c %D%/manifest.h \
	%D%/config.c %D%/config.h \
	%D%/layout.c %D%/layout.h \
	%D%/auth.c %D%/auth.h \
	%D%/cred.c %D%/cred.h %D%/cred-store.c \
	%D%/cred-helper.c %D%/cred-helper.h \
	%D%/instruction.c %D%/instruction.h \
	%D%/spec.c %D%/spec.h \
	%D%/spec-caps.c \
	%D%/spec-seccomp.c
%C%_liboci_la_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS) $(CRYPTO_CFLAGS)
oci_LIBS = %D%/liboci.la $(base_LIBS) $(CRYPTO_LIBS)

# Decompression, which the store checks and reads archives with.
noinst_LTLIBRARIES += %D%/libinflate.la
%C%_libinflate_la_SOURCES = %D%/inflate.c %D%/inflate.h %D%/gzip-head.c %D%/gzip-head.h
%C%_libinflate_la_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS) $(ISAL_CFLAGS) $(ZSTD_CFLAGS)
inflate_LIBS = %D%/libinflate.la $(base_LIBS) $(ISAL_LIBS) $(ZSTD_LIBS)

# What unpacking needs besides: tar.
noinst_LTLIBRARIES += %D%/liblayer.la
%C%_liblayer_la_SOURCES = \
	%D%/layer-acl.c %D%/layer-acl.h \
	%D%/layer-past.c %D%/layer-past.h \
	%D%/layer.c %D%/layer.h
%C%_liblayer_la_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS) $(ARCHIVE_CFLAGS)
layer_LIBS = %D%/liblayer.la $(inflate_LIBS) $(oci_LIBS) $(ARCHIVE_LIBS)

# The registry client: the only part that needs libcurl, and berth-job alone links it.
noinst_LTLIBRARIES += %D%/libocireg.la
%C%_libocireg_la_SOURCES = \
	%D%/registry.c %D%/registry.h %D%/registry-inside.h \
	%D%/registry-login.c \
	%D%/registry-upload.c %D%/registry-upload.h \
	%D%/registry-retry.c %D%/registry-retry.h \
	%D%/registry-http.c %D%/registry-http.h %D%/registry-loop.c %D%/registry-loop.h
%C%_libocireg_la_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS) $(CRYPTO_CFLAGS) $(CURL_CFLAGS)
ocireg_LIBS = %D%/libocireg.la $(oci_LIBS) $(CURL_LIBS)
