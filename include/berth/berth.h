/* SPDX-License-Identifier: Apache-2.0 */
/* berth.h - the public API of libberth, all of it.
 *
 * A `struct berth` is one user's view of a store and of the machines that run from it, on a libuv loop of
 * the caller's. All functions are for the loop's thread. Nothing here blocks the loop. The loop's data member is
 * the engine's: NULL at the first berth_open (uv_loop_init leaves it as it was), and not to be touched after.
 *
 * An operation: the starting function returns < 0 (a negative errno, words in *e): nothing began and no
 * callback comes. It returned 0: the done callback comes exactly once, on the loop thread, never before the
 * starting call has returned. `rc` is 0 or a negative errno, `e` its words (NULL for rc 0). Strings and
 * arrays given to a callback live for that callback only; strings given to a function are copied by it.
 * Where a function takes `struct berth_op **op` it may be NULL; otherwise *op can be given to
 * berth_op_cancel until the done callback has been entered.
 *
 * Containers are named by id (64 hex digits), by a prefix of it that is not ambiguous, or by name. Times
 * are nanoseconds since 1970 (0: not yet), sizes are bytes. */
#ifndef BERTH_BERTH_H
#define BERTH_BERTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BERTH_API __attribute__((visibility("default")))
#define BERTH_VERSION_MAJOR 0
#define BERTH_VERSION_MINOR 1

struct berth;
struct berth_op;

/* What went wrong: a line for a person, and where one is known the next step. */
struct berth_error {
	int code;       /* negative errno */
	char text[512]; /* no full stop, no control characters */
	char hint[256]; /* "" if none */
};

typedef void (*berth_done_cb)(void *arg, int rc, const struct berth_error *e);

BERTH_API const char *berth_version(void);

/* ---------------------------------------------------------------- context */

struct berth_options {
	const char *root;     /* NULL: /var/lib/berth for root, else $XDG_DATA_HOME/berth */
	const char *run_root; /* NULL: /run/berth for root, else $XDG_RUNTIME_DIR/berth */
	/* The configuration file, whose defaults hold for what is zero in struct berth_create and berth_pull; NULL:
	 * $XDG_CONFIG_HOME/berth/config, else /etc/berth/config; "": none. What is wrong in it is left out. */
	const char *config;
};

/* Makes the folders (0700) where missing. Blocks for as long as that takes: to be called once at start. */
BERTH_API int berth_open(struct berth **ret, uv_loop_t *loop, const struct berth_options *o,
			 struct berth_error *e);
/* Cancels what is under way, closes all handles, then calls closed(arg) and frees b. */
BERTH_API void berth_close(struct berth *b, void (*closed)(void *arg), void *arg);
/* Reads the configuration file again: what is begun from now on goes by it. A line that is wrong leaves what was before. */
BERTH_API int berth_config_reload(struct berth *b, struct berth_error *e);
BERTH_API void berth_op_cancel(struct berth_op *op);
BERTH_API const char *berth_root(const struct berth *b);
BERTH_API const char *berth_run_root(const struct berth *b);

/* ----------------------------------------------------------------- images */

struct berth_image_layer {
	const char *digest; /* of what is stored, compressed as it came */
	uint64_t size_bytes;
};
struct berth_image {
	const char *id;         /* "sha256:…" of the config; of an artifact, of its manifest */
	const char *digest;     /* "sha256:…" of what the tag names */
	const char *repository; /* "docker.io/library/debian"; NULL: no tag */
	const char *tag;        /* "latest"; NULL: no tag */
	const char *name;       /* as a user writes it: "debian:latest"; else the short id */
	const char *platform;   /* "linux/amd64"; of an artifact NULL */
	const char *artifact_type; /* what it is, if it is no image and nothing can be run from it; else NULL */
	int64_t created;
	uint64_t size_bytes;    /* of the compressed layers, config and manifest */
	unsigned layers;
	uint64_t rootfs_bytes;  /* disk used by its root file system; 0: not built yet */
	unsigned used;          /* containers made from it */
	const struct berth_image_layer *layer_list; /* layers of them, lowest first */
};

typedef void (*berth_images_cb)(void *arg, int rc, const struct berth_error *e, const struct berth_image *images,
				size_t n);
BERTH_API int berth_image_list(struct berth *b, berth_images_cb done, void *arg, struct berth_error *e);
/* JSON object of one image; see cli.md's docker paths. */
typedef void (*berth_json_cb)(void *arg, int rc, const struct berth_error *e, const char *json);
BERTH_API int berth_image_inspect(struct berth *b, const char *ref, berth_json_cb done, void *arg,
				  struct berth_error *e);
/* removed: what was untagged or deleted, a line each, in the order it was done. */
typedef void (*berth_lines_cb)(void *arg, int rc, const struct berth_error *e, const char *const *lines, size_t n);
/* For removals; what went to the trash can be given back for 7 days. */
enum berth_remove_flags { BERTH_REMOVE_FORCE = 1, BERTH_REMOVE_TRASH = 2 };
BERTH_API int berth_image_remove(struct berth *b, const char *ref, unsigned flags, berth_lines_cb done, void *arg,
				 struct berth_error *e);

/* Gives what src names (a name, an id, a prefix) the name dst too, which may have meant something else before. */
BERTH_API int berth_image_tag(struct berth *b, const char *src, const char *dst, berth_done_cb done, void *arg,
			      struct berth_error *e);

/* What an image's layers were made by, newest first. */
struct berth_image_step {
	const char *id;         /* of the image, in the newest row; else NULL: the steps' own are not known */
	int64_t created;
	const char *created_by; /* the command; "" if not known */
	const char *comment, *author;
	const char *layer;      /* digest of the layer as stored; NULL: the step changed no files */
	uint64_t size_bytes;    /* of it */
};
typedef void (*berth_image_steps_cb)(void *arg, int rc, const struct berth_error *e, const struct berth_image_step *steps,
				     size_t n);
