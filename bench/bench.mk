# SPDX-License-Identifier: Apache-2.0
# Programs that measure what we publish; built by name (make bench/vsock).
EXTRA_PROGRAMS += %D%/vsock
%C%_vsock_SOURCES = %D%/vsock.c
%C%_vsock_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS)
%C%_vsock_LDADD = $(vm_LIBS) -lpthread

EXTRA_PROGRAMS += %D%/ext4-write
%C%_ext4_write_SOURCES = %D%/ext4-write.c
%C%_ext4_write_LDADD = $(ext4_LIBS)

EXTRA_PROGRAMS += %D%/rpc
%C%_rpc_SOURCES = %D%/rpc.c
%C%_rpc_CFLAGS = $(AM_CFLAGS) $(NGHTTP2_CFLAGS) $(PROTOBUF_C_CFLAGS) $(UV_CFLAGS)
%C%_rpc_LDADD = $(proto_LIBS) $(rpc_LIBS)
