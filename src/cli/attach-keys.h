/* SPDX-License-Identifier: Apache-2.0 */
/* attach-keys.h - the keys that detach, found in what is typed. No I/O. */
#ifndef BERTH_CLI_ATTACH_KEYS_H
#define BERTH_CLI_ATTACH_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#define ATTACH_KEYS_MAX 8

struct attach_keys {
	char seq[ATTACH_KEYS_MAX];
	size_t n;      /* 0: nothing detaches */
	size_t held;   /* keys of seq that were typed and not passed on */
	bool detached;
};

/* docker's form: "ctrl-p,ctrl-q", "ctrl-]", "x", "", or "^P ^Q"; NULL: C-p C-q. -EINVAL. */
int attach_keys_init(struct attach_keys *k, const char *spec);
/* Takes n bytes of p and leaves there what goes to the guest now, in order, at most max; returns how many. A
 * beginning of the sequence is held; a second C-p releases the first. */
size_t attach_keys_feed(struct attach_keys *k, char *p, size_t n, size_t max);
/* Gives what is held, at most max bytes. */
size_t attach_keys_release(struct attach_keys *k, char *p, size_t max);

#endif