BERTH_API int berth_image_history(struct berth *b, const char *ref, berth_image_steps_cb done, void *arg,
				  struct berth_error *e);

/* ------------------------------------------------------------- registries */

/* How a registry is reached, where the configuration does not say it already. A registry that wants a login, or
 * another one, makes whatever was asked of it end with -EACCES: berth_pull too. Then berth_login, and once more. */
struct berth_reach {
	bool plain_http;
	bool tls_no_verify;
	const char *ca_file; /* NULL: the system's */
	const char *creds;   /* "user:password"; NULL: the login that is kept for it */
};

/* Straight from a registry, nothing is kept. ref: a name without a tag for the list of its tags, which may be long. */
BERTH_API int berth_registry_tags(struct berth *b, const char *ref, const struct berth_reach *r, berth_lines_cb done,
				  void *arg, struct berth_op **op, struct berth_error *e);
/* text: the manifest or index that ref names, len bytes as the registry has them, with a 0 behind. */
typedef void (*berth_manifest_cb)(void *arg, int rc, const struct berth_error *e, const char *digest,
				  const char *media_type, const char *text, size_t len);
BERTH_API int berth_registry_manifest(struct berth *b, const char *ref, const struct berth_reach *r,
				      berth_manifest_cb done, void *arg, struct berth_op **op, struct berth_error *e);
/* The manifests that say that they belong to the one that ref names: signatures, lists of contents and the like. json: an
 * array, of each its digest, media_type, artifact_type ("": not told), size_bytes and annotations{}. digest: whose. */
typedef void (*berth_referrers_cb)(void *arg, int rc, const struct berth_error *e, const char *digest, const char *json);
BERTH_API int berth_registry_referrers(struct berth *b, const char *ref, const struct berth_reach *r,
				       berth_referrers_cb done, void *arg, struct berth_op **op, struct berth_error *e);

struct berth_login {
	const char *host;           /* "localhost:5000"; NULL: docker.io */
	const char *user, *password; /* NULL, both: try the login that is kept; -ENOKEY if there is none */
	struct berth_reach reach;   /* but for creds */
};
struct berth_login_result {
	const char *host;  /* as it is named everywhere else */
	const char *user;
	const char *kept;  /* where it is kept now: a file, "helper 'x'"; NULL: it was there before */
	bool in_file;      /* which is a file that others may read if they are the same user or root */
	bool asked;        /* false: the registry asks for no login at all */
};
/* Asks the registry whether the login is right (-EACCES if not) and keeps it where docker would: in
 * ~/.docker/config.json or the credential helper that it names. */
typedef void (*berth_login_cb)(void *arg, int rc, const struct berth_error *e, const struct berth_login_result *r);
BERTH_API int berth_login(struct berth *b, const struct berth_login *l, berth_login_cb done, void *arg,
			  struct berth_op **op, struct berth_error *e);
/* Forgets it. found: there was one. left: a file of another program that has one too, which is used; or NULL. */
typedef void (*berth_logout_cb)(void *arg, int rc, const struct berth_error *e, bool found, const char *left);
BERTH_API int berth_logout(struct berth *b, const char *host, berth_logout_cb done, void *arg, struct berth_error *e);

enum berth_layer_state {
	BERTH_LAYER_WAITING,
	BERTH_LAYER_SHARED,   /* it is in the store already */
	BERTH_LAYER_DOWNLOAD,
	BERTH_LAYER_CHECK,
	BERTH_LAYER_UNPACK,
	BERTH_LAYER_DONE,
	BERTH_LAYER_UPLOAD,
};

struct berth_layer {
	const char *digest;
	uint64_t size;  /* compressed */
	uint64_t done;  /* of it, downloaded, uploaded or (UNPACK) unpacked */
	enum berth_layer_state state;
	int64_t took_ms; /* once done */
};

/* The state of a job, whole each time, so that a viewer may skip any. */
struct berth_progress {
	const char *job;   /* its id */
	const char *verb;  /* "pull", "rootfs create", "kernel build" */
	const char *object; /* what it works on: a full reference, a file */
	const char *stage; /* a word for a person: "resolving", "downloading", "unpacking", "done" */
	const char *note;  /* newest message: "registry asked us to slow down (429), …"; NULL: none */
	uint64_t done, total; /* bytes; total 0: not known yet */
	bool percent;         /* of what has no bytes: done of 100 */
	uint64_t rate;        /* bytes a second over the last seconds; 0: not known */
	const char *digest;   /* once resolved */
	const char *platform;
	const struct berth_layer *layers;
	size_t nlayers;
};
typedef void (*berth_progress_cb)(void *arg, const struct berth_progress *p);

struct berth_pull {
	const char *ref;
	const char *platform;   /* NULL: this machine's */
	bool plain_http;
	bool tls_no_verify;
	const char *ca_file;    /* NULL: the system's */
	const char *creds;      /* "user:password"; NULL: as configured */
	unsigned parallel;      /* 0: 3 */
	uint64_t max_size;      /* of the unpacked layers; 0: the default bound */
	bool no_unpack;
};
/* digest: of what the tag names (the index if there is one); id: of the config. */
typedef void (*berth_pulled_cb)(void *arg, int rc, const struct berth_error *e, const char *digest, const char *id);
/* Starts a job, or joins the one that pulls the same. The job ends with this process unless
 * berth_job_keep is called. */
BERTH_API int berth_pull(struct berth *b, const struct berth_pull *p, berth_progress_cb progress,
			 berth_pulled_cb done, void *arg, struct berth_op **op, struct berth_error *e);
/* What is started by this operation may go on when its starter goes. done then comes with -ECANCELED once
 * the operation is canceled, and the job lives on. */
BERTH_API void berth_job_keep(struct berth_op *op);

