/* SPDX-License-Identifier: Apache-2.0 */
/* pull-inside.h - what the parts of a pull share. All but the work functions runs on the loop's thread.
 *
 *   pull.c            the flow: prepare, manifest, config, end
 *   pull-blob.c       blobs: begin, download, check
 *   pull-source.c     whom to ask: mirrors and the registry
 *   pull-unpack.c     the root file system
 *   pull-progress.c   what clients are told */
#ifndef BERTH_JOB_PULL_INSIDE_H
#define BERTH_JOB_PULL_INSIDE_H

#include "base/work.h"
#include "job/kind.h"
#include "job/reach.h"
#include "job/unpack.h"
#include "oci/config.h"
#include "oci/manifest.h"
#include "oci/ref.h"
#include "oci/registry.h"
#include "store/content.h"
#include "store/lease.h"
#include "store/rootfs.h"
#include "store/store.h"

enum blob_state {
	BLOB_WAITING,
	BLOB_BEGINNING, /* in the pool: is it there, or some of it? */
	BLOB_ELSEWHERE, /* another process downloads it */
	BLOB_COMING,
	BLOB_WRITING,   /* its bytes are right; in the pool: fsync, rename */
	BLOB_HERE,
};

struct pull_blob {
	struct pull *pull;
	struct oci_desc desc;
	enum blob_state state;
	bool shared;              /* was there */
	struct store_ingest in;
	bool in_open;
	uint64_t told;            /* bytes that the unpacker knows of */
	uint64_t resumed;         /* bytes of an earlier try */
	size_t source;            /* at least; those before did not give it */
	bool anew;                /* what was kept of it was wrong: all of it is fetched once more */
	struct oci_reg_op op;
	struct work work;
};

/* A manifest or an index, on its way into the store while what it leads to is fetched. */
struct pull_doc {
	struct pull *pull;
	struct oci_desc desc;
	char *text;               /* NULL once it is there */
	struct work work;
};

struct pull_layer {
	struct pull_blob *blob;   /* one blob may be several layers */
	bool wanted, fed;         /* by the unpacker; a file that grows was given */
};

/* Whom to ask: mirrors, then the registry itself. */
struct pull_source {
	struct oci_ref ref; /* the same image there */
	struct job_reach reach;
	struct oci_reg *reg; /* once it was asked */
};

#define PULL_DEPTH_MAX 4 /* of indexes in indexes */

struct pull {
	uv_loop_t *loop;
	const struct job_desc *desc;
	struct job_calls calls;
	struct oci_ref ref;
	char *name;               /* that the store will know it by */
	struct oci_platform platform;

	struct store *store;
	struct store_lease lease;
	struct pull_source *sources;
	size_t nsources, source; /* the last one is the registry itself; which one has the manifest */
	struct oci_reg_op op;     /* manifests */
	struct work work;

	struct oci_desc known;    /* what the name means in the store now; digest none: nothing */
	bool known_whole;         /* and all of it is there, unpacked too if that is wanted */
	struct oci_digest known_image;
	uint64_t known_size;

	struct oci_desc top, manifest_desc;
	struct pull_doc docs[PULL_DEPTH_MAX + 2];
	size_t ndocs;
	unsigned depth;           /* of indexes */
	struct oci_manifest manifest;
	struct oci_config config;
	struct pull_blob *blobs;  /* of the layers, each once, lowest first */
	size_t nblobs;
	struct pull_blob config_blob;
	struct pull_layer *layers;
	size_t active;            /* downloads */
	uv_timer_t again, tick;   /* for blobs that come elsewhere; for progress */
	unsigned handles;

	bool artifact;            /* no image: kept as it is */
	bool unpack, unpack_started, unpack_done, rootfs_open;
	char key[STORE_KEY_MAX];
	struct store_rootfs_build rootfs;
	struct unpack unpacker;
	struct unpack_spare spare; /* a worker that waits until there is something to unpack */
	struct unpack_progress at;
	struct work unpack_work;
	bool unpack_again;        /* it read bytes that proved wrong: made anew when the worker has ended */
	int unpack_rc;            /* < 0: it failed, with unpack_err, on bytes that nobody has checked yet */
	struct err unpack_err;
	int fd;                   /* of a blob being handed over */

	int64_t started_ns;
	uint64_t fetched;         /* bytes over the network, of layers and config */
	uint64_t last_fetched;
	int64_t last_ns;
	double rate;              /* bytes a second, smoothed */

	unsigned outstanding;     /* asynchronous operations */
	bool failing, finishing, told;
	int rc;
	struct err err;
	const char *hint;
};

/* pull-source.c: finds the sources (in the pool); one of them, opened; puts them away. */
int pull_sources_init(struct pull *p, struct err *e);
int pull_source_get(struct pull *p, size_t i, struct pull_source **ret, struct err *e);
void pull_sources_close(struct pull *p);
void pull_sources_finish(struct pull *p);
/* Source i failed: false if it was the last, or if no other would do. Says so otherwise. */
bool pull_source_next(struct pull *p, size_t i, int rc, const struct err *why);

/* Remembers the first failure and stops all that runs; the end comes when nothing is outstanding. */
void pull_fail(struct pull *p, int rc, const struct err *e, const char *hint);
/* To be called first in each callback: true if the pull is failing and the caller must do nothing more. */
bool pull_returned(struct pull *p);
/* All blobs are here and the root file system is made: name it and end. */
void pull_maybe_finish(struct pull *p);

void pull_blob_init(struct pull_blob *b, struct pull *p, const struct oci_desc *d);
/* Starts as many downloads as may run. */
void pull_blobs_pump(struct pull *p);
void pull_blob_begin(struct pull_blob *b);
void pull_blob_cancel(struct pull_blob *b);
void pull_blob_finish(struct pull_blob *b, bool keep);
/* The text of a blob that is here or being written, at most max bytes; the caller frees. */
int pull_blob_load(struct pull_blob *b, size_t max, char **ret, size_t *ret_len, struct err *e);
/* The bytes of config_blob are here. */
void pull_on_config(struct pull *p);

/* Something will have to be unpacked, most likely: gets ready for it. */
void pull_unpack_expect(struct pull *p);
/* Makes or finds the root file system; needs manifest and config. */
void pull_unpack_start(struct pull *p);
/* More of b is there, or all of it. */
void pull_unpack_more(struct pull *p, struct pull_blob *b);
/* What came of b was wrong and will be fetched anew: what was made of it is made again. */
void pull_unpack_anew(struct pull *p, const struct pull_blob *b);
void pull_unpack_cancel(struct pull *p);
/* The text of meta.json; the caller frees, NULL: out of memory. */
char *pull_unpack_meta(const struct pull *p);

void pull_stage(struct pull *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void pull_warn(struct pull *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void pull_tell_progress(struct pull *p, bool droppable);

#endif
