/* SPDX-License-Identifier: Apache-2.0 */
/* check-dir.c - names lead to inodes that are in use, once for each link; folders hang together in one tree.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "ext4/check-int.h"

static int check_name(struct check *c, uint32_t dir, const char *name, const struct ext4_name *n,
		      struct err *e)
{
	struct check_inode *to = check_inode_of(c, n->ino, e);

	if (!to)
		return e->code;
	if (!(to->flags & CHECK_USED))
		return check_find(c, e, "'%s' in directory inode %u leads to inode %u, which is not in use",
				  name, dir, n->ino);
	if ((n->ftype || c->r->filetype) && to->ftype && n->ftype != to->ftype)
		return check_find(c, e, "'%s' in directory inode %u is of another kind than its inode %u",
				  name, dir, n->ino);
	if (to->flags & CHECK_DIR) {
		if (to->parent || n->ino == EXT4_ROOT_INO)
			return check_find(
				c, e, "directory inode %u has two names; '%s' in directory inode %u is one",
				n->ino, name, dir);
		to->parent = dir;
		to = check_inode_known(c, dir); /* its ".." is a link too */
	}
	to->found += to->found < UINT16_MAX;
	return 0;
}

static int check_one(struct check *c, uint32_t ino, struct check_inode *known, struct err *e)
{
	struct ext4_names names;
	int rc;

	if (known->flags & CHECK_ODD)
		c->incomplete = true;
	rc = ext4_names_load(c->r, ino, &names, e);
	if (rc < 0) {
		c->incomplete = true;
		return check_take(c, rc, e);
	}
	known->dotdot = names.parent;
	for (uint32_t i = 0; rc == 0 && i < names.n; i++)
		rc = check_name(c, ino, ext4_names_text(&names, i), &names.v[i], e);
	ext4_names_finish(&names);
	return rc == 0 ? check_index(c, ino, e) : rc;
}

/* Calls fn for each inode that is known, in their order. */
static int each(struct check *c,
		int (*fn)(struct check *c, uint32_t ino, struct check_inode *known, struct err *e),
		struct err *e)
{
	int rc = 0;

	for (uint32_t g = 0; rc == 0 && g < c->r->ngroups; g++)
		for (uint32_t i = 0; rc == 0 && c->inodes[g] && i < c->r->ipg; i++)
			if (c->inodes[g][i].flags & CHECK_USED)
				rc = fn(c, g * c->r->ipg + i + 1, &c->inodes[g][i], e);
	return rc;
}

static int check_if_dir(struct check *c, uint32_t ino, struct check_inode *known, struct err *e)
{
	return known->flags & CHECK_DIR && !(known->flags & CHECK_ORPHAN) ? check_one(c, ino, known, e) : 0;
}

int check_dirs(struct check *c, struct err *e)
{
	struct check_inode *root = check_inode_of(c, EXT4_ROOT_INO, e);

	if (!root)
		return e->code;
	if (!(root->flags & CHECK_DIR)) {
		c->incomplete = true;
		return check_find(c, e, "the root is no directory");
	}
	return each(c, check_if_dir, e);
}

/* --- the way up */

static int reach(struct check *c, uint32_t ino, struct check_inode *known, struct err *e)
{
	uint32_t at = ino;
	struct check_inode *k = known;
	bool ok;

	if (!(known->flags & CHECK_DIR) || known->flags & (CHECK_ORPHAN | CHECK_REACHED))
		return 0;
	while (at != EXT4_ROOT_INO && k && k->flags & CHECK_DIR &&
	       !(k->flags & (CHECK_REACHED | CHECK_ON_WAY))) {
		k->flags |= CHECK_ON_WAY;
		at = k->parent;
		k = check_inode_known(c, at);
	}
	ok = at == EXT4_ROOT_INO || (k && k->flags & CHECK_REACHED);
	/* all that was passed hangs where this one does; of what hangs nowhere the first is told */
	for (at = ino, k = known; k && k->flags & CHECK_ON_WAY; k = check_inode_known(c, at)) {
		k->flags = (uint8_t)((k->flags & ~CHECK_ON_WAY) | CHECK_REACHED);
		at = k->parent;
	}
	if (!ok)
		return check_find(c, e, "directory inode %u is not reached from the root", ino);
	if (ino == EXT4_ROOT_INO)
		known->parent = EXT4_ROOT_INO;
	return 0;
}

static bool is_own_file(const struct check *c, uint32_t ino)
{
	const struct ext4_super *sb = &c->r->sb;

	return ino == le32toh(sb->orphan_file_inum) || ino == le32toh(sb->quota_inum[0]) ||
	       ino == le32toh(sb->quota_inum[1]) || ino == le32toh(sb->prj_quota_inum);
}

static int check_link_count(struct check *c, uint32_t ino, struct check_inode *known, struct err *e)
{
	bool many = c->r->sb.feature_ro_compat & htole32(EXT4_RO_DIR_NLINK);
	uint32_t want = known->found;

	if ((ino < c->r->first_ino && ino != EXT4_ROOT_INO) || is_own_file(c, ino))
		return 0;
	if (known->flags & CHECK_ORPHAN)
		return known->found ? check_find(c, e, "inode %u has a name and no links", ino) : 0;
	if (known->flags & CHECK_EA)
		return known->found ? 0 : check_find(c, e, "inode %u holds an attribute of nobody", ino);
	if (!(known->flags & CHECK_DIR)) {
		if (!want)
			return check_find(c, e, "inode %u is in use and has no name", ino);
	} else {
		want += 2;
		if (known->dotdot && known->parent && known->dotdot != known->parent &&
		    check_find(c, e, "directory inode %u is in directory inode %u, but its '..' is %u", ino,
			       known->parent, known->dotdot))
			return e->code ? e->code : 1;
		if (known->links == 1 && many)
			return 0;
	}
	if (known->links != want)
		return check_find(c, e, "inode %u says that it has %u links, but it has %u", ino,
				  known->links, want);
	return 0;
}

int check_links(struct check *c, struct err *e)
{
	int rc = 0;

	/* after a directory that could not be read this would only tell of what is in it */
	if (!c->incomplete)
		rc = each(c, reach, e);
	if (rc == 0 && !c->incomplete)
		rc = each(c, check_link_count, e);
	return rc;
}