struct berth_push {
	const char *ref;      /* of the store: a name, an id, a prefix */
	const char *dest;     /* where to; NULL: what ref says */
	bool all_platforms;   /* the index with all that it leads to, else the image of one platform */
	const char *platform; /* NULL: this machine's */
	unsigned parallel;    /* 0: 3 */
	struct berth_reach reach;
};
/* Starts a job that takes to the registry what is not there yet. digest: of what the name means there now; sent: bytes
 * of blobs over the network. -EACCES: see struct berth_reach. */
typedef void (*berth_pushed_cb)(void *arg, int rc, const struct berth_error *e, const char *digest, uint64_t sent);
BERTH_API int berth_push(struct berth *b, const struct berth_push *p, berth_progress_cb progress, berth_pushed_cb done,
			 void *arg, struct berth_op **op, struct berth_error *e);

/* Images as files of other programs' forms. A path NULL means the descriptor fd, which is duplicated. */
struct berth_save {
	const char *const *refs; /* NULL-terminated */
	const char *format;      /* "oci-archive" (NULL), "docker-archive", "oci-dir" */
	const char *path;        /* appears whole or not at all; a folder must not be there, or be empty */
	int fd;
	const char *platform;    /* of a docker-archive; NULL: this machine's */
};
/* The same images give the same bytes. */
BERTH_API int berth_image_save(struct berth *b, const struct berth_save *s, berth_progress_cb progress, berth_done_cb done,
			       void *arg, struct berth_op **op, struct berth_error *e);
struct berth_load {
	const char *path;  /* of an archive, compressed or not, or of an image layout's folder */
	int fd;
	const char *tag;   /* the image of that name alone; NULL: all */
	uint64_t max_size; /* of the archive, uncompressed; 0: the default bound */
};
struct berth_loaded {
	const char *name;  /* as a user writes it; NULL: it came without one */
	const char *digest;
};
/* All images come in, or none. */
typedef void (*berth_loaded_cb)(void *arg, int rc, const struct berth_error *e, const struct berth_loaded *v, size_t n);
BERTH_API int berth_image_load(struct berth *b, const struct berth_load *l, berth_progress_cb progress, berth_loaded_cb done,
			       void *arg, struct berth_op **op, struct berth_error *e);
struct berth_import {
	const char *path;     /* of a tar of a root file system, compressed or not */
	int fd;
	const char *name;     /* NULL: it gets none */
	const char *message;
	const char *const *changes; /* "CMD sh", "ENV A=B" …; NULL: none */
	const char *platform; /* NULL: this machine's */
	uint64_t max_size;
};
BERTH_API int berth_image_import(struct berth *b, const struct berth_import *i, berth_progress_cb progress,
				 berth_pulled_cb done, void *arg, struct berth_op **op, struct berth_error *e);

struct berth_job {
	const char *id, *verb, *object;
	const char *state; /* "waiting", "running", "asks", "done", "failed", "canceled" */
	int64_t started, finished;
	uint64_t done, total;
	const char *error; /* NULL: none */
};
typedef void (*berth_jobs_cb)(void *arg, int rc, const struct berth_error *e, const struct berth_job *jobs,
			      size_t n);
BERTH_API int berth_job_list(struct berth *b, berth_jobs_cb done, void *arg, struct berth_error *e);
/* Follows a job that runs; done with the job's own end. Cancelling this op leaves the job alone. */
BERTH_API int berth_job_follow(struct berth *b, const char *id, berth_progress_cb progress, berth_done_cb done,
			       void *arg, struct berth_op **op, struct berth_error *e);
BERTH_API int berth_job_cancel(struct berth *b, const char *id, berth_done_cb done, void *arg,
			       struct berth_error *e);

struct berth_rootfs {
	const char *const *sources; /* image references, "oci:DIR", archives, "dir:PATH", "tar:FILE"; NULL-terminated */
	const char *output;
	const char *platform;
	uint64_t size;       /* 0: as small as is useful */
	const char *uuid;    /* NULL: from the content */
	const char *label;
	const char *journal; /* NULL none, "ordered", "writeback", "data" */
	uint64_t max_size;   /* of the unpacked layers; 0: 64 GiB */

	/* Files of this machine, or "-", that are run as root one after another, each in a VM over what is there by then:
	 * by what their "#!" says, or by /bin/sh. One that ends with another code than 0 fails the whole, with -ECHILD.
	 * NULL-terminated; NULL: none. */
	const char *const *scripts;
	const char *const *env;  /* of the scripts, as in struct berth_create; so are the next three */
	const char *network;
	double cpus;
	uint64_t memory;
	int64_t time;            /* s since 1970, of what scripts write; 0: the newest time that the sources have */
	/* What they print, as it comes; stream 1 stdout, 2 stderr. NULL: dropped. */
	void (*print)(void *arg, int stream, const char *p, size_t n);
	bool lost_found;         /* make a folder lost+found, as mke2fs does */
	int fd; /* over 0: an empty file of the caller's, to which it is written; output is only what it is called */
};
struct berth_rootfs_result {
	uint64_t size, used;
	uint64_t entries;
};
typedef void (*berth_rootfs_cb)(void *arg, int rc, const struct berth_error *e,
				const struct berth_rootfs_result *result);
/* -EINVAL at once, with words, for what cannot be asked. */
BERTH_API int berth_rootfs_create(struct berth *b, const struct berth_rootfs *r, berth_progress_cb progress,
				  berth_rootfs_cb done, void *arg, struct berth_op **op, struct berth_error *e);

/* Files with an ext4 file system, read without root rights and without a mount. */
struct berth_file {
	const char *path;  /* from the root, without the leading '/'; "" is the root */
	const char *type;  /* "file", "dir", "link", "char", "block", "fifo", "socket" */
	const char *target; /* of a link; NULL */
	unsigned mode;     /* permissions, 07777 */
	unsigned uid, gid, links;
	uint32_t inode;
	unsigned major, minor; /* of devices */
	uint64_t size_bytes;
	int64_t mtime_sec; /* since 1970; may be negative */
	uint32_t mtime_nsec;
};
typedef void (*berth_files_cb)(void *arg, int rc, const struct berth_error *e, const struct berth_file *files,
			       size_t n);
