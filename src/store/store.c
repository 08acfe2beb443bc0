/* SPDX-License-Identifier: Apache-2.0 */
/* store.c - opening the store, and making it. */
#include "store/store.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/path.h"
#include "base/str.h"

#define SMALL_FILE_MAX 4096

const char *const store_folders[] = {
	"content",
	"content/blobs",
	"content/blobs/sha256",
	"content/blobs/sha512",
	"content/ingest",
	"rootfs",
	"containers",
	"volumes",
	"networks",
	"kernels",
	"leases",
	"trash",
	"cache",
	NULL,
};

static int make_folders(int fd, struct err *e)
{
	for (size_t i = 0; store_folders[i]; i++)
		if (mkdirat(fd, store_folders[i], 0700) < 0 && errno != EEXIST)
			return err_sys(e, -errno, "cannot make folder '%s'", store_folders[i]);
	return 0;
}

static int make_file(int fd, const char *path, const char *text, struct err *e)
{
	if (faccessat(fd, path, F_OK, 0) == 0)
		return 0;
	return file_replace(fd, path, text, strlen(text), 0600, e);
}

/* Under a lock, so that of two first users one waits for the other; "version" comes last and says that all
 * is there. */
static int make_store(int fd, struct err *e)
{
	AUTO_CLOSE int lock = lock_wait(fd, ".lock", false, e);
	if (lock < 0)
		return lock;

	int rc = make_folders(fd, e);
	if (rc == 0)
		rc = make_file(fd, STORE_MARKER, "{\"imageLayoutVersion\":\"1.0.0\"}", e);
	if (rc == 0)
		rc = make_file(fd, "content/index.json",
			       "{\"schemaVersion\":2,\"mediaType\":\"" OCI_MT_INDEX "\",\"manifests\":[]}",
			       e);
	if (rc == 0)
		rc = make_file(fd, "version", "1\n", e);
	return rc;
}

int store_make(struct store *s, struct err *e)
{
	return make_store(s->fd, e);
}

static int check_version(int fd, struct err *e)
{
	AUTO_FREE char *text = NULL;
	uint64_t version;

	int rc = file_load(fd, "version", SMALL_FILE_MAX, &text, NULL, e);
	if (rc == -ENOENT) {
		rc = make_store(fd, e);
		return rc < 0 ? rc : 0;
	}
	if (rc < 0)
		return rc;
	text[strcspn(text, "\n")] = 0;
	if (str_parse_u64(text, INT_MAX, &version) < 0 || version < 1)
		return err_set(e, -EINVAL,
			       "file 'version' holds '%.20s', which is no version; if no newer berth made it, remove the file", text);
	if (version > STORE_VERSION)
		return err_set(e, -ENOTSUP,
			       "it was made by a newer berth (format %ju, known is %d); use that one or "
			       "another --root",
			       (uintmax_t)version, STORE_VERSION);
	return 0;
}

/* What the layout's marker says is for others, and "system check" looks at it: one that is broken stops nobody here. */
static int open_folders(struct store *s, struct err *e)
{
	AUTO_FREE char *content = path_join(s->root, "content");

	if (!content)
		return err_set(e, -ENOMEM, "out of memory");
	if (s->leases_fd < 0)
		s->leases_fd = openat(s->fd, "leases", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return s->leases_fd < 0 ? err_sys(e, -errno, "cannot open folder 'leases'") :
				  oci_layout_open_folder(content, &s->layout, e);
}

static int open_parts(struct store *s, struct err *e)
{
	s->fd = open(s->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->fd < 0)
		return err_sys(e, -errno, "cannot open it");
	int rc = check_version(s->fd, e);
	if (rc == 0)
		rc = open_folders(s, e);
	if (rc == -ENOENT) { /* lost: the rest can be used */
		rc = make_store(s->fd, e);
		if (rc == 0)
			rc = open_folders(s, e);
	}
	return rc;
}

static char *absolute(const char *path)
{
	if (path[0] == '/')
		return strdup(path);
	AUTO_FREE char *cwd = getcwd(NULL, 0);
	return cwd ? path_join(cwd, path) : NULL;
}

int store_open(const char *root, struct store **ret, struct err *e)
{
	struct store *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(e, -ENOMEM, "cannot open the store: out of memory");

	s->fd = s->leases_fd = s->layout.fd = -1;
	s->root = absolute(root);
	int rc = s->root ? path_mkdirs(s->root, 0700, e) : err_set(e, -ENOMEM, "out of memory");
	if (rc == 0)
		rc = open_parts(s, e);
	if (rc < 0) {
		store_close(s);
		return err_wrap(e, rc, "store '%s'", root);
	}
	*ret = s;
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	oci_layout_finish(&s->layout);
	if (s->leases_fd >= 0)
		close(s->leases_fd);
	if (s->fd >= 0)
		close(s->fd);
	free(s->root);
	free(s);
}
