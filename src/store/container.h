/* SPDX-License-Identifier: Apache-2.0 */
/* container.h - what the store keeps of a container: containers/<id>/.
 *
 *   config.json   written when the container is made; only its name and limits may change later:
 *                 id name image image_id image_digest platform rootfs_key (of its base) command[] tty
 *                 open_stdin remove labels{} env[] user workdir hostname network dns[] dns_search[]
 *                 add_hosts[] ports[{host_ip,host_port,container_port,proto}]
 *                 mounts[{type,source,target,readonly}] rootfs_file and rootfs_stamp (in place of image_id,
 *                 image_digest and rootfs_key: a file as base, and what tells that it is still the same) memory_bytes (limit; 0 none) cpus root_size
 *                 kernel kernel_args accel stop_signal (number) stop_timeout_ms restart created (RFC 3339)
 *                 log_size (bytes of a log file before it rotates) log_files (kept)
 *   spec.json     written with it, its limits too: the OCI runtime specification, as CreateProcess takes it; a file of its own,
 *                 since it is the most of what is kept and who lists containers does not need it
 *   state.json    replaced by the shim at each change: state exit_code started finished pid qemu_pid accel
 *                 kernel cause ip oom_killed ports[] (with the host ports really taken)
 *   lock          held by the shim while it lives
 *   boots.json    stages of the last start
 *   upper.ext4 log boot.log screen
 *   base.ext4     of one whose config says own_base: its base is its own, in place of all rootfs_ keys
 *   owner         of one whose config says owned: held by the process that needs it. When that has ended, however it
 *                 did, the shim ends the VM, and whoever looks takes the container away
 *
 * Blocking; for the pool's threads, or before there is a loop. Readers never lock. */
#ifndef BERTH_STORE_CONTAINER_H
#define BERTH_STORE_CONTAINER_H

#include <stdbool.h>

#include "base/err.h"
#include "base/json.h"

#define CONTAINER_ID_LEN 64
#define CONTAINER_SHORT_LEN 12

/* A container as it stands on the disk. Zeroed memory is fine for finish. */
struct container {
	char id[CONTAINER_ID_LEN + 1];
	cJSON *config; /* owned; never NULL after a successful read */
	cJSON *state;  /* owned; NULL: never started */
	bool alive;    /* a shim holds the lock */
};
void container_finish(struct container *c);

/* 64 random hex digits. */
int container_new_id(char ret[static CONTAINER_ID_LEN + 1]);
/* docker's rule for names: [a-zA-Z0-9][a-zA-Z0-9_.-]+ */
bool container_name_valid(const char *name);

/* root is the store's folder. Makes containers/<id>/ with config.json and, of config's "spec", spec.json whole, in
 * one step; -EEXIST with words if the name is taken. Returns an fd of the folder. */
int container_create(const char *root, const cJSON *config, struct err *e);
/* The same of one that is owned: ret_owner holds its lock, before anybody sees the container. */
int container_create_owned(const char *root, const cJSON *config, int *ret_owner, struct err *e);
/* It is owned by a process that is no more. */
bool container_is_orphan(const char *root, const struct container *c);
/* The folder's fd, or -ENOENT. */
int container_open(const char *root, const char *id, struct err *e);
int container_read(const char *root, const char *id, struct container *ret, struct err *e);
/* Gives c->config its "spec". */
int container_read_spec(const char *root, struct container *c, struct err *e);
/* All ids, newest first; NULL-terminated, the caller's to strv_free. */
int container_ids(const char *root, char ***ret, struct err *e);
/* Full id of a name, an id, or a prefix of one. -ENOENT, or -ENOTUNIQ for a prefix of several. */
int container_find(const char *root, const char *name, char ret[static CONTAINER_ID_LEN + 1], struct err *e);
/* Holds a little space of the disk for container_write_state, so that the state can be told of a container whose
 * disk is full. Best effort. */
void container_keep_spare(int dir);
/* Replaces state.json and touches containers/.changed. dir: the container's folder; sync: it is on the disk when this returns. */
int container_write_state(int dir, const cJSON *state, bool sync, struct err *e);
/* For those who watch the folder of all containers: something about the one in dir is another way now. */
void container_touch(int dir);
/* The state's word as a user sees it: "created" … "exited", or "dead" when state.json says that it runs but
 * no shim does. */
const char *container_state_word(const struct container *c);
/* Its base, open for reading: the store's of its image, or the file that it was made from. -ESTALE with words if that
 * one was written since: an upper disk goes with one base only. */
int container_base_open(const char *root, const cJSON *config, struct err *e);
/* "SIZE MTIME": what rootfs_stamp says of the file fd. */
struct stat;
void container_base_stamp(const struct stat *st, char ret[static 48]);
/* Removes the folder; the caller holds its lock or knows that it has none. The folder's name goes first, so
 * that nobody sees half of it. */
int container_remove(const char *root, const char *id, struct err *e);
/* Moves the folder to `to`/name, in one step, and back; the caller holds its lock, or knows that it has none.
 * Coming back, -EEXIST with words if the container's name was given to another. */
int container_move_out(const char *root, const char *id, int to, const char *name, struct err *e);
int container_move_in(const char *root, int from, const char *name, const char *id, struct err *e);
/* Limits, 0: as they are. */
struct container_limits {
	uint64_t memory, pids;
	double cpus;
};
/* It has them from its next start on. */
int container_set_limits(const char *root, const char *id, const struct container_limits *l, struct err *e);
/* Gives it another name: -EINVAL for one that is none, -EEXIST for one that is taken. It may run. */
int container_rename(const char *root, const char *id, const char *name, struct err *e);

#endif