/* What the folder `path` of it holds, sorted by name; recursive: the folder itself and all below it. A path that is
 * no folder is that alone. */
BERTH_API int berth_rootfs_list(struct berth *b, const char *file, const char *path, bool recursive,
				berth_files_cb done, void *arg, struct berth_op **op, struct berth_error *e);
/* The contents of the regular file `path` of it go to fd, which stays the caller's. */
BERTH_API int berth_rootfs_cat(struct berth *b, const char *file, const char *path, int fd, berth_done_cb done,
			       void *arg, struct berth_op **op, struct berth_error *e);
struct berth_tar_result {
	uint64_t bytes, entries;
	uint64_t left_out; /* sockets, which a tar cannot hold */
};
typedef void (*berth_tar_cb)(void *arg, int rc, const struct berth_error *e, const struct berth_tar_result *r);
/* `path` of it ("" or "/": all) as a PAX tar to the file `to`, which appears whole or not at all; NULL: to fd. progress may
 * be NULL. */
BERTH_API int berth_rootfs_extract(struct berth *b, const char *file, const char *path, const char *to, int fd,
				   berth_progress_cb progress, berth_tar_cb done, void *arg, struct berth_op **op,
				   struct berth_error *e);

struct berth_rootfs_checked {
	uint64_t inodes, dirs; /* in use */
	uint64_t used_bytes;
	size_t findings, most; /* most: after that many the check ends */
	bool replayed; /* its journal was not finished, and was followed in memory */
};
typedef void (*berth_rootfs_checked_cb)(void *arg, int rc, const struct berth_error *e,
					const struct berth_rootfs_checked *r);
/* Whether it agrees with itself: finding gets a line for each fault, before done. Faults are no error. */
typedef void (*berth_finding_cb)(void *arg, const char *text);
BERTH_API int berth_rootfs_check(struct berth *b, const char *file, berth_finding_cb finding,
				 berth_rootfs_checked_cb done, void *arg, struct berth_op **op, struct berth_error *e);

/* ------------------------------------------------------------- containers */

enum berth_state {
	BERTH_CREATED,
	BERTH_STARTING,
	BERTH_RUNNING,
	BERTH_PAUSED,
	BERTH_STOPPING,
	BERTH_EXITED,
	BERTH_DEAD, /* its shim was killed or its VM crashed; cause says which */
};
BERTH_API const char *berth_state_word(enum berth_state s); /* "created" … "dead" */

struct berth_port {
	const char *host_ip; /* "0.0.0.0" if not given */
	uint16_t host_port;  /* 0: any free one */
	uint16_t container_port;
	const char *proto;   /* "tcp" */
};

struct berth_mount {
	const char *source, *target;
	const char *type; /* "bind" */
	bool readonly;
};

struct berth_container {
	const char *id, *name;
	const char *image;    /* as the user named it */
	const char *image_id;
	const char *command;  /* one line, arguments quoted where needed */
	enum berth_state state;
	int exit_code;        /* of EXITED and DEAD */
	int64_t created, started, finished;
	int pid;              /* of the shim; 0 if none */
	const char *ip;       /* NULL: none of its own */
	const struct berth_port *ports;
	size_t nports;
	uint64_t memory_bytes;
	double cpus;
	const char *kernel, *accel; /* "" until started */
	const char *cause;    /* why it ended, for a person; "" if there is nothing to say */
	bool tty;
	unsigned consoles;    /* living ones */
	const char *const *labels; /* "key=value", NULL-terminated */
	int64_t silent;       /* since when its shim has not answered, ns; 0: it is not known not to. Kill and a forced
			       * remove work on it all the same. */
};

typedef void (*berth_containers_cb)(void *arg, int rc, const struct berth_error *e,
				    const struct berth_container *list, size_t n);
/* All of them, newest first. */
BERTH_API int berth_container_list(struct berth *b, berth_containers_cb done, void *arg, struct berth_error *e);
BERTH_API int berth_container_inspect(struct berth *b, const char *name, berth_json_cb done, void *arg,
				      struct berth_error *e);
/* Stages of the last start: JSON as `berth boot --format json` prints it. */
BERTH_API int berth_container_boot(struct berth *b, const char *name, berth_json_cb done, void *arg,
				   struct berth_error *e);

/* Called, soon and at least once, after containers, images or jobs changed, by whomever. No cost while
 * nothing does. NULL ends it. */
enum berth_change {
	BERTH_CHANGED_CONTAINERS = 1,
	BERTH_CHANGED_IMAGES = 2,
	BERTH_CHANGED_JOBS = 4,
	BERTH_CHANGED_TRASH = 8,
};
typedef void (*berth_changed_cb)(void *arg, unsigned changes);
BERTH_API int berth_watch(struct berth *b, berth_changed_cb changed, void *arg, struct berth_error *e);

enum berth_pull_policy { BERTH_PULL_MISSING, BERTH_PULL_ALWAYS, BERTH_PULL_NEVER };

