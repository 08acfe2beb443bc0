/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz-replay.c - main() for a fuzz target built without libFuzzer: runs it on each file of its corpus and on
 * files and folders given as arguments, and prints TAP. The corpus of fuzz-NAME is tests/fuzz/corpus/NAME. */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int count;

static void run_file(const char *path)
{
	AUTO_FREE char *text = NULL;
	size_t len;

	if (file_load(AT_FDCWD, path, 64u << 20, &text, &len, NULL) < 0) {
		printf("not ok %d - cannot read %s\n", ++count, path);
		return;
	}
	/* a copy of just the size, so that a checker sees each byte read past it */
	AUTO_FREE uint8_t *exact = malloc(len ? len : 1);
	memcpy(exact, text, len);
	LLVMFuzzerTestOneInput(exact, len);
	printf("ok %d - %s\n", ++count, strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
}

static void run_path(const char *path)
{
	struct dirent **names;
	struct stat st;
	int n;

	if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
		run_file(path);
		return;
	}
	n = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		AUTO_FREE char *file = path_join(path, names[i]->d_name);

		if (names[i]->d_name[0] != '.')
			run_file(file);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

int main(int argc, char **argv)
{
	const char *top = getenv("abs_top_srcdir"), *name = strstr(argv[0], "fuzz-");

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (const char *next; name && (next = strstr(name + 1, "fuzz-"));)
		name = next;
	if (argc == 1 && top && name) {
		AUTO_FREE char *path = path_fmt("%s/tests/fuzz/corpus/%s", top, name + strlen("fuzz-"));

		run_path(path);
	}
	for (int i = 1; i < argc; i++)
		run_path(argv[i]);
	if (!count)
		printf("not ok %d - the corpus is empty\n", ++count);
	printf("1..%d\n", count);
	return 0;
}
