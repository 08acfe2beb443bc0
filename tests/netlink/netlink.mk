# SPDX-License-Identifier: Apache-2.0
fuzz_targets += %D%/fuzz-netlink
%C%_fuzz_netlink_SOURCES = %D%/fuzz-netlink.c $(fuzz_main)
%C%_fuzz_netlink_LDADD = $(netlink_LIBS)
%C%_fuzz_netlink_LDFLAGS = $(fuzz_ldflags)