/* Zeroed memory and an image are a good container. Lists end with NULL and may be NULL. */
struct berth_create {
	const char *image;
	const char *rootfs;            /* a file with an ext4 file system, in place of image; it is only read, and stays as
					* it is for as long as the container lives */
	const char *const *args;       /* CMD; NULL: the image's */
	const char *const *entrypoint; /* NULL: the image's; an empty list: none */
	const char *name;              /* NULL: made up from the image's name */
	const char *hostname;          /* NULL: the first 12 digits of the id */
	const char *domainname;
	bool tty, open_stdin;
	bool remove;                   /* --rm */
	const char *const *env;        /* "K=V"; "K": from this process, or the image's is taken away */
	const char *const *labels;     /* "K=V" */
	const char *user, *workdir;
	const char *const *groups;
	bool readonly, init, privileged;
	const char *const *cap_add, *const *cap_drop;
	bool no_new_privs;
	const char *seccomp;           /* NULL default, "unconfined", or a file */
	const char *const *sysctls, *const *ulimits, *const *tmpfs;
	double cpus;                   /* 0: 1 */
	uint64_t memory;               /* the container's limit; 0: none, the VM has 512 MiB */
	uint64_t pids_limit, shm_size;
	const char *network;           /* NULL: "host-user"; "none" */
	const struct berth_port *ports;
	size_t nports;
	const struct berth_mount *mounts;
	size_t nmounts;
	const char *const *dns, *const *dns_search, *const *add_hosts;
	const char *stop_signal;
	int64_t stop_timeout_ms;       /* -1 or 0 with stop_timeout_set false: 10 s */
	bool stop_timeout_set;
	const char *restart;           /* NULL or "no" */
	const char *platform;
	const char *kernel;            /* a name of berth_kernel_list, or a file if it has a '/'; NULL: the default */
	const char *kernel_args;
	const char *accel;             /* NULL auto, "kvm", "tcg" */
	uint64_t root_size;            /* of the upper disk; 0: 8 GiB */
	enum berth_pull_policy pull;
	struct berth_pull pull_options; /* ref and platform are not looked at */
};
typedef void (*berth_created_cb)(void *arg, int rc, const struct berth_error *e, const char *id);
/* Makes a container; pulls the image first where the policy says so (progress then). Nothing of it runs. */
BERTH_API int berth_container_create(struct berth *b, const struct berth_create *c, berth_progress_cb progress,
				     berth_created_cb done, void *arg, struct berth_op **op,
				     struct berth_error *e);

/* The ends of a process's streams that are the caller's from the callback on: connected, non-blocking unix
 * stream sockets, -1 where not asked for. With a terminal, io carries both directions and begins with a
 * snapshot of the screen as control sequences; else out and err are read, in is written and its
 * shutdown(SHUT_WR) is the end of stdin. Closing them detaches; the process goes on. */
struct berth_streams {
	bool tty;
	int io, in, out, err;
	unsigned console;  /* N of CTR:N; 0 is the main process */
	char id[65];       /* of the container */
	uint64_t viewer;   /* for berth_console_resize */
	char notice[256];  /* a line for the user, such as that KVM did not work; or "" */
};
enum berth_attach_flags {
	BERTH_ATTACH_STDIN = 1,
	BERTH_ATTACH_OUTPUT = 2,
	BERTH_ATTACH_READ_ONLY = 4, /* this viewer's keys are dropped and its size does not count */
	BERTH_ATTACH_CLIPBOARD = 8, /* OSC 52 of the guest that sets the clipboard comes too, for this viewer to judge */
	BERTH_ATTACH_REPAINT = 16, /* io carries a snapshot anew after each change of the console's size, for a viewer that keeps the
				    * picture: what it made of the bytes before is not what the console made of them */
};
struct berth_attach {
	const char *name;  /* "CTR" or "CTR:N" */
	unsigned flags;
	unsigned rows, cols; /* of the viewer's terminal; 0: no wish */
};
typedef void (*berth_attached_cb)(void *arg, int rc, const struct berth_error *e, const struct berth_streams *s);

/* Boots the VM and starts the process. at NULL: just that; else attached before the first byte is out.
 * The errors of a process that cannot start: -ENOENT the program was not found, -EACCES it cannot be
 * executed; -ESRCH there is no such container; others: berth failed before. */
BERTH_API int berth_container_start(struct berth *b, const char *name, const struct berth_attach *at,
				    berth_attached_cb done, void *arg, struct berth_op **op,
				    struct berth_error *e);
/* 127 or 126 for the first two of those, 125 otherwise. */
BERTH_API int berth_exit_code_of(int rc);
BERTH_API int berth_container_attach(struct berth *b, const struct berth_attach *at, berth_attached_cb done,
				     void *arg, struct berth_op **op, struct berth_error *e);

/* code: the process's, or 128 + signal. For a container that ended, what it ended with. If its VM died while
 * we waited: rc 0, code 255, and e says why. */
typedef void (*berth_exit_cb)(void *arg, int rc, const struct berth_error *e, int code);
/* name "CTR": until the container's end, its VM's included; "CTR:N": until that console's process ends. */
BERTH_API int berth_container_wait(struct berth *b, const char *name, berth_exit_cb done, void *arg,
				   struct berth_op **op, struct berth_error *e);
/* timeout_ms -1: the container's own. */
BERTH_API int berth_container_stop(struct berth *b, const char *name, int64_t timeout_ms, berth_done_cb done,
				   void *arg, struct berth_error *e);
BERTH_API int berth_container_kill(struct berth *b, const char *name, int signal, berth_done_cb done, void *arg,
				   struct berth_error *e);
/* One process of it, by the pid and the start that berth_container_top told; started 0: whichever has the number. -ENOENT
 * if it is not there any more. */
BERTH_API int berth_process_kill(struct berth *b, const char *name, int pid, int64_t started, int signal,
				 berth_done_cb done, void *arg, struct berth_error *e);
/* Freezes all processes of a container that runs, and lets them go on. A signal that ends a paused one (KILL, its stop
 * signal) lets it go on; others reach it once it is unpaused. */
BERTH_API int berth_container_pause(struct berth *b, const char *name, berth_done_cb done, void *arg,
				    struct berth_error *e);
BERTH_API int berth_container_unpause(struct berth *b, const char *name, berth_done_cb done, void *arg,
				      struct berth_error *e);
/* Signal numbers by name, with or without SIG, or decimal; -EINVAL. */
BERTH_API int berth_signal_number(const char *word);
/* flags: enum berth_remove_flags; FORCE stops it first. -EBUSY without if it runs. */
BERTH_API int berth_container_remove(struct berth *b, const char *name, unsigned flags, berth_done_cb done,
				     void *arg, struct berth_error *e);
