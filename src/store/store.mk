# SPDX-License-Identifier: Apache-2.0
# Containers' folders, a library of their own: the shim needs nothing else of the store.
noinst_LTLIBRARIES += %D%/libcontainer.la
%C%_libcontainer_la_SOURCES = %D%/container.c %D%/container.h
%C%_libcontainer_la_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS)
container_LIBS = %D%/libcontainer.la $(base_LIBS)
