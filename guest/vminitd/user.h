/* SPDX-License-Identifier: Apache-2.0 */
/* user.h - "name[:group]" looked up in a container's own /etc/passwd and /etc/group.
 *
 * Parsing does no I/O. Sources: passwd(5), group(5); the meaning of the words is docker's. */
#ifndef BERTH_GUEST_USER_H
#define BERTH_GUEST_USER_H

#include <sys/types.h>

#include "base/err.h"

#define VI_GROUPS_MAX 1024
#define VI_PASSWD_MAX (4u << 20) /* bytes read of either file */

struct vi_user {
	uid_t uid;
	gid_t gid;
	gid_t groups[VI_GROUPS_MAX]; /* supplementary */
	size_t ngroups;
	char home[1024]; /* "" if passwd does not say */
};

/* word: "", "name", "uid", "name:group", "uid:gid", …; passwd and group: the files' text, "" if absent.
 * A number that passwd does not list is that uid with gid 0; a group that is named drops the
 * supplementary ones. -EINVAL with words for a name that is not there. */
int vi_user_resolve(const char *word, const char *passwd, const char *group, struct vi_user *ret, struct err *e);
/* The home of a uid, "" if it has none. */
void vi_user_home(uid_t uid, const char *passwd, char *ret, size_t size);
/* Its name, cut to size; the number if it has none. */
void vi_user_name(uid_t uid, const char *passwd, char *ret, size_t size);

#endif
