# SPDX-License-Identifier: Apache-2.0
# What we publish is measured here: whole commands by "make bench", parts by programs that are built by name
# (make bench/vsock).
EXTRA_DIST += %D%/commands.sh %D%/results
bench: all kernel
	BERTH='$(abs_builddir)/berth' '$(srcdir)/%D%/commands.sh' $(RUNS)
	$(MAKE) bench-unpack

# From an image to a root file system, beside what others do for it; README's table is made of what it keeps.
# Needs some 20 GB in BENCH_DIR, and root, podman, containerd, umoci, isal and zstd for all of its rows.
BENCH_DIR = /var/tmp/berth-images
EXTRA_DIST += %D%/unpack.py %D%/images.py %D%/figures.py
bench-unpack: all
	BERTH='$(abs_builddir)/berth' /usr/bin/python3 -B '$(srcdir)/%D%/unpack.py' --dir '$(BENCH_DIR)' \
		--out '$(srcdir)/%D%/results/unpack.json' $(if $(ROUNDS),--runs $(ROUNDS)) \
		> '$(srcdir)/%D%/results/unpack.txt'
	cat '$(srcdir)/%D%/results/unpack.txt'
	/usr/bin/python3 -B '$(srcdir)/%D%/figures.py' '$(srcdir)/README.md' '$(srcdir)/%D%/results/unpack.json'

# A pull of a small image and of what is there, beside curl; BERTH_BASE: beside another berth too.
EXTRA_DIST += %D%/lib.sh %D%/pull.sh
bench-pull: all
	BERTH='$(abs_builddir)/berth' '$(srcdir)/%D%/pull.sh' $(RUNS)

# A push beside curl -T.
EXTRA_DIST += %D%/push.sh
bench-push: all
	BERTH='$(abs_builddir)/berth' '$(srcdir)/%D%/push.sh' $(RUNS) $(MIB)

# What an unpacking takes by the number of entries: time, and memory of all its processes.
EXTRA_DIST += %D%/entries.py
bench-entries: all
	/usr/bin/python3 -B '$(srcdir)/%D%/entries.py' '$(abs_builddir)/berth' $(COUNTS)

# The terminal engine: MB/s over streams that are made on the spot.
EXTRA_DIST += %D%/vt.sh
bench-vt: berth
	BERTH='$(abs_builddir)/berth' '$(srcdir)/%D%/vt.sh' $(MIB)

# What the terminal UI costs: first paint, memory, idleness, keys while a console floods; and its engine.
EXTRA_DIST += %D%/tui.py
bench-tui: all kernel
	BERTH='$(abs_builddir)/berth' /usr/bin/python3 -B '$(srcdir)/%D%/tui.py' $(IDLE)
	BERTH='$(abs_builddir)/berth' '$(srcdir)/%D%/vt.sh' $(MIB)

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
