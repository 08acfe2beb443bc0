# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += %D%/libvm.la
%C%_libvm_la_SOURCES = \
	%D%/agent.c %D%/agent.h \
	%D%/transport.c %D%/transport.h \
	%D%/vm-config.h %D%/vm.h
%C%_libvm_la_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS) $(PROTOBUF_C_CFLAGS)
vm_LIBS = %D%/libvm.la $(base_LIBS)
