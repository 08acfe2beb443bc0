/* SPDX-License-Identifier: Apache-2.0 */
/* image.h - file systems in temporary files, and what e2fsck and debugfs say of them. */
#ifndef BERTH_TESTS_EXT4_IMAGE_H
#define BERTH_TESTS_EXT4_IMAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ext4/mkfs.h"
#include "ext4/writer.h"

struct image {
	char path[64];
	int fd;
	struct fs_sink *s;
	struct err e;
	struct ext4_stats st;
};

extern const struct ext4_opts image_opts; /* a uuid and nothing else */

/* Fails the test with the words. */
void image_must(int rc, const struct err *e, const char *file, int line);
#define MUST(im, call) image_must(call, &(im)->e, __FILE__, __LINE__)

/* An empty file; then, unless opts is NULL, a writer on it in its first layer. */
void image_open(struct image *im, const struct ext4_opts *opts);
/* Finishes the writer and lets e2fsck judge; skips the test if there is no e2fsck. */
void image_finish(struct image *im);
void image_check(struct image *im);
void image_remove(struct image *im);

/* The output of a shell command with the image's path for %s, standard error left out; the caller
 * frees. */
char *image_run(struct image *im, const char *fmt);
/* What debugfs answers to one command. */
char *image_debugfs(struct image *im, const char *cmd);
/* true if debugfs' answer to cmd has all of the words (NULL ends them). */
void image_says(struct image *im, const char *cmd, ...);

/* Shorthands; attributes are 0644 or 0755, owner 0:0, time 1000. */
void image_dir(struct image *im, const char *path);
void image_file(struct image *im, const char *path, const char *text);
void image_link(struct image *im, const char *path, const char *target);

#endif
