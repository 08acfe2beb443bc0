# SPDX-License-Identifier: Apache-2.0
# The services. proto/X.proto becomes proto/X.pb-c.[ch] in the build tree, to be included as "X.pb-c.h". A
# new one is a line in proto_files and one in proto_guest_sources or, if only the host speaks it, in
# proto_host_sources.
proto_files = %D%/google/protobuf/timestamp.proto \
	%D%/sandbox.proto %D%/agent.proto %D%/shim.proto
proto_guest_sources = \
	%D%/google/protobuf/timestamp.pb-c.c %D%/google/protobuf/timestamp.pb-c.h \
	%D%/sandbox.pb-c.c %D%/sandbox.pb-c.h \
	%D%/agent.pb-c.c %D%/agent.pb-c.h
proto_host_sources = \
	%D%/shim.pb-c.c %D%/shim.pb-c.h

EXTRA_DIST += $(proto_files) %D%/for-c.awk
BUILT_SOURCES += $(proto_guest_sources) $(proto_host_sources)
CLEANFILES += $(proto_guest_sources) $(proto_host_sources)

# Programs of the guest have $(proto_guest_sources) in their nodist_…_SOURCES.
noinst_LTLIBRARIES += %D%/libproto.la
%C%_libproto_la_SOURCES =
nodist_%C%_libproto_la_SOURCES = $(proto_guest_sources) $(proto_host_sources)
%C%_libproto_la_CFLAGS = $(AM_CFLAGS) $(PROTOBUF_C_CFLAGS)
proto_LIBS = %D%/libproto.la $(PROTOBUF_C_LIBS)

# The copy for C lies in proto/c; see for-c.awk.
%D%/c/%.proto: %D%/%.proto %D%/for-c.awk
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(AWK) -f $(srcdir)/%D%/for-c.awk $< >$@.tmp && mv $@.tmp $@
%D%/%.pb-c.c %D%/%.pb-c.h: %D%/c/%.proto
	$(AM_V_GEN)$(PROTOC_C) -I%D%/c --c_out=%D% $<
$(proto_guest_sources) $(proto_host_sources): %D%/c/google/protobuf/timestamp.proto
.SECONDARY: $(proto_files:%D%/%=%D%/c/%)
clean-local: clean-proto
clean-proto:
	rm -rf %D%/c
protos: $(proto_guest_sources) $(proto_host_sources)
.PHONY: clean-proto
