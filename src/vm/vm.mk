# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += %D%/libvm.la
%C%_libvm_la_SOURCES = \
	%D%/agent.c %D%/agent.h \
	%D%/transport.c %D%/transport.h \
	%D%/virtqueue.c %D%/virtqueue.h \
	%D%/vsock-packet.c %D%/vsock-packet.h \
	%D%/vsock-conn.c %D%/vsock-conn.h \
	%D%/vsock.c %D%/vsock.h %D%/vsock-inside.h \
	%D%/vsock-stream.c %D%/vsock-tx.c %D%/vsock-rx.c %D%/vsock-dial.c \
	%D%/vhost-user.c %D%/vhost-user.h \
	%D%/vhost.c %D%/vhost.h \
	%D%/way-in.c %D%/way-in.h \
	%D%/argv.c %D%/argv.h \
	%D%/qmp.c %D%/qmp.h \
	%D%/kernel.c %D%/kernel.h \
	%D%/accel.c %D%/accel.h \
	%D%/probe.c %D%/probe.h \
	%D%/conlog.c %D%/conlog.h \
	%D%/share.c %D%/share.h \
	%D%/confine.c %D%/confine.h \
	%D%/qemu.c %D%/qemu.h \
	%D%/fsm.c %D%/fsm.h \
	%D%/vm-config.c %D%/vm-config.h \
	%D%/vm.c %D%/vm.h
%C%_libvm_la_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS) $(PROTOBUF_C_CFLAGS)
vm_LIBS = %D%/libvm.la $(base_LIBS)