/* -EINVAL for what is no name, -EEXIST for one that is taken. It may run. */
BERTH_API int berth_container_rename(struct berth *b, const char *name, const char *to, berth_done_cb done,
				     void *arg, struct berth_error *e);

/* Other limits; 0: as it is. */
struct berth_limits {
	uint64_t memory_bytes, pids;
	double cpus;
};
/* A container has them from its next start on. One that runs has at once what its VM, as it was started, has room for;
 * waiting: words for what that is not, "memory", "cpus", "memory and cpus", or NULL. -EINVAL for less or more than can be. */
typedef void (*berth_updated_cb)(void *arg, int rc, const struct berth_error *e, const char *waiting);
BERTH_API int berth_container_update(struct berth *b, const char *name, const struct berth_limits *l, berth_updated_cb done,
				     void *arg, struct berth_error *e);

/* ------------------------------------------------------------- statistics */

struct berth_stats {
	const char *id, *name;
	bool running;        /* false: all below is 0 */
	int64_t time;
	double cpu_percent;  /* of one CPU, since the sample before: 200 are two CPUs, busy */
	uint64_t memory_bytes; /* without the page cache that can be given up at once, as docker counts */
	uint64_t memory_limit_bytes; /* the guest's memory where the container has no limit */
	uint64_t host_pss_bytes; /* what its VM with all its helpers costs the host */
	uint64_t net_rx_bytes, net_tx_bytes, block_read_bytes, block_write_bytes; /* since its start */
	uint64_t pids;
};

/* names: NULL-terminated, or NULL for all containers that run. A row for each, in that order (newest first
 * without names), also for named ones that do not run. Takes half a second, unless somebody watches already. */
typedef void (*berth_stats_cb)(void *arg, int rc, const struct berth_error *e, const struct berth_stats *list,
			       size_t n);
BERTH_API int berth_stats(struct berth *b, const char *const *names, berth_stats_cb done, void *arg,
			  struct berth_op **op, struct berth_error *e);
/* The same as pushes: the first within half a second, then one of each container every interval_ms (at least
 * 100; 0: 1000), all containers' at about the same moment. Containers that start later come in, those that end
 * fall silent. Lasts until berth_op_cancel (then done comes with -ECANCELED); done comes earlier only if it cannot
 * begin. Shims take samples only while somebody watches. */
typedef void (*berth_stats_sample_cb)(void *arg, const struct berth_stats *s);
BERTH_API int berth_stats_watch(struct berth *b, const char *const *names, unsigned interval_ms,
				berth_stats_sample_cb sample, berth_done_cb done, void *arg, struct berth_op **op,
				struct berth_error *e);

/* What a container changed in its files, running or not: one that runs has its disk stand still while it is copied. */
struct berth_file_change {
	char kind; /* 'A' added, 'C' changed, 'D' deleted */
	const char *path; /* absolute, in the container */
};
typedef void (*berth_changes_cb)(void *arg, int rc, const struct berth_error *e, const struct berth_file_change *v, size_t n);
BERTH_API int berth_container_diff(struct berth *b, const char *name, berth_changes_cb done, void *arg,
				   struct berth_op **op, struct berth_error *e);
/* All its files, as it sees them but for what is mounted, as a PAX tar to the file `to`, which appears whole or not at all;
 * NULL: to fd. progress may be NULL. */
BERTH_API int berth_container_export(struct berth *b, const char *name, const char *to, int fd, berth_progress_cb progress,
				     berth_tar_cb done, void *arg, struct berth_op **op, struct berth_error *e);
/* Files between a container and the host, as docker's cp does it: see berth cp --help for what becomes of the paths.
 * Into one that does not run it takes a machine over its disk, which is started and ended. */
struct berth_copy {
	const char *container;
	const char *path;   /* in it, from / */
	bool out;           /* from it; otherwise into it */
	const char *local;  /* of the host; NULL: fd is a tar */
	int fd;
	bool follow;        /* a symlink that is the source's last part is followed */
	bool archive;       /* owners as they are; otherwise root's in a container, the caller's on the host */
	bool parents;       /* folders above the destination are made */
};
struct berth_copied {
	uint64_t entries, bytes; /* of files */
	uint64_t left_out;       /* devices and sockets */
};
typedef void (*berth_copied_cb)(void *arg, int rc, const struct berth_error *e, const struct berth_copied *r);
/* progress may be NULL. What was cancelled or failed has left whole files behind, or none. */
BERTH_API int berth_container_copy(struct berth *b, const struct berth_copy *c, berth_progress_cb progress,
				   berth_copied_cb done, void *arg, struct berth_op **op, struct berth_error *e);
struct berth_commit {
	const char *container;
	const char *ref; /* the new image's name */
	const char *message, *author; /* NULL: none */
	const char *const *changes; /* lines of a Containerfile; NULL-terminated; NULL: none */
};
/* id: of the config; digest: of the manifest. */
typedef void (*berth_committed_cb)(void *arg, int rc, const struct berth_error *e, const char *id, const char *digest);
BERTH_API int berth_container_commit(struct berth *b, const struct berth_commit *c, berth_progress_cb progress,
				     berth_committed_cb done, void *arg, struct berth_op **op, struct berth_error *e);

/* Of a container that runs, by pid. */
struct berth_process {
	int pid, ppid;       /* in the container; ppid 0: outside */
	const char *user;    /* as the container's own /etc/passwd names it; the number if it does not */
	const char *state;   /* "R", "S", "D", "T", "Z" */
	double cpu_percent;  /* of one CPU, over its whole life */
	uint64_t memory_bytes; /* resident */
	int64_t cpu_time;    /* ns */
	int64_t started;
	unsigned threads;
	const char *tty;     /* "pts/0" or "" */
	const char *command; /* its arguments with blanks between, cut to 4 KiB; or "[name]" */
};
typedef void (*berth_processes_cb)(void *arg, int rc, const struct berth_error *e, const struct berth_process *list,
				   size_t n);
