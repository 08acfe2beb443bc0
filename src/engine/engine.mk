# SPDX-License-Identifier: Apache-2.0
# The client's side of jobs, for the engine and for tests.
noinst_LTLIBRARIES += %D%/libengjob.la
%C%_libengjob_la_SOURCES = %D%/job.c %D%/job.h
%C%_libengjob_la_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS)
engjob_LIBS = %D%/libengjob.la $(jobproto_LIBS)
