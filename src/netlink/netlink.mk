# SPDX-License-Identifier: Apache-2.0
# Host and guest use it.
netlink_guest_sources = %D%/netlink.c %D%/netlink.h

noinst_LTLIBRARIES += %D%/libnetlink.la
%C%_libnetlink_la_SOURCES = $(netlink_guest_sources)
%C%_libnetlink_la_CFLAGS = $(AM_CFLAGS)
netlink_LIBS = %D%/libnetlink.la $(base_LIBS)