BERTH_API int berth_container_top(struct berth *b, const char *name, berth_processes_cb done, void *arg,
				  struct berth_op **op, struct berth_error *e);

/* ------------------------------------------------------------------ trash */

struct berth_trash {
	const char *id;   /* 64 hex digits; a container's is its own */
	const char *kind; /* "container", "image" */
	const char *name; /* "web"; an image's names, ", " between */
	int64_t deleted;
	uint64_t size_bytes;
};
typedef void (*berth_trash_cb)(void *arg, int rc, const struct berth_error *e, const struct berth_trash *list,
			       size_t n);
/* Newest first. */
BERTH_API int berth_trash_list(struct berth *b, berth_trash_cb done, void *arg, struct berth_error *e);
/* what: an id, a prefix of one, or a name (its newest entry). lines: the name of what came back. -EEXIST if the
 * name is another's by now. */
BERTH_API int berth_trash_restore(struct berth *b, const char *what, berth_lines_cb done, void *arg,
				  struct berth_error *e);
/* For good; what NULL: all of it. */
BERTH_API int berth_trash_purge(struct berth *b, const char *what, berth_done_cb done, void *arg,
				struct berth_error *e);

struct berth_exec {
	const char *name;
	const char *const *args;
	bool tty, open_stdin, detach;
	const char *user, *workdir;
	const char *const *env;
	bool privileged;
	unsigned rows, cols;
	bool clipboard, repaint; /* as BERTH_ATTACH_CLIPBOARD, BERTH_ATTACH_REPAINT */
};
/* The process of an exec: wait with its key. */
typedef void (*berth_exec_cb)(void *arg, int rc, const struct berth_error *e, const struct berth_streams *s,
			      const char *exec_id);
BERTH_API int berth_exec(struct berth *b, const struct berth_exec *x, berth_exec_cb done, void *arg,
			 struct berth_op **op, struct berth_error *e);
BERTH_API int berth_exec_wait(struct berth *b, const char *name, const char *exec_id, berth_exit_cb done,
			      void *arg, struct berth_op **op, struct berth_error *e);
BERTH_API int berth_exec_kill(struct berth *b, const char *name, const char *exec_id, int signal,
			      berth_done_cb done, void *arg, struct berth_error *e);

/* --------------------------------------------------------------- consoles */

struct berth_console {
	char id[80];          /* CTR:N with the full id */
	const char *container; /* its name */
	unsigned n;
	const char *command;
	unsigned rows, cols, viewers;
	bool alive;
	int exit_code;        /* once it has ended */
};
typedef void (*berth_consoles_cb)(void *arg, int rc, const struct berth_error *e,
				  const struct berth_console *list, size_t n);
/* name NULL: of all running containers. */
BERTH_API int berth_console_list(struct berth *b, const char *name, berth_consoles_cb done, void *arg,
				 struct berth_error *e);
/* Takes the console to this size, as the viewer that typed last. */
BERTH_API int berth_console_resize(struct berth *b, const char *name, uint64_t viewer, unsigned rows,
				   unsigned cols, berth_done_cb done, void *arg, struct berth_error *e);
/* The screen as text, a line a row; of a container that ended: as it was at the end. */
typedef void (*berth_text_cb)(void *arg, int rc, const struct berth_error *e, const char *text, size_t len);
BERTH_API int berth_console_screen(struct berth *b, const char *name, berth_text_cb done, void *arg,
				   struct berth_error *e);
/* Up to max of the newest lines that scrolled out at the top, oldest first, a line each. */
BERTH_API int berth_console_scrollback(struct berth *b, const char *name, unsigned max, berth_text_cb done,
				       void *arg, struct berth_error *e);

/* ------------------------------------------------------------------- logs */

/* How far a reader has come. */
struct berth_log_state {
	uint64_t lines;   /* read, also those that the filter left out */
	uint64_t behind;  /* bytes to the end of the newest file */
	uint64_t skipped; /* bytes left out since the last call */
	bool caught_up;   /* the end was reached once */
	bool rotated;     /* a new file was begun since the last call */
	uint64_t read, size; /* bytes: read, and there when it began, in all files from the first one read */
};
struct berth_logs {
	const char *name;
	bool follow, boot;      /* boot: the VM's console instead */
	int64_t tail;           /* lines; -1: all */
	int64_t since, until;   /* ns; 0: no bound */
	int64_t around;         /* ns; tail counts back from the first line of this time, not from the end; 0: from the end */
	uint64_t limit;         /* it ends after so many lines; 0: no limit */
	const char *find;       /* only lines that have this text, small letters meaning both cases; NULL or "": all */
	const char *filter;     /* only lines with these words, as in berth-filter(7); NULL or "": all. Of a tail, too */
	/* With follow: once the end was reached, a reader that is this many bytes behind leaves out what is between,
	 * and reads no more than 20 MiB a second. 0: never. */
	uint64_t behind_max;
	void (*state)(void *arg, const struct berth_log_state *s); /* after each piece that was read; may be NULL */
};
struct berth_log_line {
	int64_t time;
	int stream;       /* 1 stdout, 2 stderr */
	bool partial;     /* the line goes on in the next one */
	const char *text; /* raw bytes of the container, without the newline */
	size_t len;
};
/* done comes at the end of the log or, with follow, of the container. */
typedef void (*berth_log_cb)(void *arg, const struct berth_log_line *line);
BERTH_API int berth_logs(struct berth *b, const struct berth_logs *l, berth_log_cb line, berth_done_cb done,
			 void *arg, struct berth_op **op, struct berth_error *e);

/* ---------------------------------------------------------------- kernels */

