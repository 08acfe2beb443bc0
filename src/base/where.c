/* SPDX-License-Identifier: Apache-2.0 */
/* where.c - finding helpers. */
#include "base/where.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/str.h"

/* The folder of the running program, without the ".libs" in which libtool hides it. "" if not known. */
static void own_folder(char ret[static PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", ret, PATH_MAX - 1);

	ret[n < 0 ? 0 : n] = 0;
	for (int i = 0; i < 2; i++) {
		char *slash = strrchr(ret, '/');

		if (slash)
			*slash = 0;
		if (!str_ends(ret, "/.libs"))
			return;
	}
}

char *where_helper(const char *name)
{
	const char *forced = getenv("BERTH_LIBEXEC");
	char folder[PATH_MAX];

	if (forced && *forced)
		return path_join(forced, name);
	own_folder(folder);
	AUTO_FREE char *beside = path_join(folder, name);
	if (!beside)
		return NULL;
	if (access(beside, F_OK) == 0)
		return TAKE(beside);
	return path_join(BERTH_HELPERDIR, name);
}
