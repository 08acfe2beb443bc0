/* SPDX-License-Identifier: Apache-2.0 */
/* where.h - where the parts of an installation are: helpers and the files that go with them. */
#ifndef BERTH_BASE_WHERE_H
#define BERTH_BASE_WHERE_H

/* The path of a helper program or file of libexec/berth, which the caller frees: in the folder that
 * BERTH_LIBEXEC names (for tests), else beside the running program (a build tree), else where `make install`
 * puts it (whether it is there or not). NULL: out of memory. */
char *where_helper(const char *name);

#endif
