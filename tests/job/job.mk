# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += %D%/job-tool
%C%_job_tool_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS)
%C%_job_tool_LDADD = $(engjob_LIBS)
