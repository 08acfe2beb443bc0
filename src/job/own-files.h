/* SPDX-License-Identifier: Apache-2.0 */
/* own-files.h - what berth itself puts into a container's files, which is no change of the container's. */
#ifndef BERTH_JOB_OWN_FILES_H
#define BERTH_JOB_OWN_FILES_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ext4/merge.h"

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

/* The root, and the folder that berth's own files are in, are written to in any container. */
static inline bool own_way_only(const struct ext4_merge_entry *en)
{
	return en->kind == EXT4_MERGE_CHANGED && (!*en->path || !strcmp(en->path, "etc")) && S_ISDIR(en->lower.mode) &&
	       en->st.mode == en->lower.mode && en->st.uid == en->lower.uid && en->st.gid == en->lower.gid && !en->opaque;
}

/* A folder in the place of such a file: the agent leaves it alone, so all that becomes of it is the container's. */
static inline bool own_folder(const struct ext4_merge_entry *en)
{
	return !strncmp(en->path, "etc/", 4) &&
	       (S_ISDIR(en->st.mode) || (en->kind == EXT4_MERGE_CHANGED && S_ISDIR(en->lower.mode)));
}

/* 1 for an entry that is there because of berth alone: such a file, or the folder that was made for them. */
static inline int own_entry(const struct ext4_merge_entry *en, struct err *e)
{
	bool added = en->kind == EXT4_MERGE_ADDED;
	struct ext4_names v;
	int rc;

	if (own_file(en->path, added) && !own_folder(en))
		return 1;
	if (!added || strcmp(en->path, "etc") || !S_ISDIR(en->st.mode))
		return 0;
	rc = ext4_names_load(en->from, en->st.ino, &v, e);
	if (rc < 0)
		return rc;
	rc = v.n > 0;
	for (uint32_t i = 0; rc && i < v.n; i++) {
		char path[4 + 256];

		snprintf(path, sizeof(path), "etc/%s", ext4_names_text(&v, i));
		rc = own_file(path, true);
	}
	ext4_names_finish(&v);
	return rc;
}

#endif
