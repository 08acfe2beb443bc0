# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += %D%/vt-tool
%C%_vt_tool_SOURCES = %D%/vt-tool.c src/cli/debug-vt.c src/cli/debug-vt.h
%C%_vt_tool_LDADD = $(vt_LIBS)
