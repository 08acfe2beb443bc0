/* SPDX-License-Identifier: Apache-2.0 */
/* own-files.h - what berth itself puts into a container's files, which is no change of the container's. */
#ifndef BERTH_JOB_OWN_FILES_H
#define BERTH_JOB_OWN_FILES_H

#include <stdbool.h>
#include <string.h>

/* Names for its network, in each container; and places for file systems that every one has. added: the image has none. */
static inline bool own_file(const char *path, bool added)
{
	static const char *const files[] = { "etc/hosts", "etc/hostname", "etc/resolv.conf" };
	static const char *const places[] = { "dev", "proc", "sys" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!strcmp(path, files[i]))
			return true;
	for (size_t i = 0; added && i < sizeof(places) / sizeof(places[0]); i++)
		if (!strcmp(path, places[i]))
			return true;
	return false;
}

#endif
