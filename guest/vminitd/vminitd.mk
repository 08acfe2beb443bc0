# SPDX-License-Identifier: Apache-2.0
vminitd_sources = \
	%D%/caps.c \
	%D%/cgroup.c \
	%D%/child.c \
	%D%/container.c %D%/container.h \
	%D%/copy.c %D%/copy.h \
	%D%/events.c %D%/events.h \
	%D%/files.c %D%/files.h \
	%D%/gzip.c %D%/gzip.h \
	%D%/forward.c %D%/forward.h \
	%D%/join.c %D%/join.h \
	%D%/loop.c %D%/loop.h \
	%D%/main.c \
	%D%/methods.c \
	%D%/mountopt.c %D%/mountopt.h \
	%D%/mounts.c \
	%D%/net.c %D%/net.h \
	%D%/netcalls.c \
	%D%/netif.c %D%/netif.h \
	%D%/pause.c %D%/pause.h \
	%D%/prepare.c %D%/prepare.h \
	%D%/proc-stat.c %D%/proc-stat.h \
	%D%/proclist.c %D%/proclist.h %D%/procsignal.c \
	%D%/proxy.c %D%/proxy.h \
	%D%/seccomp.c %D%/seccomp.h \
	%D%/serve.c %D%/serve.h \
	%D%/spec.c %D%/spec.h %D%/spec-cgroup.c %D%/spec-json.h \
	%D%/stats.c %D%/stats.h \
	%D%/stream.c %D%/stream.h \
	%D%/system.c %D%/system.h \
	%D%/task.c %D%/task.h \
	%D%/tree.c \
	%D%/user.c %D%/user.h \
	%D%/vpath.c %D%/vpath.h
vminitd_link = $(JANSSON_LIBS) $(NGHTTP2_LIBS) $(PROTOBUF_C_LIBS) $(SECCOMP_LIBS) $(ZLIB_LIBS)
vminitd_includes = $(JANSSON_CFLAGS) $(NGHTTP2_CFLAGS) $(PROTOBUF_C_CFLAGS) $(SECCOMP_CFLAGS) $(ZLIB_CFLAGS)

# PID 1 of the VM: static, with flags of its own, so that no sanitizer gets in.
noinst_PROGRAMS += vminitd
vminitd_SOURCES = $(vminitd_sources) $(base_guest_sources) $(rpc_guest_sources) $(netlink_guest_sources)
nodist_vminitd_SOURCES = $(proto_guest_sources)
vminitd_CFLAGS = $(GUEST_CFLAGS) $(vminitd_includes)
vminitd_LDFLAGS = -all-static -Wl,--gc-sections
vminitd_LDADD = $(vminitd_link) -lm

# The initramfs holds it as /init. The same bytes for the same program: owner 0, time 0, inodes renumbered.
noinst_DATA += initramfs.cpio
CLEANFILES += initramfs.cpio
initramfs.cpio: vminitd
	$(AM_V_GEN)rm -rf initramfs.tmp && $(MKDIR_P) initramfs.tmp && \
	$(STRIP) -o initramfs.tmp/init vminitd && chmod 0755 initramfs.tmp/init && \
	touch -d @0 initramfs.tmp/init initramfs.tmp && \
	(cd initramfs.tmp && echo init | $(CPIO) -o -H newc --reproducible -R 0:0 --quiet) >$@.tmp && \
	rm -rf initramfs.tmp && mv $@.tmp $@

install-data-local: install-initramfs
install-initramfs: initramfs.cpio
	$(MKDIR_P) '$(DESTDIR)$(helperdir)' && $(INSTALL_DATA) initramfs.cpio '$(DESTDIR)$(helperdir)/initramfs.cpio'
uninstall-local: uninstall-initramfs
uninstall-initramfs:
	rm -f '$(DESTDIR)$(helperdir)/initramfs.cpio'
.PHONY: install-initramfs uninstall-initramfs