struct berth_kernel {
	const char *name;          /* "berth": the one that comes with it */
	const char *version, *arch; /* "" where not known */
	const char *path;
	uint64_t size_bytes;
	bool is_default;           /* containers that name none boot it */
	const char *const *features; /* NULL-terminated; what kernel/README.md tells of */
};
typedef void (*berth_kernels_cb)(void *arg, int rc, const struct berth_error *e, const struct berth_kernel *list,
				 size_t n);
/* Berth's own first, if there is one, then those of the store by name. */
BERTH_API int berth_kernel_list(struct berth *b, berth_kernels_cb done, void *arg, struct berth_error *e);
/* An ELF vmlinux with a PVH entry, or a bzImage, is copied into the store. name NULL: made of the file's. lines: its
 * name. -ENOEXEC for what is no kernel, -EEXIST for another one of that name. */
BERTH_API int berth_kernel_import(struct berth *b, const char *file, const char *name, berth_lines_cb done,
				  void *arg, struct berth_error *e);
/* Builds berth's kernel by a job, or joins the one at it, and puts it into the store as the default. It goes on from what
 * an interrupted build left. lines: its name. The recipe needs a compiler and the kernel's source. */
BERTH_API int berth_kernel_build(struct berth *b, berth_progress_cb progress, berth_lines_cb done, void *arg,
				 struct berth_op **op, struct berth_error *e);
/* VMs that run it go on. */
BERTH_API int berth_kernel_remove(struct berth *b, const char *name, berth_done_cb done, void *arg,
				  struct berth_error *e);
BERTH_API int berth_kernel_set_default(struct berth *b, const char *name, berth_done_cb done, void *arg,
				       struct berth_error *e);

/* ----------------------------------------------------------------- events */

struct berth_event {
	int64_t time;
	const char *type;   /* "container", "image" */
	/* container: create start exec exec_exit exit stop kill oom pause unpause rename update delete
			     * restore;
	 * image: pull load import tag untag delete restore */
	const char *action;
	const char *id;     /* full; of an image its config's digest */
	const char *name;   /* as it was then */
	const char *const *attributes; /* "key=value", NULL-terminated: image, exit_code, signal, exec_id, … */
};
struct berth_events {
	int64_t since, until; /* ns; 0: no bound. since 0 with follow: from now on */
	bool follow;          /* go on until `until`, or berth_op_cancel */
};
/* What all processes did to the store and its containers, in order, as far back as is kept (some ten thousand
 * events). Nothing that happens after the call is missed. */
typedef void (*berth_event_cb)(void *arg, const struct berth_event *ev);
BERTH_API int berth_events(struct berth *b, const struct berth_events *o, berth_event_cb event, berth_done_cb done,
			   void *arg, struct berth_op **op, struct berth_error *e);

/* ------------------------------------------------------ the store's upkeep */

/* What is wrong. */
struct berth_finding {
	const char *kind;     /* "blob", "image", "rootfs", "container", "index", "layout", "trash", "kernel", "part" */
	const char *object;   /* its name: a digest, a reference, an id */
	const char *text;     /* why, for a person */
	const char *repaired; /* what was done about it; NULL: nothing */
};
struct berth_findings {
	const struct berth_finding *v;
	size_t n;
	/* What interrupted commands left and the next ones go on from or take away: nothing is wrong with it. */
	uint64_t leftovers, leftover_bytes;
};
typedef void (*berth_findings_cb)(void *arg, int rc, const struct berth_error *e, const struct berth_findings *f);
/* Reads all of an image again: are its blobs what their digests and the image say, is what was unpacked whole?
 * rc 0 with f->n 0: it is. */
BERTH_API int berth_image_verify(struct berth *b, const char *ref, berth_progress_cb progress, berth_findings_cb done,
				 void *arg, struct berth_op **op, struct berth_error *e);
/* The same of the whole store: names lead to images that are whole, every blob has its digest, containers have what
 * they need. REPAIR moves what is broken aside (images to the trash, with their names) and deletes nothing that
 * somebody may want; QUICK leaves out the bytes of blobs and what is in root
 * file systems. */
enum berth_check_flags { BERTH_CHECK_REPAIR = 1, BERTH_CHECK_QUICK = 2 };
BERTH_API int berth_system_check(struct berth *b, unsigned flags, berth_progress_cb progress, berth_findings_cb done,
				 void *arg, struct berth_op **op, struct berth_error *e);

struct berth_usage {
	const char *kind; /* "images", "rootfs", "containers", "volumes", "kernels", "trash", "parts" */
	uint64_t count, size_bytes, reclaimable_bytes;
};
typedef void (*berth_usage_cb)(void *arg, int rc, const struct berth_error *e, const struct berth_usage *rows, size_t n);
BERTH_API int berth_system_df(struct berth *b, berth_usage_cb done, void *arg, struct berth_error *e);

/* Images without a name go; with ALL_IMAGES all that no container uses. CONTAINERS: those that do not run go first;
 * PARTS: what interrupted pulls left. lines: "Untagged: …", "Deleted: …", in order; bytes: what that set free. */
enum berth_prune_flags { BERTH_PRUNE_ALL_IMAGES = 1, BERTH_PRUNE_CONTAINERS = 2, BERTH_PRUNE_PARTS = 4 };
typedef void (*berth_pruned_cb)(void *arg, int rc, const struct berth_error *e, const char *const *lines, size_t n,
				uint64_t bytes);
BERTH_API int berth_prune(struct berth *b, unsigned flags, berth_pruned_cb done, void *arg, struct berth_op **op,
			  struct berth_error *e);

/* ----------------------------------------------------------------- system */

/* JSON as `berth system probe|info --format json` prints it. */
BERTH_API int berth_system_probe(struct berth *b, berth_json_cb done, void *arg, struct berth_error *e);
BERTH_API int berth_system_info(struct berth *b, berth_json_cb done, void *arg, struct berth_error *e);

#ifdef __cplusplus
}
#endif
#endif
